"""Reads bytes as a file would be read."""

from __future__ import annotations

import io
from typing import Any

from crossdock.adapters.file.reading.formats import Reading
from crossdock.adapters.file.reading.rows import BadRow, Chunk, Place


def read(content: bytes | str, name: str = "x.csv", **how: Any) -> tuple[list[Any], list[BadRow]]:
    """Return good and bad rows."""
    chunks = read_chunks(content, name, **how)
    return [item for chunk in chunks for item in chunk.items], [row for chunk in chunks for row in chunk.bad]


def read_chunks(
    content: bytes | str, name: str = "x.csv", place: Place | None = None, **how: Any
) -> list[Chunk]:
    """Return all chunks behind a place."""
    content = content.encode() if isinstance(content, str) else content
    reader = Reading(**how).reader(io.BufferedReader(io.BytesIO(content)), name, place)  # type: ignore[arg-type]
    return list(iter(reader.read, None))


def issues(bad: list[BadRow]) -> list[tuple[int, int | None, str, str]]:
    """Return row, line, field and issue of each bad row."""
    return [(row.row, row.line, *row.issues[0]) for row in bad]
