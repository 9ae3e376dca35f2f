from __future__ import annotations

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.adapters.file.reading.csv_rows import Dialect
from crossdock.adapters.file.reading.rows import CHUNK_ROWS, BadRow, Place, Wanted
from crossdock.domain.json_texts import JsonTexts, encode_records
from crossdock.domain.message import encode_json
from tests.adapters.file.reading.read import read_chunks

NO_LINE_FITS = 1
"""With a buffer of one byte every row is read on its own."""
LINES = [
    b"1,2", b'3,"4"', b'"5\n6",7', b"", b"\r", b"8,9\r", b"5", b'"', b'a","b', b"\xff,9", b"x\ry,1", b"\xc3\xa9,\x7f",
    b'"",""', b" , ", b"1,2,3", b"a\x00,b", "\x85,\u2028".encode(),
]  # fmt: skip
FILES = st.lists(st.sampled_from(LINES), max_size=30).map(lambda lines: b"a,b\n" + b"\n".join(lines))


def everything(content: bytes, **how: Any) -> tuple[list[Any], list[BadRow], Place]:
    """Return all that a reader says of a file."""
    chunks = read_chunks(content, **how)
    items = [item for chunk in chunks for item in chunk.items]
    return items, [row for chunk in chunks for row in chunk.bad], chunks[-1].end if chunks else Place()


@given(FILES, st.sampled_from([8, 64, 4096]), st.sampled_from(['"', None]))
def test_rows_read_together_are_those_read_one_by_one(content: bytes, buffer: int, quote: str | None) -> None:
    how = {"dialect": Dialect(quote=quote)}
    assert everything(content, buffer=buffer, **how) == everything(content, buffer=NO_LINE_FITS, **how)


@given(FILES, st.sampled_from(['"', None]))
def test_texts_and_number_of_rows_agree_with_their_values(content: bytes, quote: str | None) -> None:
    how = {"dialect": Dialect(quote=quote)}
    items, bad, end = everything(content, **how)
    texts = everything(content, wanted=Wanted.TEXTS, **how)
    assert texts == ([encode_json(item, field="data") for item in items], bad, end)
    assert everything(content, wanted=Wanted.NUMBER, **how)[2] == end


@given(
    st.lists(st.lists(st.text(), min_size=2, max_size=2)),
    st.sampled_from([("a", "b"), ("%s", 'é"'), ("", "\x7f")]),
)
def test_records_are_encoded_as_objects_are(records: list[list[str]], names: tuple[str, str]) -> None:
    wanted = [encode_json(dict(zip(names, record, strict=True)), field="data") for record in records]
    assert encode_records(names, records) == JsonTexts(wanted)


@pytest.mark.parametrize("line", [b"1,2\n", b'"1",2\n', "é,2\n".encode()])
@pytest.mark.parametrize("pack", [False, True])
def test_a_chunk_has_so_many_rows_and_the_next_goes_on_behind_them(line: bytes, *, pack: bool) -> None:
    content = b"a,b\n" + line * (2 * CHUNK_ROWS + 1)
    name = "x.csv.gz" if pack else "x.csv"
    chunks = read_chunks(gzip.compress(content) if pack else content, name)
    assert [len(chunk.items) for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 1]
    assert [chunk.end.offset for chunk in chunks] == [
        4 + CHUNK_ROWS * len(line), 4 + 2 * CHUNK_ROWS * len(line), len(content),
    ]  # fmt: skip
    assert chunks[-1].end.lines == 2 * CHUNK_ROWS + 2


def test_one_bad_row_among_many_is_set_aside_by_its_number_and_line() -> None:
    lines = [b"1,2\n"] * 5000
    lines[3000] = b"only one\n"
    [bad] = [row for chunk in read_chunks(b"a,b\n" + b"".join(lines)) for row in chunk.bad]
    assert (bad.row, bad.line, bad.given) == (3001, 3002, "only one")
