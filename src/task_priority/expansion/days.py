"""Which days of a year, month, week or day fit a rule.

Source: RFC 5545, section 3.3.10. Its table of what expands and what limits comes to one test for each day, once the
rule says all that it takes from its start.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from task_priority.expansion.rule import Frequency, Numbers, Rule

WEEK: Final = 7
_MONTHS: Final = 12
_THURSDAY: Final = timedelta(days=3)
"""From the start of a week: the day that says to which year it belongs."""


def days_of(rule: Rule, first: date) -> Iterator[date]:
    """Return the days that may fit, in order: of the year, month, week or day that begins with ``first``."""
    match rule.frequency:
        case Frequency.YEARLY:
            for month in rule.months or range(1, _MONTHS + 1):
                yield from _days_of_month(rule, first.year, month)
        case Frequency.MONTHLY:
            yield from _days_of_month(rule, first.year, first.month)
        case Frequency.WEEKLY:
            # the last week there is may not be whole
            left = (date.max - first).days
            named, begin = {weekday for weekday, _ in rule.weekdays}, first.weekday()
            for day in range(min(WEEK, left + 1)):
                if not named or (begin + day) % WEEK in named:
                    yield first + timedelta(days=day)
        case _:
            yield first


def fits(rule: Rule, day: date) -> bool:
    """Tell whether a day has all that a rule asks of days."""
    return (
        (not rule.months or day.month in rule.months)
        and (not rule.month_days or _is_among(rule.month_days, day.day, _length_of_month(day)))
        and (not rule.year_days or _is_among(rule.year_days, _day_of_year(day), _length_of_year(day)))
        and (not rule.weekdays or _has_weekday(rule, day))
        and (not rule.weeks or _is_among(rule.weeks, *_week(day, rule.week_start)))
    )


def _days_of_month(rule: Rule, year: int, month: int) -> Iterator[date]:
    length = monthrange(year, month)[1]
    for day in _resolved(rule.month_days, length) if rule.month_days else range(1, length + 1):
        yield date(year, month, day)


def _resolved(numbers: Numbers, length: int) -> Iterable[int]:
    counted = {number if number > 0 else length + 1 + number for number in numbers}
    return sorted(number for number in counted if 1 <= number <= length)


def _is_among(numbers: Numbers, number: int, length: int) -> bool:
    """Tell whether a day or a week is one of those numbers, counted from the start or, below 0, from the end."""
    return number in numbers or number - length - 1 in numbers


def _has_weekday(rule: Rule, day: date) -> bool:
    weekday = day.weekday()
    named = [nth for one, nth in rule.weekdays if one == weekday]
    if not named or 0 in named:
        return bool(named)
    match rule.frequency:
        case Frequency.YEARLY if not rule.months:
            number, length = _day_of_year(day), _length_of_year(day)
        case Frequency.YEARLY | Frequency.MONTHLY:
            number, length = day.day, _length_of_month(day)
        case _:  # there a number means nothing, and RFC 5545 forbids it
            return True
    return (number - 1) // WEEK + 1 in named or -((length - number) // WEEK + 1) in named


def _week(day: date, week_start: int) -> tuple[int, int]:
    """Return the number of the week in which a day is, and how many weeks the year of that week has.

    The first week of a year is the first with four days in it.
    """
    into_week = (day.weekday() - week_start) % WEEK
    ordinal = day.toordinal() - into_week + _THURSDAY.days
    if not 1 <= ordinal <= date.max.toordinal():
        return 1, WEEK  # at the edges of the calendar; no rule names a week there
    middle = date.fromordinal(ordinal)
    number = (_day_of_year(middle) - 1) // WEEK + 1
    weeks = number + (_length_of_year(middle) - _day_of_year(middle)) // WEEK
    return number, weeks


def _day_of_year(day: date) -> int:
    return day.timetuple().tm_yday


def _length_of_year(day: date) -> int:
    return 365 + isleap(day.year)


def _length_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]
