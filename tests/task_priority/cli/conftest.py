from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from task_priority.sandbox import Sandbox
from tests.cli.command import Result, Shell, environment
from tests.cli.warm import Warm


class Owner:
    """Somebody with a home of their own, who types commands.

    Args:
        folder: Where they are; the home is in it.
        shell: Runs the commands.
    """

    def __init__(self, folder: Path, shell: Shell) -> None:
        self.folder, self.home, self._shell = folder, folder / "home", shell
        self.environment = {"TASK_PRIORITY_HOME": str(self.home), "TASK_PRIORITY_KEYRING": "off"}

    def __call__(self, *arguments: str, stdin: str = "") -> Result:
        return self._shell(*arguments, stdin=stdin, env=self.environment)

    def good(self, *arguments: str, stdin: str = "") -> Result:
        result = self(*arguments, stdin=stdin)
        assert result.code == 0, result
        return result

    def anew(self, *arguments: str, **changes: str) -> Result:
        return self._shell.anew(*arguments, env={**self.environment, **changes})

    def in_terminal(self, *arguments: str, **options: Any) -> Result:
        return self._shell.in_terminal(*arguments, env=self.environment, **options)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "task_priority", *arguments],
            cwd=self.folder,
            env=environment(**self.environment, BROWSER="none"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def connect(self, sandbox: Sandbox) -> None:
        self.good("connect", "todoist", "--base", sandbox.todoist_url, stdin=f"{sandbox.token}\n")

    def ranked(self, *arguments: str) -> list[dict[str, Any]]:
        return json.loads(self.good("list", "--json", *arguments).out)["tasks"]  # type: ignore[no-any-return]


@pytest.fixture
def owner(tmp_path: Path, warm: Warm) -> Owner:
    return Owner(tmp_path, Shell(tmp_path, warm, "task_priority"))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(timezone="UTC") as sandbox:
        yield sandbox
