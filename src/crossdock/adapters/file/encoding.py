"""Rows as the bytes of a file, in pieces, so that a file of any size needs the memory of one."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from crossdock.domain.message import encode_json

_PIECE_ROWS: Final = 1000
_GZIP: Final = zlib.MAX_WBITS + 16
"""Tells zlib to write a gzip file, whose head names neither a time nor a file, so that equal rows are equal bytes."""
_LEVEL: Final = 6


def csv_pieces(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, delimiter: str, encoding: str
) -> Iterator[bytes]:
    """Write CSV: a header, a field in quotes where it must be, lines that end in CR LF.

    Cells that a spreadsheet would take for a formula are written as they are: whoever reads the file must get what was
    sent.

    Source: RFC 4180.
    """
    encode = codecs.getincrementalencoder(encoding)().encode
    yield encode(_csv_text([columns], delimiter))
    for start in range(0, len(rows), _PIECE_ROWS):
        yield encode(_csv_text(rows[start : start + _PIECE_ROWS], delimiter))


def json_pieces(values: Sequence[Any]) -> Iterator[bytes]:
    """Write a JSON array, a value to a line."""
    yield b"["
    for number, value in enumerate(values):
        yield (b",\n" if number else b"\n") + encode_json(value, field="data").encode()
    yield b"\n]\n"


def jsonl_pieces(values: Iterable[Any]) -> Iterator[bytes]:
    """Write JSON Lines."""
    for value in values:
        yield encode_json(value, field="data").encode() + b"\n"


def one_json(value: Any) -> Iterator[bytes]:
    """Write one JSON value."""
    yield encode_json(value, field="data").encode() + b"\n"


def compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Compress by gzip."""
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        yield packer.compress(piece)
    yield packer.flush()


def _csv_text(rows: Iterable[Iterable[Any]], delimiter: str) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()
