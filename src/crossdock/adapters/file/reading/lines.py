"""The lines of a file, each with its place, and none longer than memory allows."""

from __future__ import annotations

from collections import deque
from io import StringIO
from itertools import islice
from typing import Final, NamedTuple

from crossdock.adapters.file.reading.rows import LONGEST_LINE, Place
from crossdock.adapters.file.reading.stream import TextBytes
from crossdock.domain.wording import ordinal

LONGEST_RECORD: Final = 8 * 1024 * 1024
"""A record that goes over several lines has at most so many bytes."""
_MOST_RESCANNED: Final = 16 * 1024 * 1024
_BLOCK: Final = 64 * 1024


class TooLong(Exception):
    """A record goes over more lines than it may."""


class Block(NamedTuple):
    """Some lines that follow each other.

    Attributes:
        size: Of all of them, in bytes.
    """

    lines: list[str]
    size: int


class Lines:
    """Gives lines as text, one by one, and remembers those of the present record, so that they can be given again.

    Args:
        text: At its beginning.
    """

    def __init__(self, text: TextBytes) -> None:
        self._text = text
        self._again: deque[bytes] = deque()
        self._size = 0
        self.record: list[bytes] = []
        self.flaw: str | None = None
        self.line = self.offset = self.rescanned = 0

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        """Return the next line.

        Raises:
            TooLong: The record has enough lines as it is.
            StopIteration: There is none.
        """
        if self.record and self._size > self._most:
            raise TooLong
        line = self._again.popleft() if self._again else self._text.readline(LONGEST_LINE + 1)
        if not line:
            raise StopIteration
        self.record.append(line)
        size = len(line)
        self._size += size
        self.offset += size
        self.line += 1
        if size > LONGEST_LINE:
            return self._too_long()
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            self.flaw = self.flaw or self._undecodable(line, error)
            return line.decode("utf-8", "replace")

    def ahead(self, most: int) -> Block | None:
        """Look at the lines that come next, without going on; None: they are to be taken one by one.

        Args:
            most: So many lines at most.
        """
        if self._again:
            return None
        found = self._text.peek()
        end = found.rfind(b"\n") + 1
        try:
            text = found[:end].decode()
        except UnicodeDecodeError:
            return None
        lines = list(islice(StringIO(text, newline="\n"), most))
        if not lines:
            return None
        if len(text) == end:  # each character is a byte
            return Block(lines, sum(map(len, lines)))
        return Block(lines, len("".join(lines).encode()))

    def go_past(self, block: Block) -> None:
        """Go on behind lines that were looked at."""
        self._text.read(block.size)
        self.offset += block.size
        self.line += len(block.lines)

    def next_record(self) -> None:
        """Forget the lines of a record that is done with."""
        self.record.clear()
        self._size = 0
        self.flaw = None

    def keep_first(self) -> bytes:
        """Return the first line of a record that has come to no end; the others will come again."""
        first, *rest = self.record
        size = sum(map(len, rest))
        self._again.extendleft(reversed(rest))
        self.offset -= size
        self.line -= len(rest)
        self.rescanned += size
        self.next_record()
        return first

    def go_to(self, place: Place) -> None:
        """Go on at a place further on."""
        self._text.skip(self.offset, place.offset)
        self.offset, self.line, self.rescanned = place.offset, place.lines, place.rescanned

    @property
    def first_line(self) -> int:
        """The number of the line on which the record begins, from 1."""
        return self.line - len(self.record) + 1

    @property
    def _most(self) -> int:
        """How many bytes a record may have that goes over several lines; 0 when too much was in vain."""
        return LONGEST_RECORD if self.rescanned < _MOST_RESCANNED else 0

    def _too_long(self) -> str:
        """Skip the rest of a line that nobody can hold; returns an empty one in its place."""
        end = self.record[-1]
        while end and not end.endswith(b"\n"):
            end = self._text.readline(_BLOCK)
            self.offset += len(end)
        self.flaw = f"the line is longer than {LONGEST_LINE} bytes"
        self.record[-1] = self.record[-1][:_BLOCK]
        return "\n"

    def _undecodable(self, line: bytes, error: UnicodeDecodeError) -> str:
        encoding = self._text.encoding
        if encoding.startswith("utf-8"):
            return (
                f"byte 0x{line[error.start]:02x}, the {ordinal(error.start + 1)} of line {self.line}, is not UTF-8; "
                "the encoding of the file may be another"
            )
        return f"line {self.line} has bytes that are not {encoding}"
