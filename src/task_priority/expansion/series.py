"""All repetitions of an event or a task that start within a window: its rules and dates, without its exceptions.

Source: RFC 5545, sections 3.3.10 and 3.8.5. Repetition is in local time; a local time that the clock leaves out in
spring is read with the offset before the change, and one that comes twice in autumn is the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Final

from task_priority.expansion.clock import Clock
from task_priority.expansion.rule import Frequency, Rule, parse_rule
from task_priority.expansion.unfolding import MAX_OCCURRENCES, Span, TooMany, unfold
from task_priority.expansion.written import write_moment
from task_priority.moments import Day, Moment, start_of
from task_priority.reading import Window

__all__ = ["Occurrence", "Series", "TooMany", "expand"]

MAX_RULES: Final = 16
MAX_DATES: Final = MAX_OCCURRENCES
_A_DAY: Final = timedelta(days=1)
"""More than any two zones, or two offsets of one zone, are apart in practice."""


@dataclass(frozen=True, slots=True)
class Series:
    """Something that repeats.

    Attributes:
        start: The first. A Floating one together with a zone is a local time there.
        zone: In whose local time it repeats; None: an instant repeats in UTC, a day or a Floating time wherever the
            owner is.
        rules: Lines ``RRULE:…`` and ``EXRULE:…``; without a name, it is an RRULE.
        dates: More of them (RDATE).
        exceptions: Those that are left out (EXDATE). A day leaves out whatever starts on it.
    """

    start: Moment
    zone: tzinfo | None = None
    rules: tuple[str, ...] = ()
    dates: tuple[Moment, ...] = ()
    exceptions: tuple[Moment, ...] = ()

    def clock(self, owner: tzinfo) -> Clock:
        """Return the clock by which it repeats for somebody in a zone."""
        return Clock.of(self.start, self.zone, owner)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One repetition.

    Attributes:
        original: When it was meant to start, as iCalendar writes it, in UTC unless it is a day or floats.
    """

    start: Moment
    original: str


def expand(series: Series, window: Window) -> list[Occurrence]:
    """Return what of a series starts within a window, in order; what began before and still lasts is not in it.

    The work has a limit that does not depend on when the series began. The start is always one of the repetitions, as
    RFC 5545 has it, and the first that a rule counts.

    Raises:
        TooMany: There are too many, or it would take too long to find them.
        ValueError: A rule or a date is wrong; the words say how.
    """
    if len(series.rules) > MAX_RULES:
        raise TooMany(f"it has more than {MAX_RULES} rules")
    if len(series.dates) > MAX_DATES or len(series.exceptions) > MAX_DATES:
        raise TooMany(f"it has more than {MAX_DATES} single dates")
    try:
        placed = [
            (start_of(moment, window.zone), write_moment(moment), moment)
            for moment in _within(series, window)
        ]
    except OverflowError as error:
        raise ValueError("it goes beyond the years 1 to 9999") from error
    if len(placed) > MAX_OCCURRENCES:
        raise TooMany(f"it repeats more than {MAX_OCCURRENCES} times in the time that is looked at")
    placed.sort(key=lambda one: one[:2])
    return [Occurrence(moment, original) for _, original, moment in placed]


def _within(series: Series, window: Window) -> Iterator[Moment]:
    clock = series.clock(window.zone)
    found = {clock.alike(moment) for moment in (series.start, *series.dates)}
    left_out = {clock.alike(moment) for moment in series.exceptions}
    for line in series.rules:
        name, rule = _named(line)
        (left_out if name == "EXRULE" else found).update(_unfolded(rule, series.start, clock, window))
    days = {moment.date for moment in series.exceptions if isinstance(moment, Day)}
    for moment in found - left_out:
        if window.start <= start_of(moment, window.zone) < window.end and clock.day(moment) not in days:
            yield moment


def _named(line: str) -> tuple[str, Rule]:
    head, colon, text = line.partition(":")
    name = head.partition(";")[0].strip().upper() if colon else "RRULE"
    if name not in {"RRULE", "EXRULE"}:
        raise ValueError(f"{line[:60]!r} is no rule of repetition")
    return name, parse_rule(text if colon else line)


def _unfolded(rule: Rule, start: Moment, clock: Clock, window: Window) -> Iterator[Moment]:
    if clock.kind is Day:
        rule = _of_days(rule)
    last = _naive(window.end, window.zone) + _A_DAY
    if rule.until is not None:
        last = min(last, datetime.combine(clock.day(rule.until), time.max))
    for local in unfold(rule, clock.local(start), Span(_naive(window.start, window.zone) - _A_DAY, last)):
        moment = clock.moment(local)
        if rule.until is None or _is_in_time(moment, rule.until, clock):
            yield moment


def _of_days(rule: Rule) -> Rule:
    if rule.frequency >= Frequency.HOURLY:
        raise ValueError(f"it lasts all day and its rule repeats within days ({rule.frequency.name})")
    return replace(rule, hours=(), minutes=(), seconds=())


def _is_in_time(moment: Moment, until: Moment, clock: Clock) -> bool:
    """Tell whether a repetition is not after the end of its rule, which is in it; a day with all that is on it."""
    if isinstance(until, Day):
        return clock.day(moment) <= until.date
    return start_of(moment, clock.zone) <= start_of(clock.alike(until), clock.zone)


def _naive(instant: datetime, zone: tzinfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
