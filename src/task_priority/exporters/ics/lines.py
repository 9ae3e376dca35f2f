"""The bytes of an iCalendar document as properties, one for each unfolded line.

Source: RFC 5545, section 3.1; RFC 6868 for what stands in parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_FOLD: Final = re.compile(rb"(?:\r\n|\r|\n)[ \t]")
_END: Final = re.compile(rb"\r\n|\r|\n")
_NAME: Final = re.compile(r"[A-Za-z0-9-]+")
_PARAMETER: Final = re.compile(r'\s*;\s*([A-Za-z0-9-]+)\s*=\s*("[^"]*"|[^";:,]*)((?:,(?:"[^"]*"|[^";:,]*))*)')
_CARET: Final = re.compile(r"\^[n^']")
_CARETS: Final = MappingProxyType({"^n": "\n", "^^": "^", "^'": '"'})
_BACKSLASH: Final = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Property:
    """One line: what it is called, what is said of it, and its value as written.

    Attributes:
        name: In upper case, and so are the names of the parameters.
    """

    name: str
    parameters: Mapping[str, str]
    value: str

    @property
    def text(self) -> str:
        """The value, if it is a TEXT."""
        return _BACKSLASH.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value)


def lines_of(document: bytes) -> Iterator[str]:
    """Yield the unfolded lines that are not empty.

    Folds go before the characters are read, because some programs fold within a character. A line that is not UTF-8 is
    read as Windows-1252, which such programs mean.
    """
    for line in _END.split(_FOLD.sub(b"", document.removeprefix(BYTE_ORDER_MARK))):
        if line.strip():
            yield _decoded(line)


def parse_line(line: str) -> Property:
    """Read one line.

    Raises:
        ValueError: It is none; the words show the start of it.
    """
    name = _NAME.match(line.lstrip())
    if name is None:
        raise ValueError(f"the line {line[:40]!r} has no name")
    rest = line.lstrip()[name.end() :]
    parameters: dict[str, str] = {}
    while found := _PARAMETER.match(rest):
        parameters[found[1].upper()] = _parameter(found[2] + found[3])
        rest = rest[found.end() :]
    rest = rest.lstrip()
    if not rest.startswith(":"):
        raise ValueError(f"the line {line[:40]!r} has no value")
    return Property(name[0].upper(), parameters, rest[1:].strip())


def split_list(value: str) -> list[str]:
    """Return the parts of a value between its commas, those behind a backslash left alone."""
    return [part for part in (part.strip() for part in re.split(r"(?<!\\),", value)) if part]


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", errors="replace")


def _parameter(text: str) -> str:
    return _CARET.sub(lambda found: _CARETS[found[0]], text.replace('"', "")).strip()
