"""Lines of a file that a program is writing at this moment."""

from __future__ import annotations

from pathlib import Path


def whole_lines(path: Path) -> list[str]:
    """Return the lines that are written to their end; none if there is no file yet.

    Even a line of one write can be found half written, where it goes over the border of two pages.
    """
    if not path.exists():
        return []
    *lines, _unfinished = path.read_text(encoding="utf-8").split("\n")
    return lines
