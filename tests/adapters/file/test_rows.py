"""Rows survive their way through a file, whatever is in them."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.adapters.file.content import Style, content_of_many, content_of_one
from crossdock.adapters.file.rows import as_cell

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
OBJECTS = st.lists(st.dictionaries(st.text(), VALUES, max_size=5), max_size=20)


def written(data: list[Any], **style: Any) -> bytes:
    return b"".join(content_of_many(data, Style(**style)).pieces())


def cells(value: Any) -> str:
    """Return what a reader of CSV gets for a value."""
    cell = as_cell(value)
    return "" if cell is None else str(cell)


@given(OBJECTS, st.sampled_from(",;\t|ü"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_csv_is_read_again_as_it_was(data: list[dict[str, Any]], delimiter: str, encoding: str) -> None:
    found = content_of_many(data, Style(ext="csv", delimiter=delimiter, encoding=encoding))
    kept = [row for row in data if row]
    assert set(found.refused) == {place for place, row in enumerate(data) if not row}
    text = b"".join(found.pieces()).decode(encoding)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    assert header == list(dict.fromkeys(name for row in kept for name in row))
    assert rows == [[cells(row.get(name)) for name in header] for row in kept]
    assert found.row_count == len(kept)


@given(st.lists(st.dictionaries(st.text(max_size=3), st.text(), max_size=4), max_size=20))
def test_what_an_encoding_has_not_is_refused_and_the_rest_written(data: list[dict[str, str]]) -> None:
    found = content_of_many(data, Style(ext="csv", encoding="latin-1"))

    def fits(row: dict[str, str]) -> bool:
        return bool(row) and all(ord(char) < 256 for item in row.items() for text in item for char in text)

    kept = [row for row in data if fits(row)]
    assert set(found.refused) == {place for place, row in enumerate(data) if not fits(row)}
    text = b"".join(found.pieces()).decode("latin-1")
    _, *rows = csv.reader(io.StringIO(text, newline=""))
    assert len(rows) == len(kept)
    assert [row for row in found.places if row is not None] == list(range(1, len(kept) + 1))


@given(st.lists(VALUES))
def test_json_and_json_lines_are_read_again_as_they_were(data: list[Any]) -> None:
    assert json.loads(written(data, ext="json")) == data
    lines = gzip.decompress(written(data, ext="jsonl.gz")).split(b"\n")
    assert [json.loads(line) for line in lines[:-1]] == data
    assert lines[-1] == b""


def test_lone_surrogate_is_an_escape_in_json_and_refused_in_csv() -> None:
    data = [{"a": "\ud800"}, {"a": 1}]
    assert written(data, ext="jsonl").splitlines()[0] == b'{"a":"\\ud800"}'
    found = content_of_many(data, Style(ext="csv"))
    assert found.refused[0].details == (("data.a", "has the character '\\ud800', which utf-8 does not have"),)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "\t=1"])
def test_formulas_are_not_altered(text: str) -> None:
    assert written([{"a": text}], ext="csv") == f"a\r\n{text}\r\n".encode()


def test_many_rows_come_in_pieces() -> None:
    found = content_of_many([{"n": n, "text": "é" * 10} for n in range(10_000)], Style(ext="csv"))
    pieces = list(found.pieces())
    assert len(pieces) == 11
    assert b"".join(pieces) == b"".join(found.pieces())


def test_one_message_of_bytes_is_compressed_as_it_is() -> None:
    found = content_of_one(b"\x00\xff", Style(ext="csv.gz"))
    assert gzip.decompress(b"".join(found.pieces())) == b"\x00\xff"
    assert found.row_count is None
