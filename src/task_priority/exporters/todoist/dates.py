"""Todoist's dates and times: days, floating times and instants, each in the one form that it has there."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from task_priority.moments import Day, Floating, Instant, Moment

_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(?P<zone>Z|[+-]\d\d:\d\d)?", re.ASCII
)
_YEARS: Final = range(1900, 3000)
"""Others are mistakes, and computing with them would fail at the ends of the calendar."""


def moment_of(text: object, timezone: object = None) -> Moment:
    """Read the date of a due date.

    Args:
        text: A day, a time without a zone, or an instant with one.
        timezone: Of the due date: a time without a zone is meant there.

    Raises:
        ValueError: It is none of these; the text says so.
    """
    if not isinstance(text, str):
        raise ValueError(f"{text!r:.80} is no date")  # noqa: TRY004 - what was received, not what was called
    if _DAY.fullmatch(text):
        return Day(day_of(text))
    time, has_zone = _time_of(text)
    if has_zone:
        return Instant(time)
    zone = zone_named(timezone)
    return Floating(time) if zone is None else Instant(time.replace(tzinfo=zone))


def day_of(text: object) -> date:
    """Read a day.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise ValueError(f"{text!r:.80} is no day as in 2026-03-02")
    day = date.fromisoformat(text)
    if day.year not in _YEARS:
        raise ValueError(f"nothing happens in the year {day.year}")
    return day


def instant_of(text: object) -> datetime:
    """Read a point in time, in UTC.

    Raises:
        ValueError: It is none.
    """
    moment = moment_of(text)
    if not isinstance(moment, Instant):
        raise ValueError(f"{text!r:.80} has no zone")  # noqa: TRY004 - likewise
    return moment.time


def zone_named(name: object) -> ZoneInfo | None:
    """Return the zone of a name, or None if nobody knows it, such as ``GMT-7``."""
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return None


def text_of(moment: Moment) -> str:
    """Write a moment as Todoist does."""
    match moment:
        case Day(day):
            return day.isoformat()
        case Floating(time):
            return time.isoformat(timespec="seconds")
        case Instant(time):
            return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _time_of(text: str) -> tuple[datetime, bool]:
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r:.80} is no date as in 2026-03-02 or 2026-03-02T09:00:00")
    time = datetime.fromisoformat(text)
    if time.year not in _YEARS:
        raise ValueError(f"nothing happens in the year {time.year}")
    return time, match["zone"] is not None
