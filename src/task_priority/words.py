"""Durations, days and numbers as people read them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

UNTITLED: Final = "(no title)"
"""How a task or an event is called that has no title."""

_MINUTE = timedelta(minutes=1)


def duration_text(duration: timedelta) -> str:
    """Write a duration in hours and minutes, rounded down to minutes: ``2 h 30 min``."""
    hours, minutes = divmod(abs(duration) // _MINUTE, 60)
    text = " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes or not hours))
    return f"-{text}" if duration <= -_MINUTE else text


@lru_cache(1024)
def day_text(day: date, today: date) -> str:
    """Write a day as it is called today: ``today``, ``tomorrow``, ``Fri 27 Nov``, with the year if it is another."""
    match (day - today).days:
        case 0:
            return "today"
        case 1:
            return "tomorrow"
        case -1:
            return "yesterday"
        case _:
            return f"{day:%a} {day.day} {day:%b}" + (f" {day.year}" if day.year != today.year else "")


def count_text(count: int, one: str, many: str | None = None) -> str:
    """Write a number of things: ``1 day``, ``3 days``."""
    return f"{count} {one if count == 1 else many or one + 's'}"
