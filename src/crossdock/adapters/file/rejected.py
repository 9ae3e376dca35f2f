"""Keeps the rows of a file that were set aside, each once, whatever kills us between two of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from crossdock.adapters.file.naming import hidden
from crossdock.adapters.file.reading.rows import BadRow
from crossdock.durable_files import FileSystem, publish


class Rejected:
    """The rows of one file that were set aside: JSON Lines.

    Args:
        path: Where they are kept.
        files: The file system.
    """

    def __init__(self, path: Path, files: FileSystem) -> None:
        self._path = path
        self._files = files
        self.count = 0
        self.first: BadRow | None = None

    def resume(self, rows: int) -> None:
        """Go on behind a row: what stands there of later ones will come again."""
        part = self._path.with_name(hidden(self._path.name))
        if not self._path.exists():
            return
        with self._files.create(part) as file:
            for line in self._kept(rows):
                file.write(line)
                self.count += 1
        publish(self._files, part, self._path)

    def add(self, rows: Sequence[BadRow]) -> None:
        """Keep some more; when this returns they survive a power cut."""
        if not rows:
            return
        is_new = not self._path.exists()
        with self._path.open("ab") as file:
            file.writelines(_line(row) for row in rows)
        self._files.sync(self._path)
        if is_new:
            self._files.sync(self._path.parent)
        self.count += len(rows)
        self.first = self.first or rows[0]

    def _kept(self, rows: int) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            for line in file:
                try:
                    if json.loads(line)["row"] <= rows:
                        yield line
                except ValueError:  # the last one, cut off by a kill
                    return


def _line(row: BadRow) -> bytes:
    document = {
        "row": row.row,
        "line": row.line,
        "field": row.issues[0][0],
        "issue": row.issues[0][1],
        "more": [{"field": field, "issue": issue} for field, issue in row.issues[1:]],
        "given": row.given,
    }
    return json.dumps(document).encode() + b"\n"
