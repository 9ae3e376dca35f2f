"""Cron expressions: what the five fields mean on a calendar and a wall clock, without any time zone."""

from __future__ import annotations

import re
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from crossdock.domain.errors import InvalidMessage

EXAMPLE: Final = '"0 7 * * 1-5" is 7:00 from Monday to Friday'
_MACROS: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS: Final = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_WEEKDAYS: Final = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
_FIFTH: Final = 5
_WEEK: Final = 7
_CALENDAR_REPEATS: Final = 400
"""After so many years the days of the calendar fall on the same days of the week again."""
_ONE_DAY: Final = timedelta(days=1)


class _Field(NamedTuple):
    """One of the five fields, its numbers from ``low`` to ``high``."""

    name: str
    low: int
    high: int
    words: tuple[str, ...] = ()
    first_word: int = 0


_MINUTE: Final = _Field("minute", 0, 59)
_HOUR: Final = _Field("hour", 0, 23)
_DAY: Final = _Field("day of month", 1, 31)
_MONTH: Final = _Field("month", 1, 12, tuple(_MONTHS), 1)
_WEEKDAY: Final = _Field("day of week", 0, 7, tuple(_WEEKDAYS))
_FIELDS: Final = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A cron expression that was read; ``parse`` makes one.

    A day counts if both its day of month and its day of week match. If both fields are restricted (neither begins
    with ``*``), one of them is enough, as in every cron.

    Attributes:
        text: In five fields with one blank between them.
        minutes: Sorted.
        hours: Sorted.
        days: Of the month; ``last_day``: the last one, too.
        weekdays: 0 is Sunday, up to 6.
        weekdays_of_month: Pairs such as (5, 2), the second Friday; (5, -1) is the last one.
        either_day: One of day of month and day of week is enough.
        follows_clock: The minute or the hour begins with ``*``: it comes again when the clock is set back.

    Source: crontab(5) of Debian's cron; ``L`` and ``#`` as in Quartz.
    """

    text: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    last_day: bool
    months: frozenset[int]
    weekdays: frozenset[int]
    weekdays_of_month: frozenset[tuple[int, int]]
    either_day: bool
    follows_clock: bool

    def first_from(self, wall: datetime) -> datetime | None:
        """Return the first minute on a wall clock that matches, ``wall`` or later; None: the calendar ends before.

        Args:
            wall: A whole minute, without a time zone.
        """
        at_midnight = time()
        day, since = wall.date(), wall.time()
        while True:
            if day.month in self.months and self.is_day(day):
                found = self._first_time(since)
                if found is not None:
                    return datetime.combine(day, found)
            if day.month in self.months:
                following = day.toordinal() + 1
            else:
                following = day.replace(day=1).toordinal() + monthrange(day.year, day.month)[1]
            if following > date.max.toordinal():
                return None
            day, since = date.fromordinal(following), at_midnight

    def is_day(self, day: date) -> bool:
        """Tell whether a day matches, whatever its month."""
        of_month = day.day in self.days or (self.last_day and _is_last(day))
        weekday = day.isoweekday() % _WEEK
        of_week = weekday in self.weekdays or any(
            weekday == wanted and _is_nth(day, nth) for wanted, nth in self.weekdays_of_month
        )
        return of_month or of_week if self.either_day else of_month and of_week

    def _first_time(self, since: time) -> time | None:
        place = bisect_left(self.hours, since.hour)
        if place < len(self.hours) and self.hours[place] == since.hour:
            minute = bisect_left(self.minutes, since.minute)
            if minute < len(self.minutes):
                return time(since.hour, self.minutes[minute])
            place += 1
        return time(self.hours[place], self.minutes[0]) if place < len(self.hours) else None


@lru_cache(maxsize=1024)
def parse(text: str) -> CronExpression:
    """Read a cron expression: five fields, or a word such as ``@daily``.

    Raises:
        InvalidMessage: It is none, or never comes true; the message names the field and gives an example.
    """
    fields = _fields_of(text)
    readings = [_read(field, part) for field, part in zip(_FIELDS, fields, strict=True)]
    minutes, hours, days, months, weekdays = readings
    expression = CronExpression(
        text=" ".join(fields),
        minutes=tuple(sorted(minutes.numbers)),
        hours=tuple(sorted(hours.numbers)),
        days=frozenset(days.numbers),
        last_day=days.last,
        months=frozenset(months.numbers),
        weekdays=frozenset(number % _WEEK for number in weekdays.numbers),
        weekdays_of_month=frozenset((number % _WEEK, nth) for number, nth in weekdays.nth),
        either_day=not any(part.startswith("*") for part in (fields[2], fields[4])),
        follows_clock=any(part.startswith("*") for part in fields[:2]),
    )
    _demand_a_day(expression)
    return expression


class _Reading:
    """What one field says."""

    def __init__(self) -> None:
        self.numbers: set[int] = set()
        self.nth: set[tuple[int, int]] = set()
        self.last = False


def _fields_of(text: str) -> list[str]:
    if not isinstance(text, str):
        raise InvalidMessage.of("cron", f"{text!r} is not text; {EXAMPLE}")
    words = text.upper().split()
    if len(words) == 1 and words[0].startswith("@"):
        found = _MACROS.get(words[0].lower())
        if found is None:
            raise InvalidMessage.of("cron", f"{text!r} is none of {', '.join(_MACROS)}")
        return found.split()
    if len(words) != len(_FIELDS):
        hint = (
            "; a cron expression knows no seconds, an interval does" if len(words) == len(_FIELDS) + 1 else ""
        )
        raise InvalidMessage.of(
            "cron",
            f"{text!r} has {len(words)} field{'' if len(words) == 1 else 's'}; write five: minute, hour, day of "
            f"month, month, day of week; {EXAMPLE}{hint}",
        )
    return words


def _read(field: _Field, text: str) -> _Reading:
    reading = _Reading()
    for part in text.split(","):
        _read_part(field, part, reading)
    return reading


def _read_part(field: _Field, part: str, reading: _Reading) -> None:
    """Read one entry of a list: ``*``, ``5``, ``1-5``, each with ``/2`` behind it, or ``L``, ``5L``, ``5#2``."""
    if field is _DAY and part == "L":
        reading.last = True
    elif field is _WEEKDAY and part.endswith("L") and part != "L":
        reading.nth.add((_number(field, part[:-1], part), -1))
    elif field is _WEEKDAY and "#" in part:
        weekday, _, nth = part.partition("#")
        if nth not in {"1", "2", "3", "4", "5"}:
            raise _wrong(field, f"in {part!r} a number from 1 to {_FIFTH} must follow #")
        reading.nth.add((_number(field, weekday, part), int(nth)))
    else:
        reading.numbers.update(_range(field, part))


def _range(field: _Field, part: str) -> Iterator[int]:
    span, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not re.fullmatch("[0-9]{1,3}", step_text) or not int(step_text):
            raise _wrong(field, f"in {part!r} a number of 1 or more must follow /")
        step = int(step_text)
    first_text, dash, last_text = span.partition("-")
    if span == "*":
        first, last = field.low, 6 if field is _WEEKDAY else field.high
    else:
        first = _number(field, first_text, part)
        last = _number(field, last_text, part) if dash else (field.high if slash else first)
        if field is _WEEKDAY and dash and last_text == "SUN":
            last = 7
    if last < first:
        raise _wrong(field, f"{part!r} ends before it begins; write it as two ranges")
    yield from range(first, last + 1, step)


def _number(field: _Field, text: str, part: str) -> int:
    if text in field.words:
        return field.words.index(text) + field.first_word
    if re.fullmatch("[0-9]{1,2}", text) and field.low <= int(text) <= field.high:
        return int(text)
    given = repr(text) if text == part else f"{text!r} in {part!r}"
    names = f", or a name from {field.words[0]} to {field.words[-1]}" if field.words else ""
    raise _wrong(field, f"{given} is not a number from {field.low} to {field.high}{names}")


def _wrong(field: _Field, issue: str) -> InvalidMessage:
    return InvalidMessage.of("cron", f"{field.name}: {issue}; {EXAMPLE}")


def _demand_a_day(expression: CronExpression) -> None:
    """Refuse what never comes true, such as 30 February."""
    day = date(2000, 1, 1)
    end = day.replace(year=day.year + _CALENDAR_REPEATS)
    while day < end:
        if day.month not in expression.months:
            day = day.replace(day=1) + timedelta(days=monthrange(day.year, day.month)[1])
        elif expression.is_day(day):
            return
        else:
            day += _ONE_DAY
    raise InvalidMessage.of(
        "cron",
        f"day of month: {expression.text!r} names a day that no year has, such as 30 February; {EXAMPLE}",
    )


def _is_last(day: date) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def _is_nth(day: date, nth: int) -> bool:
    """Tell whether it is the nth of its weekday in its month; -1: the last."""
    if nth > 0:
        return (day.day + 6) // _WEEK == nth
    return day.day + _WEEK > monthrange(day.year, day.month)[1]
