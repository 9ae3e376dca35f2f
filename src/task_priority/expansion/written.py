"""Moments as iCalendar writes them: ``20260302``, ``20260302T090000`` and ``20260302T080000Z``."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, assert_never

from task_priority.moments import Day, Floating, Instant, Moment

_FORM: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?", re.ASCII | re.IGNORECASE)
_LEAP_SECOND: Final = 60


def read_moment(text: str) -> Moment:
    """Read a day, a floating time or a time in UTC.

    A leap second is the second before it. The hour 24, which some write though the standard knows none, is midnight.

    Source: RFC 5545, sections 3.3.4, 3.3.5 and 3.3.12.

    Raises:
        ValueError: It is none of them, or no such day or time exists; the words say which.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is neither a day nor a time of iCalendar")
    year, month, day = (int(part) for part in found.groups()[:3])
    try:
        if found[4] is None:
            return Day(date(year, month, day))
        time = _time(datetime(year, month, day), *(int(part) for part in found.groups()[3:6]))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} does not exist: {error}") from error
    return Instant(time.replace(tzinfo=UTC)) if found[7] else Floating(time)


def write_moment(moment: Moment) -> str:
    """Write a moment; an instant in UTC. Two moments that are the same are written the same."""
    match moment:
        case Day(day):
            return f"{day.year:04}{day.month:02}{day.day:02}"
        case Floating(time):
            return _written(time)
        case Instant(time):
            return f"{_written(time)}Z"
        case _:
            assert_never(moment)


def _time(day: datetime, hour: int, minute: int, second: int) -> datetime:
    if (hour, minute, second) == (24, 0, 0):
        return day + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=59 if second == _LEAP_SECOND else second)


def _written(time: datetime) -> str:
    # strftime writes the year 999 with three digits
    return f"{time.year:04}{time.month:02}{time.day:02}T{time.hour:02}{time.minute:02}{time.second:02}"
