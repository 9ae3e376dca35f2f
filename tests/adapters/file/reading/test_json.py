from __future__ import annotations

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.reading import json_array
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from crossdock.domain.message import encode
from tests.adapters.file.reading.read import issues, read, read_chunks

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("line", "issue"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes at character 2"),
        (b"1 2", "not JSON: Extra data at character 3"),
        (b"NaN", "NaN is no JSON"),
        (b"1e999", "not a JSON value: Out of range float values are not JSON compliant"),
        (b"[" * 100_000, "nested more than 200 deep"),
        (b"9" * 5000, "Exceeds the limit"),
        (b'"\xff"', "byte 0xff, the 2nd of line 2, is not UTF-8"),
    ],
)
def test_bad_line_is_set_aside_and_the_others_are_not(line: bytes, issue: str) -> None:
    good, bad = read(b"1\n" + line + b"\n\n2", "x.jsonl")
    assert good == [1, 2]
    [(row, at, field, found)] = issues(bad)
    assert (row, at, field) == (2, 2, "")
    assert issue in found


def test_lines_go_on_from_any_place() -> None:
    content = gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(2 * CHUNK_ROWS + 904)))
    chunks = read_chunks(content, "x.ndjson.gz")
    assert [len(chunk.items) for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 904]
    assert read_chunks(content, "x.ndjson.gz", chunks[1].begin) == chunks[1:]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("[]", []),
        (" [ ] \n", []),
        ('[1, "a",\n{"b": [2]}, null ]', [1, "a", {"b": [2]}, None]),
        ('{"a": 1}', [{"a": 1}]),
        (" 12.5e1 ", [125.0]),
        ("\ufeff[1]", [1]),
    ],
)
def test_elements_of_an_array_are_rows(content: str, rows: list[Any]) -> None:
    assert read(content, "x.json") == (rows, [])


@pytest.mark.parametrize(
    ("content", "issue"),
    [
        (b"", "the file ends in the middle, at character 1"),
        (b"[1, 2", "the file ends in the middle"),
        (b"[1, 2,", "the file ends in the middle"),
        (b"[1 2]", "expected ',' or ']' behind an element, at character 4"),
        (b"[1,]", "Expecting value, at character 4"),
        (b"[1] 2", "there is more behind the end of the value, at character 5"),
        (b'["\xff"]', "the file has bytes that are not utf-8"),
        (b"[1e999]", "Out of range float"),
        (b"[" * 10_000 + b"]" * 10_000, "nested more than 200 deep"),
        (b"[NaN]", "NaN is no JSON"),
    ],
)
def test_wrong_array_is_the_fault_of_the_file(content: bytes, issue: str) -> None:
    with pytest.raises(FileFault) as caught:
        read(content, "x.json")
    assert issue in caught.value.issue


@given(st.lists(VALUES), st.integers(1, 7))
def test_array_is_read_in_pieces_of_any_size(values: list[Any], size: int) -> None:
    before, json_array._BLOCK = json_array._BLOCK, size  # type: ignore[misc]
    try:
        assert read(json.dumps(values), "x.json") == (values, [])
    finally:
        json_array._BLOCK = before  # type: ignore[misc]


@given(st.lists(VALUES))
def test_every_row_that_is_given_can_be_a_message(values: list[Any]) -> None:
    good, bad = read("\n".join(map(json.dumps, values)), "x.jsonl")
    assert (good, bad) == (values, [])
    for item in good:
        encode(item)


def test_array_goes_on_behind_any_element() -> None:
    content = json.dumps([{"n": n} for n in range(2 * CHUNK_ROWS + 904)])
    chunks = read_chunks(content, "x.json")
    assert [len(chunk.items) for chunk in chunks] == [CHUNK_ROWS, CHUNK_ROWS, 904]
    assert read_chunks(content, "x.json", chunks[0].end) == chunks[1:]


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl", "x.json"])
def test_memory_does_not_grow_with_the_file(name: str, tmp_path: Any) -> None:
    path = tmp_path / name
    write_rows(path, 80_000)
    from crossdock.adapters.file.reading.formats import Reading

    with path.open("rb") as file:
        tracemalloc.start()
        reader = Reading().reader(file, name)
        rows = 0
        while chunk := reader.read():
            rows += len(chunk.items)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert rows == 80_000
    assert path.stat().st_size > 8_000_000
    assert peak < 4_500_000


def write_rows(path: Any, count: int) -> None:
    """Write a file of many rows."""
    begin, row, between, end = {
        ".csv": ("id,name\n", "{n},name {n} of {many}\n", "", ""),
        ".jsonl": ("", '{{"id": {n}, "name": "{many}"}}\n', "", ""),
        ".json": ("[", '{{"id": {n}, "name": "{many}"}}', ",", "]"),
    }[path.suffix]
    rows = (row.format(n=n, many=90 * "m") for n in range(count))
    path.write_text(begin + between.join(rows) + end)


@pytest.mark.parametrize(
    ("content", "issue"),
    [
        (b"", "the file is empty"),
        (b"plain text", "damaged, or no gzip file"),
        (gzip.compress(b"a\n1\n", mtime=0)[:-9], "the file ends in the middle"),
        (gzip.compress(b"a\n1\n", mtime=0)[:-3] + b"xyz", "damaged"),
        (gzip.compress(b"a\n1\n", mtime=0) + b"garbage", "damaged"),
    ],
)
def test_bad_gzip_is_the_fault_of_the_file(content: bytes, issue: str) -> None:
    with pytest.raises(FileFault) as caught:
        read(content, "x.csv.gz")
    assert caught.value.check == "gzip"
    assert issue in caught.value.issue


def test_gzip_of_several_members_is_one_text() -> None:
    assert read(gzip.compress(b"a\n1", mtime=0) + gzip.compress(b"2\n3\n", mtime=0), "x.csv.gz") == (
        [{"a": "12"}, {"a": "3"}],
        [],
    )


@pytest.mark.parametrize(
    ("name", "content", "data"),
    [
        ("x.json", b'{"a": [1]}', {"a": [1]}),
        ("x.json.gz", gzip.compress(b"[1, 2]", mtime=0), [1, 2]),
        ("x.csv", b"a,b\n1,2\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]),
        ("x.jsonl", b"1\n2\n", [1, 2]),
        ("x.pdf", b"%PDF\x00\xff", b"%PDF\x00\xff"),
        ("x.pdf.gz", b"anything", b"anything"),
        ("empty", b"", b""),
    ],
)
def test_whole_file_is_one_message(name: str, content: bytes, data: Any) -> None:
    [chunk] = read_chunks(content, name, split="file")
    assert (chunk.items, chunk.end.rows) == ([data], 1)
    assert read_chunks(content, name, chunk.end, split="file") == []


def test_whole_file_with_a_bad_row_is_no_message() -> None:
    with pytest.raises(FileFault) as caught:
        read("a,b\n1,2\n3\n", split="file")
    assert (caught.value.check, "row 2, on line 3: b: the row has 1 field" in caught.value.issue) == (
        "rows",
        True,
    )


def test_whole_file_larger_than_a_message_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossdock.adapters.file.reading.formats.MAX_DATA_BYTES", 10)
    for name, content in (
        ("x.bin", b"0" * 11),
        ("x.json", b'"0123456789"'),
        ("x.csv", b"a\n" + b"1234\n" * 3),
    ):
        with pytest.raises(FileFault, match="more than 10 bytes"):
            read(content, name, split="file")


def test_file_whose_name_tells_no_format_has_no_rows() -> None:
    with pytest.raises(FileFault, match="does not tell what its rows are"):
        read("a\n1\n", "x.dat")
    assert read("a\n1\n", "x.dat", format="csv") == ([{"a": "1"}], [])
