"""Reads bytes as a file would be read."""

from __future__ import annotations

import io
from typing import Any

from crossdock.adapters.file.reading.formats import Reading
from crossdock.adapters.file.reading.rows import BadRow, Chunk, Place, Wanted
from crossdock.adapters.file.tree import BUFFER_BYTES


def read(content: bytes | str, name: str = "x.csv", **how: Any) -> tuple[list[Any], list[BadRow]]:
    """Return good and bad rows."""
    chunks = read_chunks(content, name, **how)
    return [item for chunk in chunks for item in chunk.items], [row for chunk in chunks for row in chunk.bad]


def read_chunks(
    content: bytes | str,
    name: str = "x.csv",
    place: Place | None = None,
    *,
    wanted: Wanted = Wanted.VALUES,
    buffer: int = BUFFER_BYTES,
    **how: Any,
) -> list[Chunk]:
    """Return all chunks behind a place; ``buffer`` bytes are read at a time."""
    content = content.encode() if isinstance(content, str) else content
    file = io.BufferedReader(io.BytesIO(content), buffer)  # type: ignore[arg-type]
    reader = Reading(**how).reader(file, name, place, wanted)
    return list(iter(reader.read, None))


def issues(bad: list[BadRow]) -> list[tuple[int, int | None, str, str]]:
    """Return row, line, field and issue of each bad row."""
    return [(row.row, row.line, *row.issues[0]) for row in bad]
