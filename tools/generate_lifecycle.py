"""Makes ``docs/explanation/lifecycle.md`` from the table of moves in ``crossdock.domain.lifecycle``.

``--check`` writes nothing and fails if the page is not what would be made.
"""

from __future__ import annotations

import sys
from pathlib import Path

from crossdock.domain.lifecycle import MOVES, FailureCode, Move, Status

PAGE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "lifecycle.md"

INTRODUCTION = """\
# The lifecycle of a message

<!-- Made from src/crossdock/domain/lifecycle.py by tools/generate_lifecycle.py. Do not edit. -->

A message has one status at each app that receives it. Every change is one of the moves below; the database refuses any
other, also to programs that are not Crossdock. A single failed attempt is no failure: it leads back to `pending`.
"""


def main() -> int:
    """Make or check the page."""
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print("docs/explanation/lifecycle.md is not up to date; run: python tools/generate_lifecycle.py")
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


def page() -> str:
    """Return the text of the page."""
    return f"{INTRODUCTION}\n{diagram()}\n\n## The moves\n\n{table()}\n\n## Why a message failed\n\n{codes()}"


def diagram() -> str:
    """Return the statuses and the moves between them, as Mermaid draws them."""
    lines = ["```mermaid", "stateDiagram-v2"]
    joined: dict[tuple[str, str], list[str]] = {}
    for move in MOVES:
        joined.setdefault((_name(move.before), _name(move.after)), []).append(move.verb)
    lines += [f"    {before} --> {after}: {', '.join(verbs)}" for (before, after), verbs in joined.items()]
    return "\n".join([*lines, "```"])


def table() -> str:
    """Return a row per move."""
    rows = [_row(move) for move in MOVES]
    return "\n".join(["| verb | from | to | meaning |", "| --- | --- | --- | --- |", *rows])


def codes() -> str:
    """Return the codes of failures; each is explained on the page of errors."""
    names = ", ".join(f"`{code}`" for code in FailureCode)
    return (
        f"`error.code` is one of {names}; [errors and codes](../reference/errors.md) says what each means.\n"
    )


def _row(move: Move) -> str:
    return f"| `{move.verb}` | {_cell(move.before)} | {_cell(move.after)} | {move.meaning} |"


def _cell(status: Status | None) -> str:
    return "" if status is None else f"`{status}`"


def _name(status: Status | None) -> str:
    return "[*]" if status is None else status


if __name__ == "__main__":
    sys.exit(main())
