"""Executes the blocks of one page in the current folder, as a reader would. A program: ``run_page.py BLOCKS.json``."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PATIENCE_S = 60.0
VARYING = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\b\d+ (ms|s|min) ago\b"), "<ago>"),
    (re.compile(r" {2,}"), " "),
)
REMEMBERED = """\
[ ! -e {state} ] || . {state}
{command}
code=$?
{{ export -p; printf 'cd %q\\n' "$PWD"; }} > {state}
exit $code
"""


class WrongOutput(AssertionError):
    """A block printed something else than its page says."""


def main(arguments: Sequence[str]) -> int:
    """Execute all blocks; print what went wrong and where, if anything did."""
    blocks: list[dict[str, Any]] = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = ""
    for block in blocks:
        try:
            if block["language"] == "output":
                compare(block["text"], printed)
            elif block["title"]:
                write(block)
            else:
                printed = execute(block, names)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the reader would see it
            sys.stderr.write(f"{block['page']}:{block['line']}: {_explain(error)}\n")
            return 1
    return 0


def write(block: dict[str, Any]) -> None:
    """Make the file that a block is the content of."""
    path = Path(block["title"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block["text"], encoding="utf-8")


def execute(block: dict[str, Any], names: dict[str, Any]) -> str:
    """Execute one block and return what it printed."""
    match block["language"]:
        case "python":
            out = io.StringIO()
            code = compile("\n" * (block["line"] - 1) + block["text"], block["page"], "exec")
            with contextlib.redirect_stdout(out):
                exec(code, names)  # noqa: S102 - the documents' own code
            return out.getvalue()
        case "console":
            for command, expected in commands(block["text"]):
                printed = run(command)
                if expected.strip():
                    compare(expected, printed)
            return ""
        case _:
            return run(block["text"])


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Give each command of a console block, and what the page says that it prints."""
    command, expected, open_ended = "", "", False
    for line in text.splitlines():
        if open_ended or line.startswith("$ "):
            if not open_ended:
                if command:
                    yield command, expected
                command, expected = "", ""
            command += line.removeprefix("$ ") + "\n"
            open_ended = line.endswith("\\")
        else:
            expected += line + "\n"
    if command:
        yield command, expected


def run(command: str) -> str:
    """Execute a command of the shell; it must succeed. What it exports, and where it goes, is kept for the next."""
    done = subprocess.run(
        ["bash", "-c", REMEMBERED.format(command=command, state=shlex.quote(os.environ["READER_STATE"]))],  # noqa: S607 - the shell as the reader has it
        capture_output=True, text=True, timeout=PATIENCE_S, check=False, env=environment(),
    )  # fmt: skip
    if done.returncode:
        raise WrongOutput(
            f"exit code {done.returncode} of: {command.strip()}\n{done.stdout}{done.stderr}".rstrip()
        )
    return done.stdout


def environment() -> dict[str, str]:
    """Return the environment of a reader's shell: this Python first, a wide terminal, no settings of ours."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CROSSDOCK_", "PYTEST_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {**kept, "PATH": path, "COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}


def compare(expected: str, printed: str) -> None:
    """Make sure that something was printed as the page says; ``…`` stands for anything, an id for any id."""
    pattern = "".join(_pattern(line) for line in _tidy(expected).splitlines())
    if not re.fullmatch(pattern, _tidy(printed) + "\n"):
        raise WrongOutput(f"the page says\n{_tidy(expected)}\nbut it prints\n{_tidy(printed)}")


def _pattern(line: str) -> str:
    return r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n"


def _tidy(text: str) -> str:
    """Leave out what differs each time: ids, ages, and the width of columns."""
    for pattern, word in VARYING:
        text = pattern.sub(word, text)
    return "\n".join(line.strip() for line in text.strip("\n").splitlines())


def _explain(error: BaseException) -> str:
    if isinstance(error, WrongOutput):
        return str(error)
    return "".join(traceback.format_exception(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
