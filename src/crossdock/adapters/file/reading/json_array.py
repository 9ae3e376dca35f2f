"""Reads a JSON file whose rows are the elements of one array, without ever holding all of it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from json import JSONDecodeError
from typing import Any, Final

from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.reading.json_values import DEEPEST, check, check_depth, decoder
from crossdock.adapters.file.reading.rows import CHUNK_BYTES, CHUNK_ROWS, LONGEST_LINE, Chunk, Place
from crossdock.adapters.file.reading.stream import TextBytes

_BLOCK: Final = 64 * 1024
_REST_OF_NUMBER: Final = 3
"""A number may go on behind so many characters that alone would not belong to it: ``1`` and ``e+5``."""
_BLANK: Final = re.compile(r"[ \t\r\n]*")


class JsonArray:
    """Reads the elements of an array; anything else at the top is one row.

    Attributes:
        is_array: False: something else is at the top, and was read.

    An array is right as a whole or not at all: behind a wrong element nobody can tell where the next one begins.

    Args:
        text: At its beginning.
        place: Where to go on; None: at the beginning.

    Raises:
        FileFault: It is no JSON.
    """

    def __init__(self, text: TextBytes, place: Place | None = None) -> None:
        self.is_array = True
        self._window = _Window(text)
        self._rows = 0
        self._elements = self._all_elements()
        for _ in range(place.rows if place else 0):
            next(self._elements, None)

    def read(self) -> Chunk | None:
        """Return the next rows; None: there are no more."""
        chunk = Chunk(begin=Place(self._rows), end=Place(self._rows))
        enough = self._window.place + CHUNK_BYTES
        for value in self._elements:
            chunk.items.append(value)
            if len(chunk.items) >= CHUNK_ROWS or self._window.place >= enough:
                break
        chunk.end = Place(self._rows)
        return chunk if chunk.items else None

    def _all_elements(self) -> Iterator[Any]:
        window = self._window
        first = window.peek()
        if first == "[":
            window.step()
            yield from self._array()
        else:
            self.is_array = False
            value = window.value()
            self._rows += 1
            yield value
        if window.peek():
            raise window.fault("there is more behind the end of the value")

    def _array(self) -> Iterator[Any]:
        window = self._window
        if window.peek() == "]":
            window.step()
            return
        while True:
            value = window.value()
            self._rows += 1
            yield value
            behind = window.peek()
            if behind not in {",", "]"}:
                raise window.fault("expected ',' or ']' behind an element" if behind else _CUT)
            window.step()
            if behind == "]":
                return


_CUT: Final = "the file ends in the middle"


class _Window:
    """The piece of a text that is looked at."""

    def __init__(self, text: TextBytes) -> None:
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._buffer = ""
        self._at = self._before = 0
        self._ended = False

    @property
    def place(self) -> int:
        """How many characters are behind."""
        return self._before + self._at

    def peek(self) -> str:
        """Return the next character that is not blank; empty at the end."""
        while True:
            self._at = _end_of_blanks(self._buffer, self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more(_BLOCK):
                return ""

    def step(self) -> None:
        """Go on behind a character."""
        self._at += 1

    def value(self) -> Any:
        """Read the value that is next, and what stands behind it, so that a number is whole.

        Raises:
            FileFault: There is none, or it is larger than a message may be.
        """
        if not self.peek():
            raise self.fault(_CUT)
        while True:
            try:
                value, end = decoder.raw_decode(self._buffer, self._at)
            except JSONDecodeError as error:
                issue, end = error.msg, -1
            except ValueError as error:
                raise self.fault(str(error)) from error
            except RecursionError:
                raise self.fault(f"nested more than {DEEPEST} deep") from None
            else:
                issue = ""
                if end + _REST_OF_NUMBER <= len(self._buffer) or self._ended:
                    return self._checked(value, end)
            if len(self._buffer) - self._at > LONGEST_LINE:
                raise self.fault(
                    f"an element is longer than {LONGEST_LINE} characters, or it is no JSON: {issue}"
                )
            if not self._more(max(_BLOCK, len(self._buffer))) and end < 0:
                raise self.fault(issue)

    def fault(self, issue: str) -> FileFault:
        """Return the error for what is wrong here."""
        return FileFault(
            "json",
            f"{issue}, at character {self.place + 1} of the file",
            expected="JSON, most often an array of rows",
            given=self._buffer[self._at : self._at + 80],
            advice="mend the file; nothing of it was taken",
        )

    def _checked(self, value: Any, end: int) -> Any:
        text = self._buffer[self._at : end]
        try:
            check_depth(text)
            check(value, text)
        except ValueError as error:
            raise self.fault(str(error)) from error
        self._at = end
        return value

    def _more(self, count: int) -> bool:
        """Read on; returns False at the end of the file."""
        block = self._text.read(count)
        try:
            text = self._decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            raise FileFault(
                "encoding",
                f"the file has bytes that are not {self._text.encoding}, behind character "
                f"{self._before + len(self._buffer)}: {error.reason}",
                expected=self._text.encoding,
                advice="declare the encoding of the file, or write it as UTF-8",
            ) from error
        self._ended = not block
        self._buffer = self._buffer[self._at :] + text
        self._before += self._at
        self._at = 0
        return not self._ended


def _end_of_blanks(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    return found.end() if found else start
