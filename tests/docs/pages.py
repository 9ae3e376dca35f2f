"""Reads the documents: which pages there are, and the blocks of code in them.

What a fence says decides what becomes of its block:

- ``python`` is executed; the blocks of one page share their names and a fresh folder. With ``title="worker.py"``
  the block, of whatever language, is written to a file of that name instead.
- ``console``: each line after ``$`` is executed in that folder; what stands below it is what it prints.
- ``sh`` is executed as a script.
- ``output`` is what the block above it prints. ``…`` stands for anything, a line of its own for any lines.
- ``toml`` is read as a configuration, ``sql`` is prepared on an empty store.

A comment ``<!-- not run: why -->`` above a block leaves it alone; ``<!-- python … -->`` is executed and not shown.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^(?P<indent>\s*)(?P<ticks>`{3,})(?P<info>[^`]*)$")
_TITLE = re.compile(r'title="([^"]+)"')
_REASON = re.compile(r"^\s*<!-- not run: (.+?) -->\s*$")
_HIDDEN = re.compile(r"^\s*<!-- python\s*$")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of code.

    Attributes:
        page: Its file, from the root of the repository.
        line: The number of its first line of code, from 1.
        title: The file that it is the content of.
        reason: Why it is not executed.
    """

    page: str
    line: int
    language: str
    text: str
    title: str | None = None
    reason: str | None = None


def pages() -> list[Path]:
    """Return the files whose blocks are checked: the README and all documents."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def name_of(page: Path) -> str:
    """Return a page's path from the root of the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    return list(_blocks(name_of(page), page.read_text(encoding="utf-8").splitlines()))


def prose_of(page: Path) -> str:
    """Return a page without its blocks and comments."""
    text = re.sub(r"<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"^(\s*)(`{3,}).*?^\1\2\s*$", "", text, flags=re.DOTALL | re.MULTILINE)


def _blocks(page: str, lines: Sequence[str]) -> Iterator[Block]:
    at, reason = 0, None
    while at < len(lines):
        line = lines[at]
        if found := _FENCE.match(line):
            end = _end(lines, at, found["indent"] + found["ticks"])
            info, title = found["info"].strip(), _TITLE.search(found["info"])
            text = textwrap.dedent("\n".join(lines[at + 1 : end])) + "\n"
            yield Block(page, at + 2, info.partition(" ")[0], text, title[1] if title else None, reason)
            at, reason = end, None
        elif _HIDDEN.match(line):
            end = _end(lines, at, "-->")
            yield Block(page, at + 2, "python", "\n".join(lines[at + 1 : end]) + "\n")
            at = end
        elif found := _REASON.match(line):
            reason = found[1]
        elif line.strip():
            reason = None
        at += 1


def _end(lines: Sequence[str], start: int, closing: str) -> int:
    for at in range(start + 1, len(lines)):
        if lines[at].rstrip() == closing.rstrip():
            return at
    raise ValueError(f"line {start + 1}: the block is never closed")
