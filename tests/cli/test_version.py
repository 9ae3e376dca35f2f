from __future__ import annotations

import subprocess
import sys

import pytest

from crossdock import __version__
from tests.cli.command import Shell, environment

SLOW_TO_IMPORT = {"typer", "rich", "pydantic", "sqlalchemy", "sqlite3", "pysqlite3", "logging", "inspect"}


@pytest.mark.parametrize(
    "arguments", [["--version"], ["version"], ["--store", "sqlite:///x.db", "--version"]]
)
def test_the_version_is_told(shell: Shell, arguments: list[str]) -> None:
    assert shell.anew(*arguments).out == f"crossdock {__version__}\n"


def test_nothing_slow_is_imported_for_it() -> None:
    program = (
        "import sys; sys.argv[1:] = ['--version']; from crossdock.cli.main import main; main();"
        f"print(sorted({SLOW_TO_IMPORT!r} & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
