"""Values of iCalendar properties: moments with their zones, lengths, and periods.

Source: RFC 5545, sections 3.3 and 3.2.19.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, time, timedelta, tzinfo
from typing import Final, TypeAlias, assert_never

from task_priority.expansion.written import read_moment
from task_priority.exporters.ics.lines import Property, split_list
from task_priority.moments import Day, Floating, Instant, Moment, start_of

Zones: TypeAlias = Callable[[str], tzinfo]
"""Finds the zone of a TZID."""

_DURATION: Final = re.compile(
    r"([+-])?P(?:(\d{1,6})W)?(?:(\d{1,6})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?",
    re.ASCII | re.IGNORECASE,
)
_A_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Length:
    """How long something lasts: days of the calendar, and after them time."""

    days: int = 0
    time: timedelta = timedelta(0)

    @property
    def most(self) -> timedelta:
        """No less than it can ever last: a day may have 25 hours."""
        return self.days * (_A_DAY + timedelta(hours=1)) + self.time


def moment_of(written: Property, zones: Zones) -> Moment:
    """Read a day or a time; one with a TZID becomes an instant.

    Raises:
        ValueError: It cannot be read.
    """
    return place(read_moment(written.value), zone_of(written, zones))


def place(moment: Moment, zone: tzinfo | None) -> Moment:
    """Return a local time in a zone as an instant; what else there is as it is."""
    if zone is None or not isinstance(moment, Floating):
        return moment
    return Instant(start_of(moment, zone))


def zone_of(written: Property, zones: Zones) -> tzinfo | None:
    """Return the zone that a property names; None: none, or what it tells is no local time."""
    name = written.parameters.get("TZID")
    return None if not name else zones(name)


def duration_of(text: str) -> Length:
    """Read a duration.

    Raises:
        ValueError: It is none.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()[1:]):
        raise ValueError(f"{text[:40]!r} is no duration")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups()[1:])
    sign = -1 if found[1] == "-" else 1
    return Length(sign * (weeks * 7 + days), sign * timedelta(hours=hours, minutes=minutes, seconds=seconds))


def length_between(start: Moment, end: Moment, zone: tzinfo) -> Length:
    """Return how long something lasts from its start to its end, which may be of different kinds.

    A day that ends on the same day lasts that day; a day that ends at a time lasts all of the days that it touches.
    """
    if isinstance(start, Day):
        last = end.date if isinstance(end, Day) else _day_after(end, zone)
        days = (last - start.date).days
        return Length(days or 1)
    if isinstance(start, Floating) and isinstance(end, Floating):
        return Length(0, end.time - start.time)
    return Length(0, start_of(end, zone) - start_of(start, zone))


def end_of_length(start: Moment, length: Length, zone: tzinfo) -> Moment:
    """Return when something ends; its days are counted on the clock of its zone, the rest in time."""
    match start:
        case Day(day):
            return Day(day + timedelta(days=length.days) - (-length.time // _A_DAY) * _A_DAY)
        case Floating(time):
            return Floating(time + timedelta(days=length.days) + length.time)
        case Instant(time):
            local = time.astimezone(zone).replace(tzinfo=None) + timedelta(days=length.days)
            begun = start_of(Floating(local), zone) if length.days else time
            return Instant(begun + length.time)
        case _:
            assert_never(start)


def periods_of(written: Property, zones: Zones) -> list[tuple[Moment, Length | None]]:
    """Read the moments of an RDATE or EXDATE; those that are periods with how long they last.

    Raises:
        ValueError: One cannot be read.
    """
    zone = zone_of(written, zones)
    found: list[tuple[Moment, Length | None]] = []
    for part in split_list(written.value):
        start_text, slash, end_text = part.partition("/")
        start = place(read_moment(start_text), zone)
        length = None
        if slash and end_text.lstrip("+-").upper().startswith("P"):
            length = duration_of(end_text)
        elif slash:
            length = length_between(start, place(read_moment(end_text), zone), zone or UTC)
        found.append((start, length))
    return found


def _day_after(end: Floating | Instant, zone: tzinfo) -> date:
    local = end.time if isinstance(end, Floating) else end.time.astimezone(zone)
    return local.date() + (_A_DAY if local.time() != time(0) else timedelta(0))
