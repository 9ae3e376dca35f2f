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


def expected(expression: CronExpression, where: tzinfo, begin: datetime, end: datetime) -> list[datetime]:
    """Return the slots later than ``begin`` and not later than ``end``, which are whole minutes.

    No clock may have been changed within a day before ``begin``.
    """
    found: list[datetime] = []
    high = _wall(where, begin)
    moment = begin + MINUTE
    while moment <= end:
        wall = _wall(where, moment)
        if expression.follows_clock:
            if _matches(expression, wall):
                found.append(moment)
        elif wall > high:
            if any(_matches(expression, high + MINUTE * n) for n in range(1, (wall - high) // MINUTE + 1)):
                found.append(moment)
            high = wall
        moment += MINUTE
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


def _wall(where: tzinfo, moment: datetime) -> datetime:
    return moment.astimezone(where).replace(tzinfo=None)


def _fingerprint(name: str) -> str:
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
    return hashlib.sha256(resources.files("tzdata").joinpath("zoneinfo", name).read_bytes()).hexdigest()


def at(text: str) -> datetime:
    """Read an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
