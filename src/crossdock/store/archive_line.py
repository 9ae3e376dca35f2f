"""An archived message as a line of JSON: all its columns under their names, and its history."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.store.codec import value_or_text
from crossdock.store.statements.archive import LINE_COLUMNS
from crossdock.store.types import JsonValue, UtcTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

_JSON: Final = {column.name for column in LINE_COLUMNS if isinstance(column.type, JsonValue)}
_INSTANTS: Final = {column.name for column in LINE_COLUMNS if isinstance(column.type, UtcTimestamp)}
_NAMES: Final = tuple(column.name for column in LINE_COLUMNS)


def line_of(row: Sequence[Any], history: Sequence[Sequence[Any]]) -> bytes:
    """Return a row of ``LINE_COLUMNS`` and its lines of the audit log as JSON, without what is NULL.

    JSON columns are values, instants are RFC 3339 in UTC, bytes are ``data_base64``.
    """
    values = {name: _value(name, value) for name, value in zip(_NAMES, row, strict=True) if value is not None}
    raw = values.pop("data_bytes", None)
    if raw is not None:
        del values["data"]
        values["data_base64"] = base64.b64encode(raw).decode()
    if history:
        values["history"] = [_entry(entry) for entry in history]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


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
