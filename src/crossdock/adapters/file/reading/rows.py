"""What a reader gives: rows that are good, rows that are not, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from crossdock.domain.message import MAX_DATA_BYTES

CHUNK_ROWS: Final = 4096
"""So many rows are stored together."""
CHUNK_BYTES: Final = 1024 * 1024
"""A chunk ends when it has this many bytes, however few its rows are."""
LONGEST_LINE: Final = MAX_DATA_BYTES
LONGEST_QUOTED: Final = 64 * 1024


class Wanted(Enum):
    """What is wanted of good rows."""

    VALUES = "values"
    TEXTS = "texts"
    """Their JSON, where the reader can make it without the values."""
    NUMBER = "number"
    """Nothing but how many there are, where the reader can tell without the values."""


class Place(NamedTuple):
    """How far a reader has come.

    Attributes:
        rows: So many rows, good and bad, are behind it.
        lines: So many lines are.
        offset: So many bytes are, of the file unpacked and as UTF-8; 0 in a format that has no places to begin at.
        rescanned: So many bytes were read again, because a quote was never closed.
    """

    rows: int = 0
    lines: int = 0
    offset: int = 0
    rescanned: int = 0


class BadRow(NamedTuple):
    """A row that is to be set aside.

    Attributes:
        row: Its number, from 1.
        line: The line on which it begins, from 1; None: it is not known.
        issues: Pairs of (field, issue); the field is empty where the whole row is meant.
        given: The row, as text or as the value that it is.
    """

    row: int
    line: int | None
    issues: tuple[tuple[str, str], ...]
    given: Any


def row_words(row: int, line: int | None, field: str, issue: str) -> str:
    """Say what is wrong with a row; the field is empty where all of it is meant."""
    at = "" if line is None else f", line {line}"
    return f"row {row}{at}: {f'{field}: ' if field else ''}{issue}"


@dataclass(slots=True)
class Chunk:
    """Some rows that follow each other.

    Attributes:
        begin: Where it begins.
        end: Where it ends.
        items: The data of the good rows.
        bad: The others, in their order.
    """

    begin: Place
    end: Place
    items: list[Any] = field(default_factory=list)
    bad: list[BadRow] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the rows that the items come from."""
        bad = {one.row for one in self.bad}
        return [row for row in range(self.begin.rows + 1, self.end.rows + 1) if row not in bad]

    def reject(self, issues: Mapping[int, tuple[tuple[str, str], ...]]) -> None:
        """Make bad rows of some items.

        Args:
            issues: By the place of the item, from 0.
        """
        if issues:
            numbers = self.numbers
            self.bad += [BadRow(numbers[at], None, why, self.items[at]) for at, why in issues.items()]
            self.bad.sort(key=lambda one: one.row)
            self.items = [item for at, item in enumerate(self.items) if at not in issues]


class RowReader(Protocol):
    """Reads the rows of one file, in their order."""

    def read(self) -> Chunk | None:
        """Return the next rows; None: there are no more.

        Raises:
            FileFault: The file cannot be read any further.
        """


def shortened(text: str) -> str:
    """Return text as long as a person needs it."""
    return text if len(text) <= LONGEST_QUOTED else f"{text[:LONGEST_QUOTED]}…"


def shown(text: bytes) -> str:
    """Return bytes as text, what is no UTF-8 in them as escapes."""
    return shortened(text[: LONGEST_QUOTED + 1].decode("utf-8", "backslashreplace").rstrip("\r\n"))
