"""Holds the arguments of a request against what Todoist takes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist.errors import invalid, missing

COLORS: Final = [
    "berry_red",
    "red",
    "orange",
    "yellow",
    "olive_green",
    "lime_green",
    "green",
    "mint_green",
    "teal",
    "sky_blue",
    "light_blue",
    "blue",
    "grape",
    "violet",
    "lavender",
    "magenta",
    "salmon",
    "charcoal",
    "grey",
    "taupe",
]
VIEW_STYLES: Final = ("list", "board", "calendar")
MAX_CONTENT: Final = 500
MAX_DESCRIPTION: Final = 16_383
MAX_NAME: Final = 120
_URGENT: Final = 4


def text(fields: Json, name: str, *, longest: int, required: bool = False) -> str:
    """Return a text, which must not be empty if it is required."""
    value = fields.get(name)
    if value is None and not required:
        return ""
    if value is None:
        raise missing(name)
    if not isinstance(value, str) or len(value) > longest or (required and not value.strip()):
        raise invalid(name, f"a string of {1 if required else 0} to {longest} characters")
    return value


def flag(fields: Json, name: str) -> bool:
    """Return a truth value, False if it is not given."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise invalid(name, "a boolean")
    return value


def choice(fields: Json, name: str, choices: Iterable[str], default: str) -> str:
    """Return one of several words."""
    value = fields.get(name) or default
    if value not in choices:
        raise invalid(name, f"one of {', '.join(choices)}")
    return str(value)


def number(fields: Json, name: str) -> int | None:
    """Return a whole number, or None if it is not given."""
    value = fields.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise invalid(name, "an integer")
    return value


def priority(fields: Json) -> int:
    """Return a priority; 4 is urgent."""
    value = number(fields, "priority")
    if value is not None and not 1 <= value <= _URGENT:
        raise invalid("priority", "an integer from 1 to 4")
    return value or 1


def names(fields: Json, name: str) -> list[str]:
    """Return a list of names."""
    value = fields.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise invalid(name, "a list of strings")
    return list(dict.fromkeys(value))


def duration(fields: Json) -> Json | None:
    """Return a duration from ``duration`` and ``duration_unit``, or from the object that the sync endpoint takes."""
    amount, unit = fields.get("duration"), fields.get("duration_unit")
    if isinstance(amount, dict):
        whole: Json = amount
        amount, unit = whole.get("amount"), whole.get("unit")
    if amount is None and unit is None:
        return None
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise invalid("duration", "a positive integer, together with duration_unit")
    if unit not in {"minute", "day"}:
        raise invalid("duration_unit", "minute or day, together with duration")
    return {"amount": amount, "unit": unit}


def deadline(fields: Json) -> Json | None:
    """Return a deadline from ``deadline_date``, or from the object that the sync endpoint takes."""
    whole: Any = fields.get("deadline")
    value = whole.get("date") if isinstance(whole, dict) else fields.get("deadline_date")
    if value is None:
        return None
    try:
        return {"date": date.fromisoformat(value).isoformat(), "lang": "en"}
    except (TypeError, ValueError) as error:
        raise invalid("deadline_date", "a date such as 2026-03-02") from error
