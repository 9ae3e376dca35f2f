"""An archived message as a line of JSON: all its columns under their names, and its history."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.store.codec import JSON_IN_BYTES, checksum_of, value_or_text
from crossdock.store.statements.archive import LINE_COLUMNS
from crossdock.store.types import JsonValue, UtcTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

_JSON: Final = {column.name for column in LINE_COLUMNS if isinstance(column.type, JsonValue)}
_INSTANTS: Final = {column.name for column in LINE_COLUMNS if isinstance(column.type, UtcTimestamp)}
_NAMES: Final = tuple(column.name for column in LINE_COLUMNS)
_DATA: Final = ("data", "data_bytes", "payload")
_PLACES: Final = tuple(map(_NAMES.index, _DATA))


def line_of(row: Sequence[Any], history: Sequence[Sequence[Any]]) -> bytes:
    """Return a row of ``LINE_COLUMNS`` and its lines of the audit log as JSON, without what is NULL.

    JSON columns are values, instants are RFC 3339 in UTC, bytes are ``data_base64``. Data that lies outside the row
    is in the line like any other.
    """
    values: dict[str, Any] = {}
    for name, value in zip(_NAMES, row, strict=True):
        if name == "data":
            values |= _data_of(row)
        elif value is not None and name not in _DATA:
            values[name] = _value(name, value)
    if history:
        values["history"] = [_entry(entry) for entry in history]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def _data_of(row: Sequence[Any]) -> dict[str, Any]:
    """Return data in full, wherever it lay; or the name of the payload that cannot be read."""
    data, raw, payload = (row[place] for place in _PLACES)
    if raw is None:
        return {"data": value_or_text(data)}
    if payload is not None and checksum_of(raw) != payload:
        return {"payload": payload}
    if data == JSON_IN_BYTES:
        return {"data": value_or_text(raw.decode("utf-8", "replace"))}
    return {"data_base64": base64.b64encode(raw).decode()}


def _value(name: str, value: Any) -> Any:
    if name in _JSON:
        return value_or_text(value)
    return _instant(value) if name in _INSTANTS else value


def _entry(entry: Sequence[Any]) -> dict[str, Any]:
    at, event, attempt, who, code, details = entry
    given = {"attempt": attempt, "who": who, "code": code, "details": value_or_text(details)}
    known = {name: value for name, value in given.items() if value is not None}
    return {"at": _instant(at), "event": event, **known}


def _instant(text: str) -> str:
    return text.replace(" ", "T", 1) + "Z"
