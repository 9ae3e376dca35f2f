"""Days, floating times and instants: three kinds of time that calendars and task lists mix, and that are not the same.

None becomes another in silence: whoever needs an instant says in which zone, and whether the start or the end is meant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar, wherever its owner is."""

    date: date


@dataclass(frozen=True, slots=True)
class Floating:
    """A time on the clock of wherever its owner is.

    Raises:
        ValueError: The time has a zone, so it is an instant.
    """

    time: datetime

    def __post_init__(self) -> None:
        if self.time.tzinfo is not None:
            raise ValueError(f"{self.time.isoformat()} has a zone: it is an Instant, not a Floating time")


@dataclass(frozen=True, slots=True)
class Instant:
    """A point in time, the same for everybody; kept in UTC.

    Raises:
        ValueError: The time has no zone, so nobody knows when it is.
    """

    time: datetime

    def __post_init__(self) -> None:
        if self.time.tzinfo is None:
            raise ValueError(f"{self.time.isoformat()} has no zone: it is a Floating time, not an Instant")
        object.__setattr__(self, "time", self.time.astimezone(UTC))


Moment: TypeAlias = Day | Floating | Instant


def start_of(moment: Moment, zone: tzinfo) -> datetime:
    """Return when it begins for someone in ``zone``, in UTC.

    A local time that the clock leaves out in spring is read with the offset before the change; one that comes twice in
    autumn is the first. Source: RFC 5545, section 3.3.5.
    """
    match moment:
        case Day(day):
            return _begin_of(day, zone)
        case Floating(time):
            return _instant(time, zone)
        case Instant(time):
            return time
        case _:
            assert_never(moment)


def end_of(moment: Moment, zone: tzinfo) -> datetime:
    """Return when it is over for someone in ``zone``, in UTC.

    A day ends when the next begins, a time where it starts.
    """
    if isinstance(moment, Day):
        return start_of(Day(moment.date + timedelta(days=1)), zone)
    return start_of(moment, zone)


def day_of(moment: Moment, zone: tzinfo) -> date:
    """Return the day on which it begins for someone in ``zone``."""
    if isinstance(moment, Day):
        return moment.date
    return start_of(moment, zone).astimezone(zone).date()


@lru_cache(4096)
def _begin_of(day: date, zone: tzinfo) -> datetime:
    """Remember it: thousands of tasks end on the same few days, and each is asked for several times."""
    return _instant(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - gets its zone there


def _instant(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
