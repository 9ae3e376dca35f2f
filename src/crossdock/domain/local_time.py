"""When a cron expression comes true in a time zone: slots as instants, through every change of the clocks.

Two rules (docs/how-to/schedules.md tells them to people):

- A *fixed time* comes when the clocks first show it or pass it. Once on the day on which they show it twice; on the day
  on which they jump over it, at the end of the jump.
- An expression that *follows the clock* (its minute or hour begins with ``*``) comes whenever the clocks show a time
  that matches: again when they are set back, and not while they jump.

Source: cron(8) of Debian, "Notes", for which expressions are of which kind.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from crossdock.domain.cron import CronExpression
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.wording import did_you_mean

_MINUTE: Final = timedelta(minutes=1)
_SECOND: Final = timedelta(seconds=1)
_STEP: Final = timedelta(hours=12)
"""Clocks are never changed twice within it."""
_LONGEST_CHANGE: Final = timedelta(hours=25)
"""No change of clocks is longer; Samoa left out a day."""
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Nobody asks for what was before, where clocks differed by odd seconds."""
_LAST_YEAR: Final = 9990


class Change(NamedTuple):
    """A change of the clocks of a zone: from ``at`` on they are ``after`` from UTC, until then ``before``."""

    at: datetime
    before: timedelta
    after: timedelta


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """Return a time zone by its IANA name.

    Raises:
        InvalidMessage: This machine knows none of that name.
    """
    if name == "UTC":
        return UTC  # known to machines without any time zones, too
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise InvalidMessage.of(
            "timezone", f"{name!r} is not a time zone that is known here{_near(name)}"
        ) from error


def next_time(expression: CronExpression, where: tzinfo, after: datetime) -> datetime | None:
    """Return the first instant later than ``after`` at which an expression comes true, aware UTC.

    Args:
        expression: The expression.
        where: Whose clocks it is read from.
        after: Aware.

    Returns:
        None: there is none before the year 9990.
    """
    after = max(after, _FIRST).astimezone(UTC)
    if after.year >= _LAST_YEAR:
        return None
    moment, offset = after, _offset(where, after)
    wall = _next_minute(_wall(after, offset))
    if not expression.follows_clock:
        wall = max([wall, *_shown_before(where, after)])
    while True:
        found = expression.first_from(wall)
        if found is None or found.year >= _LAST_YEAR:
            return None
        slot = found.replace(tzinfo=UTC) - offset
        change = first_change(where, moment, slot)
        if change is None:
            return slot
        moment, offset = change.at, change.after
        shown = _wall(change.at, change.after)
        if expression.follows_clock:
            wall = _whole_minute(shown)
        elif change.after > change.before and found <= shown:
            return change.at
        else:
            wall = found


def first_change(where: tzinfo, begin: datetime, end: datetime) -> Change | None:
    """Return the first change of the clocks later than ``begin`` and not later than ``end``, or None."""
    if where is UTC:
        return None
    begin = begin.replace(microsecond=0)
    before = _offset(where, begin)
    while begin < end:
        ahead = min(begin + _STEP, end)
        if _offset(where, ahead) != before:
            return _narrowed(where, begin, ahead, before)
        begin = ahead
    return None


def _narrowed(where: tzinfo, begin: datetime, end: datetime, before: timedelta) -> Change:
    """Find the second of a change between two instants."""
    low, high = 0, -(-(end - begin) // _SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(where, begin + middle * _SECOND) == before:
            low = middle
        else:
            high = middle
    at = begin + high * _SECOND
    return Change(at, before, _offset(where, at))


def _shown_before(where: tzinfo, after: datetime) -> list[datetime]:
    """Return where the clocks were when they were last set back: times before it have come already."""
    found = []
    begin = after - _LONGEST_CHANGE
    while (change := first_change(where, begin, after)) is not None:
        found.append(_whole_minute(_wall(change.at, change.before)))
        begin = change.at
    return found


def _offset(where: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(where).utcoffset() or timedelta(0)


def _wall(moment: datetime, offset: timedelta) -> datetime:
    return (moment + offset).replace(tzinfo=None)


def _next_minute(wall: datetime) -> datetime:
    return wall.replace(second=0, microsecond=0) + _MINUTE


def _whole_minute(wall: datetime) -> datetime:
    """Return the first whole minute, ``wall`` or later."""
    return wall if not (wall.second or wall.microsecond) else _next_minute(wall)


def _near(name: object) -> str:
    known = available_timezones()
    if not known:
        return ": this machine has no time zones; install them with: pip install 'crossdock[tzdata]'"
    return did_you_mean(str(name), known) or '; for example "Europe/Paris"'
