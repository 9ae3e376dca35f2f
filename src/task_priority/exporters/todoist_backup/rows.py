"""The rows of a CSV export: found line by line, so that one that is broken does not take the rest with it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from task_priority.exporters.todoist_backup.files import BadFile

_NEEDED: Final = frozenset({"TYPE", "CONTENT"})
_DELIMITER: Final = re.compile(r'"?TYPE"?(?P<delimiter>[,;\t])', re.IGNORECASE)
_MOST_SHOWN: Final = 1000
_LONGEST_CELL: Final = 131_072
"""The csv module's own limit, which is one for the whole process, so that others may have raised it."""
_TOO_LONG: Final = f"a cell of it is longer than {_LONGEST_CELL} characters; a quote may have no end"
_LAYOUT: Final = "meta"
"""The type of a row about how a project is shown; it has as many cells as it likes."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        line: Where it begins, counted from 1.
        cells: By the names in the header, in capitals, without spaces around them.
    """

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that does not fit the header.

    Attributes:
        line: Where it begins, counted from 1.
        reason: What is wrong.
        cells: What was read of it.
    """

    line: int
    reason: str
    cells: Sequence[str]


def rows_of(data: bytes) -> Iterator[Row | BadRow]:
    """Read the rows of a CSV export, without those that are empty or say how the project is shown.

    Args:
        data: In UTF-8, or in UTF-16 with a byte order mark; separated by commas, semicolons or tabs.

    Raises:
        BadFile: It is no CSV export of Todoist.
    """
    lines = list(io.StringIO(_decoded(data), newline=""))
    match = _DELIMITER.match(lines[0]) if lines else None
    header, start, _ = _record(lines, 0, match["delimiter"] if match else ",")
    names = [name.strip().upper() for name in header]
    if match is None or not _NEEDED.issubset(names):
        raise BadFile(
            "it is no CSV export of Todoist: its first row does not begin with TYPE, or has no CONTENT"
        )
    while start < len(lines):
        cells, end, problem = _record(lines, start, match["delimiter"])
        problem = problem or _problem(cells, names)
        if problem is not None:
            end = start + 1  # a quote may have swallowed good rows
            yield BadRow(start + 1, problem, [cell[:_MOST_SHOWN] for cell in cells[: len(names) + 1]])
        elif any(cells) and cells[0].strip() != _LAYOUT:
            yield Row(start + 1, dict(zip(names, (cell.strip() for cell in cells), strict=True)))
        start = end


def _record(lines: Sequence[str], start: int, delimiter: str) -> tuple[list[str], int, str | None]:
    """Read one record from a line on; return it, the line after it, and why it cannot be read, if it cannot."""
    reader = csv.reader((lines[at] for at in range(start, len(lines))), delimiter=delimiter)
    try:
        cells = next(reader, [])
    except csv.Error:
        return [lines[start]], start + 1, _TOO_LONG
    too_long = any(len(cell) > _LONGEST_CELL for cell in cells)
    return cells, start + max(reader.line_num, 1), _TOO_LONG if too_long else None


def _problem(cells: Sequence[str], names: Sequence[str]) -> str | None:
    if not any(cells) or cells[0].strip() == _LAYOUT or len(cells) == len(names):
        return None
    return f"it has {len(cells)} cells, and the header {len(names)}; a quote or a comma may be missing or too many"


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadFile(f"its text is not in UTF-8 (byte {error.start}): save it as “CSV UTF-8”") from error
