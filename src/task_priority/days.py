"""Days and times as people type them: ``tomorrow``, ``fri``, ``3d``, ``2026-11-30``, each with a time behind it."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Final

from task_priority.moments import Day, Floating

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_WEEKDAY: Final = 3
_AHEAD: Final = re.compile(r"\+?(\d{1,4})\s*([dw])")
_TIME: Final = re.compile(r"(?:^|[ t])(\d{1,2}):(\d{2})$")
_DAYS: Final = {"d": 1, "w": 7}
EXPECTED: Final = (
    'a day such as "tomorrow", "friday", "next week", "3d" or "2026-11-30", with or without a time: '
    '"friday 14:00"'
)


def parse_when(text: str, today: date) -> Day | Floating:
    """Read a day, or a day and a time.

    A time alone is today, a weekday the next one after today, ``next week`` its Monday.

    Raises:
        ValueError: It is none; the message says what is.
    """
    given = text.strip().casefold()
    found = _TIME.search(given)
    if not given:
        raise ValueError(f"nothing says when; give {EXPECTED}")
    try:
        at = None if found is None else time(int(found[1]), int(found[2]))
        day = _day(given if found is None else given[: found.start()].strip(), today)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time to put a task off to; give {EXPECTED}") from error
    return Day(day) if at is None else Floating(datetime.combine(day, at))


def _day(text: str, today: date) -> date:
    if text in {"", "today"}:
        return today
    if text in {"tomorrow", "tom"}:
        return today + timedelta(days=1)
    if text == "next week":
        return today + timedelta(days=7 - today.weekday())
    if ahead := _AHEAD.fullmatch(text):
        return today + timedelta(days=int(ahead[1]) * _DAYS[ahead[2]])
    if len(text) >= _SHORTEST_WEEKDAY:
        for weekday, name in enumerate(_WEEKDAYS):
            if name.startswith(text):
                return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    return date.fromisoformat(text)
