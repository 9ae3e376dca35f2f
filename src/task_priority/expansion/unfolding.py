"""The local times of one rule, with a limit of work that depends neither on when the rule began nor on what it names.

A rule that does not count its repetitions is begun anew a little before the times that are wanted, in step with its
real start; one that counts is counted, and refused if that is too far. The known libraries walk from the real start,
and to the year 9999 if nothing fits, and cannot be stopped on the way: hence this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import islice, product
from typing import Final

from task_priority.expansion.days import WEEK, days_of, fits
from task_priority.expansion.rule import Frequency, Numbers, Rule

MAX_WORK: Final = 100_000
"""How many days, or hours, minutes and seconds, of one rule are looked at; each takes some microseconds."""
MAX_OCCURRENCES: Final = 10_000

_UNITS: Final = {
    Frequency.WEEKLY: timedelta(weeks=1),
    Frequency.DAILY: timedelta(days=1),
    Frequency.HOURLY: timedelta(hours=1),
    Frequency.MINUTELY: timedelta(minutes=1),
    Frequency.SECONDLY: timedelta(seconds=1),
}
_MONTHS: Final = {Frequency.YEARLY: 12, Frequency.MONTHLY: 1}


class TooMany(ValueError):
    """A rule repeats too often, or began too long ago, to be followed with bounded work."""


@dataclass(frozen=True, slots=True)
class Span:
    """Local times, both ends included."""

    first: datetime
    last: datetime


class _Work:
    """Keeps count of the work."""

    def __init__(self) -> None:
        self._left = MAX_WORK

    def spend(self, units: int = 1) -> None:
        self._left -= units
        if self._left < 0:
            raise TooMany(
                "its rule repeats too often to be followed that long, or counts repetitions and began too long ago"
            )


def unfold(rule: Rule, start: datetime, span: Span) -> list[datetime]:
    """Return the times of a rule within a span, in order; ``start`` is among them only if it fits the rule.

    Args:
        rule: Its ``until`` is not looked at.
        start: Local, without a zone, as all times here. If the rule counts, it is the first that counts.
        span: What is wanted.

    Raises:
        TooMany: It would take too long, or there are more than ``MAX_OCCURRENCES``.
    """
    if start > span.last or span.last < span.first:
        return []
    explicit = _explicit(rule, start)
    if rule.count is None:
        times = _walk(explicit, _forwarded(explicit, start, span.first), span.last)
    elif rule.bare and rule.frequency in _UNITS:
        last = min(span.last, _later(start, (rule.count - 1) * rule.interval, _UNITS[rule.frequency]))
        times = _walk(explicit, _forwarded(explicit, start, span.first), last)
    else:
        times = _counted(explicit, start, span.last)
    found = list(islice((time for time in times if time >= span.first), MAX_OCCURRENCES + 1))
    if len(found) > MAX_OCCURRENCES:
        raise TooMany(f"its rule repeats more than {MAX_OCCURRENCES} times in the time that is looked at")
    return found


def _explicit(rule: Rule, start: datetime) -> Rule:
    """Write into a rule what it takes from its start, so that it can be begun elsewhere."""
    rule = replace(
        rule,
        hours=rule.hours or _taken(start.hour, rule.frequency < Frequency.HOURLY),
        minutes=rule.minutes or _taken(start.minute, rule.frequency < Frequency.MINUTELY),
        seconds=rule.seconds or _taken(start.second, rule.frequency < Frequency.SECONDLY),
    )
    weekday = ((start.weekday(), 0),)
    match rule.frequency:
        case Frequency.YEARLY if not rule.names_days:
            return replace(rule, months=rule.months or (start.month,), month_days=(start.day,))
        case Frequency.YEARLY if rule.weeks and not (rule.weekdays or rule.month_days or rule.year_days):
            return replace(rule, weekdays=weekday)
        case Frequency.MONTHLY if not rule.names_days:
            return replace(rule, month_days=(start.day,))
        case Frequency.WEEKLY if not rule.names_days:
            return replace(rule, weekdays=weekday)
        case _:
            return rule


def _taken(number: int, coarser: bool) -> Numbers:  # noqa: FBT001 - whether it is taken at all
    return (number,) if coarser else ()


def _forwarded(rule: Rule, start: datetime, wanted: datetime) -> datetime:
    """Return a start that is in step with the real one, and at least one interval before what is wanted."""
    if rule.frequency in _UNITS:
        step = _step(rule)
        return start + max(0, (wanted - start) // step - 1) * step
    step_months = rule.interval * _MONTHS[rule.frequency]
    months = (wanted.year - start.year) * 12 + wanted.month - start.month
    skipped = (months // step_months - 1) * step_months
    if skipped <= 0:
        return start
    year, month = divmod(start.year * 12 + start.month - 1 + skipped, 12)
    # a year is begun with its first month: what is in it does not depend on when the rule began
    return datetime(year, 1 if rule.frequency is Frequency.YEARLY else month + 1, 1)


def _step(rule: Rule) -> timedelta:
    unit = _UNITS[rule.frequency]
    return min(rule.interval, timedelta.max // unit) * unit


def _counted(rule: Rule, start: datetime, last: datetime) -> Iterator[datetime]:
    """Count from the start. It is the first that counts, whether it fits the rule or not."""
    left = rule.count or 0
    for number, found in enumerate(_walk(rule, start, last)):
        if number == 0 and found != start:
            left -= 1
        if number >= left:
            return
        yield found


def _walk(rule: Rule, start: datetime, last: datetime) -> Iterator[datetime]:
    walk = _by_hours if rule.frequency >= Frequency.HOURLY else _by_days
    for found in walk(rule, start, last, _Work()):
        if found > last:
            return
        if found >= start:
            yield found


def _by_days(rule: Rule, start: datetime, last: datetime, work: _Work) -> Iterator[datetime]:
    times = [time(*parts) for parts in product(rule.hours, rule.minutes, rule.seconds)]
    if len(times) > MAX_OCCURRENCES:
        raise TooMany(f"its rule repeats more than {MAX_OCCURRENCES} times a day")
    for first in _periods(rule, start.date(), last.date()):
        candidates = list(days_of(rule, first))
        work.spend(1 + len(candidates) + len(rule.positions))
        days = [day for day in candidates if fits(rule, day)]
        for place in _picked(rule.positions, len(days) * len(times)):
            day, at = divmod(place, len(times))
            yield datetime.combine(days[day], times[at])


def _periods(rule: Rule, start: date, last: date) -> Iterator[date]:
    """Return the first days of the years, months, weeks or days that a rule looks at."""
    match rule.frequency:
        case Frequency.YEARLY:
            for year in range(start.year, last.year + 1, rule.interval):
                yield date(year, 1, 1)
        case Frequency.MONTHLY:
            for month in range(start.year * 12 + start.month - 1, last.year * 12 + last.month, rule.interval):
                yield date(month // 12, month % 12 + 1, 1)
        case _:
            into_week = (
                (start.weekday() - rule.week_start) % WEEK if rule.frequency is Frequency.WEEKLY else 0
            )
            begin = start.toordinal() - into_week
            for ordinal in range(begin, last.toordinal() + 1, _step(rule).days):
                yield date.fromordinal(max(ordinal, 1))


def _by_hours(rule: Rule, start: datetime, last: datetime, work: _Work) -> Iterator[datetime]:
    step = _step(rule)
    now = start
    while True:
        work.spend()
        wait = _until_next_fit(rule, now)
        if not wait:
            yield from _within_step(rule, now, work)
        ahead = max(1, -(-wait // step)) * step
        if last - now < ahead:
            return
        now += ahead


def _until_next_fit(rule: Rule, now: datetime) -> timedelta:
    """Return how long nothing fits for sure; zero: it fits now, as far as the rule limits and does not expand."""
    since_midnight = timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    if not fits(rule, now.date()):
        return timedelta(days=1) - since_midnight
    if rule.hours and now.hour not in rule.hours:
        return timedelta(hours=1) - since_midnight % timedelta(hours=1)
    if rule.frequency >= Frequency.MINUTELY and rule.minutes and now.minute not in rule.minutes:
        return timedelta(minutes=1) - since_midnight % timedelta(minutes=1)
    if rule.frequency is Frequency.SECONDLY and rule.seconds and now.second not in rule.seconds:
        return timedelta(seconds=1)
    return timedelta(0)


def _within_step(rule: Rule, now: datetime, work: _Work) -> Iterator[datetime]:
    minutes = rule.minutes if rule.frequency is Frequency.HOURLY else (now.minute,)
    seconds = rule.seconds if rule.frequency < Frequency.SECONDLY else (now.second,)
    times = list(product(minutes, seconds))
    work.spend(len(times) + len(rule.positions))
    for place in _picked(rule.positions, len(times)):
        minute, second = times[place]
        yield now.replace(minute=minute, second=second)


def _picked(positions: Numbers, count: int) -> Iterable[int]:
    """Return the places, from 0, of those that BYSETPOS picks from a number of repetitions; without it, all."""
    if not positions:
        return range(count)
    places = {position - 1 if position > 0 else count + position for position in positions}
    return sorted(place for place in places if 0 <= place < count)


def _later(start: datetime, steps: int, unit: timedelta) -> datetime:
    return start + min(steps, (datetime.max - start) // unit) * unit
