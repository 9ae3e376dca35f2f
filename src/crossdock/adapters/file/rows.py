"""Which rows messages become in a file, and which can be none. Plain decisions: nothing is written here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import NoneType
from typing import Any, Final

from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import encode_json

_AS_THEY_ARE: Final = frozenset({str, int, float, NoneType})
"""What the csv module writes as JSON would, None as nothing."""
_SLICE: Final = 1000


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a file.

    Attributes:
        values: The cells of each row of CSV, else the value of each.
        columns: The header of CSV.
        places: For each message that went in, its first row from 1; None: it was refused.
        refused: By place of the message from 0.
    """

    values: Sequence[Any]
    columns: Sequence[str] = ()
    places: Sequence[int | None] = ()
    refused: Mapping[int, InvalidMessage] = field(default_factory=dict)


def csv_rows(data: Sequence[Any], *, columns: Sequence[str] | None, encoding: str) -> Rows:
    """Make each object a row; what is none, or has text that the encoding has not, is refused alone.

    Args:
        data: Of the messages.
        columns: Unset: all fields, in the order in which they first appear.
        encoding: Of the file.
    """
    refused = {place: error for place, value in enumerate(data) if (error := _row_issue(value, encoding))}
    kept = [place for place in range(len(data)) if place not in refused]
    header = list(columns or dict.fromkeys(chain.from_iterable(data[place] for place in kept)))
    values = [_cells(data[place], header) for place in kept]
    bad = _not_encodable(header, values, encoding)
    if bad:
        refused |= {kept[index]: error for index, error in bad.items()}
        good = [data[place] for index, place in enumerate(kept) if index not in bad]
        header = list(columns or dict.fromkeys(chain.from_iterable(good)))
        values = [_cells(row, header) for row in good]
    return Rows(values, header, _places(len(data), refused), refused)


def json_rows(data: Sequence[Any]) -> Rows:
    """Make each JSON value a row; bytes are refused, for they are no JSON."""
    refused = {
        place: InvalidMessage.of("data", "bytes, which can be no row among others; set rows = 1")
        for place, value in enumerate(data)
        if isinstance(value, bytes)
    }
    values = [value for place, value in enumerate(data) if place not in refused]
    return Rows(values, (), _places(len(data), refused), refused)


def as_cell(value: Any) -> Any:
    """Return what stands for a value in a cell: text as it is, null as nothing, anything else as JSON."""
    return value if type(value) in _AS_THEY_ARE else encode_json(value, field="data")


def _row_issue(value: object, encoding: str) -> InvalidMessage | None:
    """Return why a value can be no row, or None; of what it holds only the names are looked at."""
    if not isinstance(value, dict) or not value:
        return _no_row(value)
    if all(map(str.isascii, value)):
        return None
    ill = ((name, issue) for name in value if (issue := _issue(name, encoding)))
    return next((InvalidMessage.of(f"data.{name!a}", f"the name {issue}") for name, issue in ill), None)


def _no_row(value: object) -> InvalidMessage:
    match value:
        case bytes():
            given = "bytes"
        case dict():
            given = "an empty one"
        case list():
            given = "an array"
        case _:
            given = encode_json(value, field="data")[:60]
    return InvalidMessage.of("data", f"expected an object, whose fields become a row of CSV; given {given}")


def _cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[Any]:
    cells = [row.get(column) for column in columns]
    if not _AS_THEY_ARE.issuperset(map(type, cells)):
        cells = [as_cell(cell) for cell in cells]
    return cells


def _places(count: int, refused: Mapping[int, InvalidMessage]) -> list[int | None]:
    places: list[int | None] = []
    row = 0
    for place in range(count):
        row += place not in refused
        places.append(None if place in refused else row)
    return places


def _not_encodable(
    columns: Sequence[str], rows: Sequence[list[Any]], encoding: str
) -> dict[int, InvalidMessage]:
    """Return the rows with text that an encoding has not; whole slices are tried first."""
    found: dict[int, InvalidMessage] = {}
    for start in range(0, len(rows), _SLICE):
        part = rows[start : start + _SLICE]
        if _issue("".join(_texts(chain.from_iterable(part))), encoding):
            errors = ((index, _row_error(columns, row, encoding)) for index, row in enumerate(part, start))
            found |= {index: error for index, error in errors if error is not None}
    return found


def _row_error(columns: Sequence[str], row: Sequence[Any], encoding: str) -> InvalidMessage | None:
    for column, cell in zip(columns, row, strict=True):
        issue = _issue(cell, encoding) if isinstance(cell, str) else None
        if issue:
            return InvalidMessage.of(f"data.{column}", issue)
    return None


def _texts(cells: Iterable[Any]) -> Iterable[str]:
    return (cell for cell in cells if type(cell) is str)


def _issue(text: str, encoding: str) -> str | None:
    try:
        text.encode(encoding)
    except UnicodeEncodeError as error:
        return f"has the character {text[error.start]!a}, which {encoding} does not have"
    return None
