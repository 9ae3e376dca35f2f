"""One RRULE or EXRULE, read so strictly that every part of it is known to be sound.

Source: RFC 5545, section 3.3.10; RFC 7529 for RSCALE and SKIP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final, TypeAlias

from task_priority.expansion.written import read_moment
from task_priority.moments import Moment

Numbers: TypeAlias = tuple[int, ...]
Weekday: TypeAlias = tuple[int, int]
"""0 is Monday; and which of them within the month or year, 0: each."""

MAX_RULE_CHARS: Final = 4_000
_WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAY: Final = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(_WEEKDAYS)})", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,9}", re.ASCII)
_LEAP_SECOND: Final = 60
_LIMITS: Final = {
    "BYSECOND": (0, _LEAP_SECOND), "BYMINUTE": (0, 59), "BYHOUR": (0, 23), "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366), "BYWEEKNO": (-53, 53), "BYMONTH": (1, 12), "BYSETPOS": (-366, 366),
}  # fmt: skip
_NEVER_ZERO: Final = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
_KNOWN: Final = _LIMITS.keys() | {"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "WKST", "RSCALE", "SKIP"}


class Frequency(IntEnum):
    """How often a rule looks for something that repeats; the finer the greater, as dateutil counts them."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of repetition. Empty lists: that part is not there."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: Moment | None = None
    seconds: Numbers = ()
    minutes: Numbers = ()
    hours: Numbers = ()
    weekdays: tuple[Weekday, ...] = ()
    month_days: Numbers = ()
    year_days: Numbers = ()
    weeks: Numbers = ()
    months: Numbers = ()
    positions: Numbers = ()
    week_start: int = 0

    @property
    def names_days(self) -> bool:
        """Whether it says on which days of its year, month or week something is."""
        return bool(self.weekdays or self.month_days or self.year_days or self.weeks)

    @property
    def bare(self) -> bool:
        """Whether it says nothing but how often: then its repetitions are evenly far apart, up to weeks."""
        return not (self.names_days or self.months or self.positions or self.names_times)

    @property
    def names_times(self) -> bool:
        """Whether it says at which times of day something is."""
        return bool(self.hours or self.minutes or self.seconds)


@lru_cache(1024)
def parse_rule(text: str) -> Rule:
    """Read a rule without its name: ``FREQ=WEEKLY;BYDAY=MO``. A calendar has many alike: they are remembered.

    Parts that begin with ``X-`` and empty ones are passed over; case does not matter.

    Raises:
        ValueError: It is no rule, or one that cannot be followed; the words say why.
    """
    if len(text) > MAX_RULE_CHARS:
        raise ValueError(f"the rule has more than {MAX_RULE_CHARS} characters")
    parts = _parts(text.upper())
    _check_calendar(parts)
    if "FREQ" not in parts:
        raise ValueError(f"the rule {text[:60]!r} has no FREQ")
    until = parts.get("UNTIL")
    return Rule(
        frequency=_frequency(parts["FREQ"]),
        interval=_positive(parts, "INTERVAL") or 1,
        count=_positive(parts, "COUNT"),
        until=None if until is None else read_moment(until),
        seconds=tuple(sorted({min(one, 59) for one in _numbers(parts, "BYSECOND")})),
        minutes=_numbers(parts, "BYMINUTE"),
        hours=_numbers(parts, "BYHOUR"),
        weekdays=tuple(_weekday(one) for one in _items(parts.get("BYDAY", ""))),
        month_days=_numbers(parts, "BYMONTHDAY"),
        year_days=_numbers(parts, "BYYEARDAY"),
        weeks=_numbers(parts, "BYWEEKNO"),
        months=_numbers(parts, "BYMONTH"),
        positions=_numbers(parts, "BYSETPOS"),
        week_start=_weekday(parts.get("WKST", "MO"))[0],
    )


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or (name not in _KNOWN and not name.startswith("X-")):
            raise ValueError(f"{part[:60]!r} is no part of a rule")
        if name in parts:
            raise ValueError(f"the rule has {name} twice")
        parts[name] = value.strip()
    return parts


def _check_calendar(parts: dict[str, str]) -> None:
    if parts.get("RSCALE", "GREGORIAN") != "GREGORIAN":
        raise ValueError(f"the rule counts in another calendar, {parts['RSCALE'][:40]!r}")
    if parts.get("SKIP", "OMIT") != "OMIT":
        raise ValueError("the rule moves days that do not exist (SKIP), which is not supported")


def _frequency(text: str) -> Frequency:
    try:
        return Frequency[text]
    except KeyError:
        raise ValueError(f"FREQ={text[:40]} is none; there are {', '.join(Frequency.__members__)}") from None


def _positive(parts: dict[str, str], name: str) -> int | None:
    text = parts.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text) or int(text) < 1:
        raise ValueError(f"{name}={text[:40]} is no number above 0")
    return int(text)


def _numbers(parts: dict[str, str], name: str) -> Numbers:
    low, high = _LIMITS[name]
    numbers = set[int]()
    for item in _items(parts.get(name, "")):
        if (
            not _NUMBER.fullmatch(item)
            or not low <= int(item) <= high
            or (int(item) == 0 and name in _NEVER_ZERO)
        ):
            raise ValueError(f"{name} has {item[:40]!r}, which is none")
        numbers.add(int(item))
    return tuple(sorted(numbers))


def _items(text: str) -> list[str]:
    return [item for item in (item.strip() for item in text.split(",")) if item]


def _weekday(text: str) -> Weekday:
    found = _WEEKDAY.fullmatch(text)
    if found is None or (found[1] is not None and int(found[1]) == 0):
        raise ValueError(f"{text[:40]!r} is no weekday of a rule")
    return _WEEKDAYS.index(found[2]), int(found[1] or 0)
