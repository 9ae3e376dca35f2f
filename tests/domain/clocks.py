"""Plays the clocks of a time zone minute by minute: what a schedule must do, told in the plainest way."""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib import resources
from pathlib import Path

from crossdock.domain.cron import CronExpression
from crossdock.domain.local_time import Change, first_change, next_time

MINUTE = timedelta(minutes=1)
EXPRESSIONS = (
    "* * * * *", "*/15 * * * *", "30 * * * *", "5 */2 * * *", "*/20 2 * * *", "*/30 0-3,23 * * *",
    "30 2 * * *", "0,30 1-3 * * *", "0 0 * * *", "15,45 0 * * *", "59 23 * * *", "0 3 * * 0", "0 0 1 * *",
    "1 0,1,2,3 * * 1-6",
)  # fmt: skip


@cache
def zones() -> list[str]:
    """Return the names of all time zones, each kind of clock once (most names are other names of another)."""
    known: dict[str, str] = {}
    for name in sorted(zoneinfo.available_timezones() - {"Factory", "localtime"}):
        known.setdefault(_fingerprint(name), name)
    return list(known.values())


def changes(where: tzinfo, begin: datetime, end: datetime) -> Iterator[Change]:
    """Give the changes of the clocks between two instants."""
    while (change := first_change(where, begin, end)) is not None:
        yield change
        begin = change.at


def played(where: tzinfo, begin: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return each whole minute from ``begin`` to ``end``, and what the clocks show then."""
    moments = (begin + n * MINUTE for n in range((end - begin) // MINUTE + 1))
    return [(moment, moment.astimezone(where).replace(tzinfo=None)) for moment in moments]


def expected(expression: CronExpression, clocks: list[tuple[datetime, datetime]]) -> list[datetime]:
    """Return the slots later than the first minute and not later than the last.

    No clock may have been changed within a day before the first.
    """
    found: list[datetime] = []
    _, high = clocks[0]
    for moment, wall in clocks[1:]:
        if expression.follows_clock:
            if _matches(expression, wall):
                found.append(moment)
        elif wall > high:
            if any(_matches(expression, high + MINUTE * n) for n in range(1, (wall - high) // MINUTE + 1)):
                found.append(moment)
            high = wall
    return found


def given_slots(expression: CronExpression, where: tzinfo, begin: datetime, end: datetime) -> list[datetime]:
    """Return what our code says they are."""
    found: list[datetime] = []
    slot = next_time(expression, where, begin)
    while slot is not None and slot <= end:
        found.append(slot)
        slot = next_time(expression, where, slot)
    return found


def _matches(expression: CronExpression, wall: datetime) -> bool:
    return (
        wall.minute in expression.minutes
        and wall.hour in expression.hours
        and wall.month in expression.months
        and expression.is_day(wall.date())
    )


def _fingerprint(name: str) -> str:
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(resources.files("tzdata").joinpath("zoneinfo", name).read_bytes()).hexdigest()


def at(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
