"""Answers with what the services send now and then, and with what they may send tomorrow."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from task_priority.sandbox.exchange import Json, Reply

_NULL: Final = frozenset({"order", "item_order", "created_at", "updated_at", "added_at"})
_NEW: Final[Json] = {"sandbox_novelty": {"since": 2027, "of": ["nobody", "knows"]}}
_NEW_LIST: Final[Json] = {"sandbox_novelties": [{"id": "novelty", "is_deleted": False}]}
_MAPPINGS: Final = frozenset(
    {"sync_status", "temp_id_mapping", "calendars", "groups", "private", "shared", "reactions"}
)
"""Objects whose keys are no names of fields."""


def with_nulls(reply: Reply) -> Reply:
    """Return an answer of Todoist whose orders and times are null."""
    return _changed(reply, lambda one: {name: None if name in _NULL else one[name] for name in one})


def with_unknown_keys(reply: Reply) -> Reply:
    """Return an answer whose every object has a key more, and the outermost a list."""
    new = _changed(reply, lambda one: {**one, **_NEW})
    return _outermost(new, lambda one: {**one, **_NEW_LIST})


def _changed(reply: Reply, change: Callable[[Json], Json]) -> Reply:
    return _outermost(reply, lambda one: _walked(one, change))


def _outermost(reply: Reply, change: Callable[[Json], Json]) -> Reply:
    try:
        value = json.loads(reply.body)
    except ValueError:
        return reply
    if not isinstance(value, dict):
        return reply
    return replace(reply, body=json.dumps(change(value), ensure_ascii=False).encode())


def _walked(value: Any, change: Callable[[Json], Json]) -> Any:
    match value:
        case dict():
            inner = {name: one if name in _MAPPINGS else _walked(one, change) for name, one in value.items()}
            return change(inner)
        case list():
            return [_walked(one, change) for one in value]
        case _:
            return value
