"""Reads CSV, whatever stands in it: what cannot be right is set aside, and the next row goes on."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.reading.lines import LONGEST_RECORD, Block, Lines, TooLong
from crossdock.adapters.file.reading.rows import (
    CHUNK_BYTES,
    CHUNK_ROWS,
    LONGEST_LINE,
    BadRow,
    Chunk,
    Place,
    Wanted,
    shortened,
    shown,
)
from crossdock.adapters.file.reading.stream import TextBytes
from crossdock.domain.json_texts import JsonTexts, encode_records
from crossdock.domain.wording import counted, ordinal

_COMMA: Final = ","
_OTHER_DELIMITERS: Final = (";", "\t", "|")
_LONE_RETURN: Final = "a carriage return stands alone: lines end in LF or CR LF"
_ISSUES: Final = (
    ("unexpected end of data", "a quote is opened and never closed"),
    ("expected after", "a closing quote is followed by neither a delimiter nor the end of the line"),
    ("new-line character", _LONE_RETURN),
)

_BAD_CHARACTER: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV file is written.

    Attributes:
        delimiter: None: a comma, and a first line that only another character parts is refused.
        quote: None: nothing is quoted.
        columns: Their names; None: the first line has them.
    """

    delimiter: str | None = None
    quote: str | None = '"'
    columns: tuple[str, ...] | None = None


class CsvRows:
    """Reads the rows of a CSV file as dicts of text.

    Nearly all rows are read many at a time. Where that finds something amiss, the same lines are read one by one.

    Args:
        text: At its beginning.
        dialect: How it is written.
        place: Where to go on; None: at the first row.
        wanted: Of the rows.

    Raises:
        FileFault: Its header names no columns.
    """

    def __init__(
        self,
        text: TextBytes,
        dialect: Dialect,
        place: Place | None = None,
        wanted: Wanted = Wanted.VALUES,
    ) -> None:
        self._lines = Lines(text)
        self._rows = 0
        self._one_by_one_to = 0
        self._dialect = dialect
        self._wanted = wanted
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # one limit for all: ours is in Lines
        self._reader = self._records_of(self._lines)
        self._columns = dialect.columns or self._header()
        if place is not None:
            self._lines.go_to(place)
            self._rows = place.rows

    def read(self) -> Chunk | None:
        """Return the next rows; None: there are no more."""
        items = JsonTexts() if self._wanted is Wanted.TEXTS else []
        chunk = Chunk(begin=self._place(), end=self._place(), items=items)
        enough = chunk.begin.offset + CHUNK_BYTES
        while not self._is_full(chunk, enough):
            try:
                if not (self._take_block(chunk) or self._take_one(chunk)):
                    break
            except csv.Error as error:
                self._keep_first(chunk, _issue(error))
            except TooLong:
                self._keep_first(
                    chunk, f"a quote is opened and not closed within {LONGEST_RECORD // 2**20} MiB"
                )
        chunk.end = self._place()
        return chunk if chunk.end.offset > chunk.begin.offset else None

    def _records_of(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return _records(lines, self._dialect.delimiter or _COMMA, self._dialect.quote)

    def _take_block(self, chunk: Chunk) -> bool:
        """Add many good rows; returns False if the next are to be read one by one."""
        lines = self._lines
        if lines.offset < self._one_by_one_to:
            return False
        block = lines.ahead(CHUNK_ROWS - (self._rows - chunk.begin.rows))
        if block is None:
            return False
        if self._wanted is Wanted.NUMBER and self._is_plain(block):
            added: int | None = len(block.lines)
        else:
            added = self._add_block(chunk, block)
        if added is None:
            self._one_by_one_to = lines.offset + block.size
            return False
        self._rows += added
        lines.go_past(block)
        return True

    def _add_block(self, chunk: Chunk, block: Block) -> int | None:
        """Add the rows that some lines are, and return how many; None: not all of them are good ones."""
        if self._wanted is Wanted.TEXTS:
            # Where nothing is amiss, no row is kept: Python's garbage collector would look at them again and again.
            with suppress(csv.Error, ValueError):
                texts = encode_records(self._columns, self._records_of(block.lines))
                chunk.items += texts
                return len(texts)
        rows = self._good_rows(block)
        if rows is None:
            return None
        self._add(chunk, rows)
        return len(rows)

    def _good_rows(self, block: Block) -> list[list[str]] | None:
        """Return the rows that some lines are; None: not all of them are good ones, or the last goes on."""
        try:
            rows = list(self._records_of(block.lines))
        except csv.Error:
            return None
        widths = set(map(len, rows))
        if 0 in widths:  # blank lines
            rows = [row for row in rows if row]
            widths.discard(0)
        return rows if widths <= {len(self._columns)} else None

    def _is_plain(self, block: Block) -> bool:
        """Tell at a glance that each line is a row, be it good or not."""
        text = "".join(block.lines)
        quote = self._dialect.quote
        return (
            (quote is None or quote not in text)
            and text.count("\r") == text.count("\r\n")
            and not any(blank in text for blank in ("\n\n", "\n\r\n"))
            and block.lines[0].rstrip("\r\n") != ""
        )

    def _take_one(self, chunk: Chunk) -> bool:
        """Add the next row, good or not; returns False at the end of the file."""
        lines = self._lines
        row = next(self._reader, None)
        if row is None:
            return False
        if len(row) == len(self._columns) and lines.flaw is None:
            self._add(chunk, [row])
            self._rows += 1
        elif row or lines.flaw:
            self._set_aside(chunk, *_issue_of(row, self._columns, lines.flaw))
        lines.next_record()
        return True

    def _add(self, chunk: Chunk, rows: Sequence[list[str]]) -> None:
        match self._wanted:
            case Wanted.VALUES:
                chunk.items += [dict(zip(self._columns, row, strict=True)) for row in rows]
            case Wanted.TEXTS:
                chunk.items += encode_records(self._columns, rows)
            case Wanted.NUMBER:
                pass

    def _is_full(self, chunk: Chunk, enough: int) -> bool:
        return self._rows - chunk.begin.rows >= CHUNK_ROWS or self._lines.offset >= enough

    def _set_aside(self, chunk: Chunk, field: str, issue: str) -> None:
        lines = self._lines
        self._rows += 1
        given = shown(b"".join(lines.record))
        chunk.bad.append(BadRow(self._rows, lines.first_line, ((field, issue),), given))

    def _keep_first(self, chunk: Chunk, issue: str) -> None:
        """Set aside the first line of what could not be read; what follows it is tried on its own."""
        self._rows += 1
        first = self._lines.keep_first()
        chunk.bad.append(BadRow(self._rows, self._lines.line, (("", issue),), shown(first)))

    def _place(self) -> Place:
        return Place(self._rows, self._lines.line, self._lines.offset, self._lines.rescanned)

    def _header(self) -> tuple[str, ...]:
        """Read the names of the columns; an empty file has none, and no rows."""
        try:
            names = next((row for row in self._rest() if row), None)
            self._check_delimiter(names or ())
        except (csv.Error, TooLong) as error:
            self._check_delimiter(())
            issue = _issue(error) if isinstance(error, csv.Error) else "a quote is opened and never closed"
            advice = _ADVICE_ON_RETURNS if issue == _LONE_RETURN else _ADVICE
            raise FileFault("header", f"line {self._lines.first_line}: {issue}", advice=advice) from error
        if names is not None:
            _check_header(names, self._lines.flaw)
        self._lines.next_record()
        return tuple(names or ())

    def _check_delimiter(self, names: Sequence[str]) -> None:
        """Refuse a first line that is no more than one name, or none, and several with another delimiter."""
        if self._dialect.delimiter is not None or len(names) > 1:
            return
        line = b"".join(self._lines.record[:1]).decode("utf-8", "replace").rstrip("\r\n")
        other = _other_delimiter(line, self._dialect.quote)
        if other is not None:
            raise FileFault(
                "header",
                f"line {self._lines.first_line} is not parted by commas, but by {other!r}",
                expected="the names of the columns, parted by commas",
                given=shortened(line),
                advice=f"say delimiter = {json.dumps(other)} in the app's inbound, or delimiter = {json.dumps(_COMMA)} "
                "if all of it is one column",
            )

    def _rest(self) -> Iterator[list[str]]:
        """Give records, each blank line as an empty one; the lines of the last stay with ``Lines``."""
        for row in self._reader:
            yield row
            self._lines.next_record()


def _records(lines: Iterable[str], delimiter: str, quote: str | None) -> Iterator[list[str]]:
    return csv.reader(
        lines,
        delimiter=delimiter,
        quotechar=quote,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        strict=True,
    )


def _other_delimiter(line: str, quote: str | None) -> str | None:
    """Return what parts a line that no comma does; None: it is one name."""
    for delimiter in _OTHER_DELIMITERS:
        with suppress(csv.Error):
            if len(next(_records([line], delimiter, quote), ())) > 1:
                return delimiter
    return None


_ADVICE: Final = "mend the first line, or name the columns in the configuration"
_ADVICE_ON_RETURNS: Final = "write the file anew with LF or CR LF at the end of each line"


def _check_header(names: Sequence[str], flaw: str | None) -> None:
    if flaw is not None:
        raise FileFault("header", flaw, advice="declare the encoding of the file, or write it as UTF-8")
    for at, name in enumerate(names):
        if name in names[:at]:
            raise FileFault(
                "header",
                f"the column {name!r} is there twice: it is the {ordinal(names.index(name) + 1)} "
                f"and the {ordinal(at + 1)}",
                expected="a name of its own for each column",
                given=list(names),
                advice=_ADVICE,
            )


def _issue_of(row: Sequence[str], columns: Sequence[str], flaw: str | None) -> tuple[str, str]:
    """Return field and issue of a row that is not right."""
    if flaw is not None:
        named = (name for name, value in zip(columns, row, strict=False) if _BAD_CHARACTER in value)
        return next(named, ""), flaw
    missing = columns[len(row)] if len(row) < len(columns) else ""
    return missing, f"the row has {counted(len(row), 'field')} for {counted(len(columns), 'column')}"


def _issue(error: csv.Error) -> str:
    said = str(error)
    return next((issue for part, issue in _ISSUES if part in said), said)
