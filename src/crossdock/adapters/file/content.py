"""What a file holds for some messages: its bytes, in pieces, and where each message is in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crossdock.adapters.file import encoding
from crossdock.adapters.file.naming import Ext
from crossdock.adapters.file.rows import Rows, csv_rows, json_rows
from crossdock.domain.errors import InvalidMessage

Pieces: TypeAlias = Callable[[], Iterator[bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How rows are written; the last three are of CSV."""

    ext: Ext
    columns: Sequence[str] | None = None
    delimiter: str = ","
    encoding: str = "utf-8"

    @property
    def format(self) -> str:
        """The format without its compression."""
        return self.ext.removesuffix(".gz")


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file that could be written.

    Attributes:
        pieces: Gives the bytes, from the beginning each time.
        row_count: None: nobody knows, for the bytes are somebody else's.
        places: For each message the row, from 1, at which it begins; None: it was refused.
        refused: By place of the message, from 0. If all were, there is nothing to write.
    """

    pieces: Pieces
    row_count: int | None
    places: Sequence[int | None]
    refused: Mapping[int, InvalidMessage] = field(default_factory=dict)


def content_of_many(data: Sequence[Any], style: Style) -> FileContent:
    """Return a file with a row for the data of each message."""
    is_csv = style.format == "csv"
    rows = csv_rows(data, columns=style.columns, encoding=style.encoding) if is_csv else json_rows(data)
    return FileContent(_pieces(rows, style), len(rows.values), rows.places, rows.refused)


def content_of_one(data: Any, style: Style) -> FileContent:
    """Return the file of one message: bytes as they are, the rows of an array, JSON as it is."""
    if isinstance(data, bytes):
        return FileContent(lambda: _packed([data], style), None, [1])
    if style.format == "json":
        count = len(data) if isinstance(data, list) else 1
        return FileContent(lambda: _packed(encoding.one_json(data), style), count, [1])
    if not isinstance(data, list):
        return content_of_many([data], style)
    many = content_of_many(data, style)
    if many.refused:
        place, error = next(iter(many.refused.items()))
        details = [(f"data[{place}]{field[len('data') :]}", issue) for field, issue in error.details]
        refusal = InvalidMessage("; ".join(f"{field}: {issue}" for field, issue in details), details)
        return FileContent(many.pieces, 0, [None], {0: refusal})
    return FileContent(many.pieces, many.row_count, [1])


def _pieces(rows: Rows, style: Style) -> Pieces:
    match style.format:
        case "csv":
            return lambda: _packed(
                encoding.csv_pieces(
                    rows.columns, rows.values, delimiter=style.delimiter, encoding=style.encoding
                ),
                style,
            )
        case "jsonl":
            return lambda: _packed(encoding.jsonl_pieces(rows.values), style)
        case _:
            return lambda: _packed(encoding.json_pieces(rows.values), style)


def _packed(pieces: Iterable[bytes], style: Style) -> Iterator[bytes]:
    return encoding.compressed(pieces) if style.ext.endswith(".gz") else iter(pieces)
