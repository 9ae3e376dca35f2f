"""Reads JSON Lines: a value on each line."""

from __future__ import annotations

from crossdock.adapters.file.reading.json_values import parse
from crossdock.adapters.file.reading.lines import Lines
from crossdock.adapters.file.reading.rows import CHUNK_BYTES, CHUNK_ROWS, BadRow, Chunk, Place, shown
from crossdock.adapters.file.reading.stream import TextBytes


class JsonLines:
    """Reads the lines of a file as JSON values; empty lines are none.

    Args:
        text: At its beginning.
        place: Where to go on; None: at the beginning.
    """

    def __init__(self, text: TextBytes, place: Place | None = None) -> None:
        self._lines = Lines(text)
        self._rows = 0
        if place is not None:
            self._lines.go_to(place)
            self._rows = place.rows

    def read(self) -> Chunk | None:
        """Return the next rows; None: there are no more."""
        lines = self._lines
        chunk = Chunk(begin=self._place(), end=self._place())
        enough = chunk.begin.offset + CHUNK_BYTES
        for line in lines:
            if line.strip() or lines.flaw:
                self._add(chunk, line)
            lines.next_record()
            if self._rows - chunk.begin.rows >= CHUNK_ROWS or lines.offset >= enough:
                break
        chunk.end = self._place()
        return chunk if chunk.end.offset > chunk.begin.offset else None

    def _add(self, chunk: Chunk, line: str) -> None:
        self._rows += 1
        lines = self._lines
        issue = lines.flaw
        if issue is None:
            try:
                chunk.items.append(parse(line.rstrip(" \t\r\n")))
            except ValueError as error:
                issue = str(error)
        if issue is not None:
            chunk.bad.append(BadRow(self._rows, lines.line, (("", issue),), shown(lines.record[0])))

    def _place(self) -> Place:
        return Place(self._rows, self._lines.line, self._lines.offset)
