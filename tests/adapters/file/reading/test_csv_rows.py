from __future__ import annotations

import csv
import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.reading.csv_rows import Dialect
from crossdock.adapters.file.reading.lines import LONGEST_RECORD
from crossdock.adapters.file.reading.rows import CHUNK_ROWS
from tests.adapters.file.reading.read import issues, read, read_chunks

NEVER_CLOSED = "a quote is opened and never closed"
BEHIND_QUOTE = "a closing quote is followed by neither a delimiter nor the end of the line"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"", []),
        (b"a,b\n", []),
        (b"a,b", []),
        (b"\n\na,b\n\n1,2\n\n\n3,4", [("1", "2"), ("3", "4")]),
        (b"a,b\r\n1,2\r\n", [("1", "2")]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [("1", "2")]),
        ("\ufeffa,b\n1,ö\n".encode("utf-16-le"), [("1", "ö")]),
        ("\ufeffa,b\n1,ö\n".encode("utf-16-be"), [("1", "ö")]),
        ("\ufeffa,b\n1,ö\n".encode("utf-32-le"), [("1", "ö")]),
        (b'a,b\n"1","x""y"\n', [("1", 'x"y')]),
        (b'a,b\n"line 1\nline 2",2\n3,4\n', [("line 1\nline 2", "2"), ("3", "4")]),
        (b'a,b\n5" pipe,2\n', [('5" pipe', "2")]),
        (b"a,b\n1\x00,2\n", [("1\x00", "2")]),
        (b"a,b\n,\n", [("", "")]),
        (b"a,b\n 1 , 2\n", [(" 1 ", " 2")]),
        ("a,b\n1,\u2028\x85\n".encode(), [("1", "\u2028\x85")]),
        (b'a,b\n1,"' + b"x" * 1_000_000 + b'"\n', [("1", "x" * 1_000_000)]),
        (b'a,b\n1,"' + b"x\n" * 500_000 + b'"\n', [("1", "x\n" * 500_000)]),
    ],
)
def test_rows_are_read_as_they_are(content: bytes, rows: list[tuple[str, str]]) -> None:
    good, bad = read(content)
    assert bad == []
    assert good == [{"a": a, "b": b} for a, b in rows]


@pytest.mark.parametrize(
    ("content", "kept", "found"),
    [
        ("a,b\n1,2\n3\n4,5\n", ["1", "4"], (2, 3, "b", "the row has 1 field for 2 columns")),
        ("a,b\n1,2,3\n4,5\n", ["4"], (1, 2, "", "the row has 3 fields for 2 columns")),
        ('a,b\n1,"2\n3,4\n5,6\n', ["3", "5"], (1, 2, "", NEVER_CLOSED)),
        ('a,b\n1,2\n3,"4', ["1"], (2, 3, "", NEVER_CLOSED)),
        ('a,b\n1,"2\n3,4\n5,"6"\n', ["3", "5"], (1, 2, "", BEHIND_QUOTE)),
        ('a,b\n1,"2"3\n4,5\n', ["4"], (1, 2, "", BEHIND_QUOTE)),
        (
            "a,b\n1,2\r3,4\n5,6\n",
            ["5"],
            (1, 2, "", "a carriage return stands alone: lines end in LF or CR LF"),
        ),
    ],
)
def test_bad_row_is_set_aside_and_the_others_are_not(
    content: str, kept: list[str], found: tuple[int, int, str, str]
) -> None:
    good, bad = read(content)
    assert [row["a"] for row in good] == kept
    assert issues(bad) == [found]


def test_undecodable_bytes_name_their_column() -> None:
    good, bad = read("a,b\n1,é\n2,3\n".encode("latin-1"))
    assert good == [{"a": "2", "b": "3"}]
    [(row, line, field, issue)] = issues(bad)
    assert (row, line, field) == (1, 2, "b")
    assert issue.startswith("byte 0xe9, the 3rd of line 2, is not UTF-8")
    assert bad[0].given == "1,\\xe9"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "shift_jis", "utf-16", "iso2022_jp", "utf-8-sig"])
def test_declared_encoding_is_used(encoding: str) -> None:
    text = "a,b\n1,é\n" if encoding in {"latin-1", "cp1252"} else "a,b\n1,日本\n"
    assert read(text.encode(encoding), encoding=encoding) == ([{"a": "1", "b": text[6:-1]}], [])


def test_bytes_that_are_not_of_the_declared_encoding_set_their_row_aside() -> None:
    content = "a,b\n1,日本\n".encode("shift_jis") + b"2,\xff\xff\n3,4\n"
    good, bad = read(content, encoding="shift_jis")
    assert [row["a"] for row in good] == ["1", "3"]
    assert issues(bad) == [(2, 3, "b", "line 3 has bytes that are not shift_jis")]


def test_utf_16_that_ends_in_the_middle_of_a_letter_sets_the_last_row_aside() -> None:
    good, bad = read("\ufeffa,b\n1,2\n3,4".encode("utf-16-le") + b"5")
    assert [row["a"] for row in good] == ["1"]
    assert [row.row for row in bad] == [2]


def test_declared_encoding_beats_a_byte_order_mark() -> None:
    good, _ = read(b"\xff\xfe,b\n1,2\n", encoding="latin-1")
    assert good == [{"ÿþ": "1", "b": "2"}]


def test_dialect_is_followed() -> None:
    dialect = Dialect(delimiter=";", quote="'", columns=("x", "y"))
    assert read("1;'a;b'\n", dialect=dialect) == ([{"x": "1", "y": "a;b"}], [])
    assert read('1,"2\n', dialect=Dialect(quote=None, columns=("x", "y"))) == ([{"x": "1", "y": '"2'}], [])


@pytest.mark.parametrize(
    ("content", "issue"),
    [
        (b"a,b,a\n1,2,3\n", "the column 'a' is there twice: it is the 1st and the 3rd"),
        (b'"a,b\n1,2\n', "line 1: a quote is opened and never closed"),
        (b"a,\xe9\n1,2\n", "byte 0xe9"),
        (b"a,b\r1,2\r", "line 1: a carriage return stands alone"),
    ],
)
def test_bad_header_is_the_fault_of_the_file(content: bytes, issue: str) -> None:
    with pytest.raises(FileFault) as caught:
        read(content)
    assert caught.value.check == "header"
    assert issue in caught.value.issue


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [("a;b", ";"), ("a\tb", "\t"), ("a|b", "|"), ('"a";"b"', ";"), ("a;b\r", ";")],
)
def test_header_that_another_delimiter_parts_is_refused_with_the_setting(header: str, delimiter: str) -> None:
    content = f"{header}\n1{delimiter}2\n"
    with pytest.raises(FileFault) as caught:
        read(content)
    assert caught.value.check == "header"
    assert repr(delimiter) in caught.value.issue
    assert f"delimiter = {json.dumps(delimiter)}" in caught.value.advice
    assert read(content, dialect=Dialect(delimiter=delimiter))[1] == []


@pytest.mark.parametrize("header", ["a", '"a;b"', "a b", "a:b"])
def test_lone_column_is_read(header: str) -> None:
    good, bad = read(f"{header}\n1\n")
    assert (list(good[0].values()), bad) == (["1"], [])


def test_comma_that_was_asked_for_reads_a_lone_column_with_a_semicolon() -> None:
    assert read("a;b\n1;2\n", dialect=Dialect(delimiter=",")) == ([{"a;b": "1;2"}], [])


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_lone_carriage_returns_are_named_with_advice_that_helps(rows: int) -> None:
    with pytest.raises(FileFault) as caught:
        read(b"a,b\r" + b"1,2,three\r" * rows)
    assert caught.value.issue == "line 1: a carriage return stands alone: lines end in LF or CR LF"
    assert caught.value.advice == "write the file anew with LF or CR LF at the end of each line"


def test_quote_that_is_never_closed_swallows_nothing_and_costs_no_eternity() -> None:
    tail = 'a","b\n' * 30_000  # inside quotes as outside, each line leaves a quote open
    good, bad = read('a,b\n1,2\nx","\n' + tail + "3,4\n")
    assert [row["a"] for row in good] == ["1", "3"]
    assert len(bad) == 30_001


def test_record_over_many_lines_is_bounded() -> None:
    good, bad = read('a,b\n1,"' + ("x" * 999 + "\n") * (LONGEST_RECORD // 1000 + 1) + '"\n2,3\n')
    assert good == [{"a": "2", "b": "3"}]
    assert "not closed within 8 MiB" in bad[0].issues[0][1]


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_reading_goes_on_from_any_place(pack: bool, encoding: str) -> None:  # noqa: FBT001 - pytest's
    lines = [f'{n},"é{n}\nx"' if n % 7 else f"{n}" for n in range(4 * CHUNK_ROWS - 200)]
    content = ("\ufeffa,b\n" + "\n".join(lines)).encode(encoding)
    name = "x.csv.gz" if pack else "x.csv"
    content = gzip.compress(content) if pack else content
    chunks = read_chunks(content, name, encoding=encoding)
    assert len(chunks) == 4
    for at, chunk in enumerate(chunks):
        assert read_chunks(content, name, chunk.begin, encoding=encoding) == chunks[at:]
    assert read_chunks(content, name, chunks[-1].end, encoding=encoding) == []


def test_each_item_knows_its_row() -> None:
    [chunk] = read_chunks("a\n1\n2,3\n4\n5,6\n7\n")
    assert chunk.numbers == [1, 3, 5]
    chunk.reject({1: (("a", "no"),)})
    assert (chunk.numbers, [row.row for row in chunk.bad]) == ([1, 5], [2, 3, 4])


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=3, max_size=3)))
def test_what_csv_writes_is_read(rows: list[list[str]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    assert read(text.getvalue().encode()) == ([dict(zip("abc", row, strict=True)) for row in rows], [])


@given(st.binary(), st.sampled_from(["x.csv", "x.jsonl", "x.json", "x.csv.gz", "x.json.gz"]))
def test_no_bytes_whatever_break_the_reader(content: bytes, name: str) -> None:
    try:
        read(content, name)
    except FileFault as fault:
        assert fault.issue  # noqa: PT017 - it may be raised, and then says something


@given(
    st.lists(st.sampled_from([b"1,2", b'3,"4', b'"', b"5", b'a","b', b'"6\n7",8', b"\xff,9", b"x\ry,1", b""]))
)
def test_good_lines_between_bad_ones_are_never_lost(lines: list[bytes]) -> None:
    content = b"a,b\n" + b"".join(line + b"\n" for line in lines)
    good, bad = read(content)
    quoted = sum(value.count("\n1,2") for row in good for value in row.values())
    in_bad = sum(row.given.split("\n").count("1,2") for row in bad)
    assert sum(row == {"a": "1", "b": "2"} for row in good) + quoted + in_bad == lines.count(b"1,2")
    assert len({row.row for row in bad}) == len(bad)
