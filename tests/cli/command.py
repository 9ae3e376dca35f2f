"""Runs the real command, as a shell would: in pipes, or in a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.warm import Warm

COMMAND = (sys.executable, "-m", "crossdock")
TIME_LIMIT_S = 60.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def without_library(name: str, folder: Path) -> dict[str, str]:
    """Return what to change in the environment so that a new process does not find a library.

    Args:
        name: Of the module.
        folder: Where a file is written for that.
    """
    hidden = folder / "hidden"
    hidden.mkdir(exist_ok=True)
    words = f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')\n"
    (hidden / f"{name}.py").write_text(words, encoding="utf-8")
    return {"PYTHONPATH": str(hidden)}


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def json_lines(self) -> list[Any]:
        """The JSON Lines on standard output."""
        return [json.loads(line) for line in self.out.splitlines()]


def environment(**changes: str) -> dict[str, str]:
    """Return an environment in which nothing speaks to the command but what the test says."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CROSSDOCK_", "TASK_PRIORITY_", "TODOIST_")) and name != "NO_COLOR"
    }
    return {**kept, "TZ": "UTC", "COLUMNS": "", "TERM": "xterm", **changes}


class Shell:
    """A folder to run the command in.

    Args:
        package: Whose command.
    """

    def __init__(self, folder: Path, warm: Warm, package: str = "crossdock") -> None:
        self.folder = folder
        self._warm = warm
        self._package = package
        self._command = (*COMMAND[:-1], package)

    def __call__(
        self, *arguments: str, stdin: str | bytes = "", env: Mapping[str, str] | None = None
    ) -> Result:
        """Run the command with everything piped, forked from a process that has imported it already."""
        code, out, err = self._warm.run(
            arguments,
            package=self._package,
            folder=self.folder,
            env=environment(**(env or {})),
            stdin=stdin.encode() if isinstance(stdin, str) else stdin,
            timeout_s=TIME_LIMIT_S,
        )
        return Result(code, out.decode(), err.decode())

    def anew(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run the command as a new process, from the start of the interpreter on."""
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=self.folder,
            env=environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIME_LIMIT_S,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def good(self, *arguments: str, **options: Any) -> Result:
        """Run a command that must succeed."""
        result = self(*arguments, **options)
        assert result.code == 0, result
        return result

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        """Start the command and leave it running."""
        return subprocess.Popen([*self._command, *arguments], cwd=self.folder, env=environment(), **options)

    def in_terminal(
        self,
        *arguments: str,
        answer: str = "",
        columns: int = 100,
        env: Mapping[str, str] | None = None,
        when: tuple[str, Callable[[int], None]] | None = None,
    ) -> Result:
        """Run the command in a terminal; both streams come out as one.

        Args:
            arguments: Of the command.
            answer: Typed when a question (``[y/N]``) is asked.
            columns: How wide the terminal is.
            env: Changes to the environment.
            when: Some text, and what to do with the process (its id) once the text was shown.
        """
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(
            [*self._command, *arguments],
            cwd=self.folder,
            env=environment(**(env or {})),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown = _converse(ours, process, answer, when)
        return Result(process.wait(timeout=TIME_LIMIT_S), shown.replace("\r\n", "\n"), "")


def without_colour(text: str) -> str:
    """Return text without the escapes that colour it."""
    return _ESCAPES.sub("", text)


def interrupt(process_id: int) -> None:
    """Do what Ctrl-C does."""
    os.kill(process_id, signal.SIGINT)


def _converse(
    terminal: int,
    process: subprocess.Popen[bytes],
    answer: str,
    when: tuple[str, Callable[[int], None]] | None,
) -> str:
    """Read all that is shown, and answer; ends when nobody has the terminal any more."""
    shown, deadline = b"", time.monotonic() + TIME_LIMIT_S
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                more = os.read(terminal, 65536)
            except OSError:  # Linux says so at the end
                break
            if not more:
                break
            shown += more
            if answer and b"[y/N]" in shown:
                os.write(terminal, answer.encode())
                answer = ""
            if when is not None and when[0].encode() in shown:
                when[1](process.pid)
                when = None
    finally:
        os.close(terminal)
        if process.poll() is None and time.monotonic() >= deadline:
            process.kill()
    return shown.decode()
