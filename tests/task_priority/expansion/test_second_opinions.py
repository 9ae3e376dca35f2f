"""What a rule yields, compared with two libraries: dateutil, and libical, which share nothing with it or each other."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import HealthCheck, assume, given, settings

from task_priority.expansion.rule import parse_rule
from task_priority.expansion.unfolding import Span, TooMany, unfold
from tests.task_priority.expansion import libical
from tests.task_priority.expansion.rules import cases, span_from

COMPARED = 40
QUICK = settings(max_examples=60, derandomize=True, suppress_health_check=list(HealthCheck))
"""The same cases each time: what else the other libraries get wrong is no fault of ours."""
LONG = settings(QUICK, max_examples=1_000)


@QUICK
@given(cases())
def test_dateutil_finds_the_same(case: tuple[str, datetime]) -> None:
    _agree_with_dateutil(*case)


@pytest.mark.slow
@LONG
@given(cases())
def test_dateutil_finds_the_same_of_very_many(case: tuple[str, datetime]) -> None:
    _agree_with_dateutil(*case)


@pytest.mark.needs_libical
@QUICK
@given(cases())
def test_libical_finds_the_same(case: tuple[str, datetime]) -> None:
    _agree_with_libical(*case)


@pytest.mark.slow
@pytest.mark.needs_libical
@LONG
@given(cases())
def test_libical_finds_the_same_of_very_many(case: tuple[str, datetime]) -> None:
    _agree_with_libical(*case)


@pytest.mark.parametrize("week", [1, 2, 20, 52, 53])
def test_weeks_are_those_of_the_iso_calendar(week: int) -> None:
    start = datetime(2020, 1, 1)
    span = Span(start, datetime(2040, 1, 1))
    found = unfold(parse_rule(f"FREQ=YEARLY;BYWEEKNO={week};BYDAY=MO"), start, span)
    mondays = [start + timedelta(days=5 + 7 * number) for number in range(1_100)]
    assert found == [day for day in mondays if day.isocalendar().week == week and day <= span.last]


def _agree_with_dateutil(rule: str, start: datetime) -> None:
    """Both libraries walk for minutes where nothing more fits, so neither is asked for more than we found."""
    ours = _ours(rule, start)
    assume(not (begins_within_its_first_set(rule, start) or asks_for_last_weeks(rule)))
    assert list(islice(rrulestr(rule, dtstart=start), len(ours))) == ours


def _agree_with_libical(rule: str, start: datetime) -> None:
    ours = _ours(rule, start)
    assume(not _is_beyond_libical(rule))
    assert libical.times(rule, start, len(ours)) == ours
    if len(ours) < COMPARED and not _repeats_within_days(rule):
        last = span_from(rule, start).last
        assert [time for time in libical.times(rule, start, len(ours) + 1) if time <= last] == ours


def _ours(rule: str, start: datetime) -> list[datetime]:
    """Where nothing fits, the libraries walk for minutes, or raise."""
    try:
        ours = unfold(parse_rule(rule), start, span_from(rule, start))[:COMPARED]
    except TooMany:
        assume(condition=False)
        raise
    assume(ours)
    return ours


def begins_within_its_first_set(rule: str, start: datetime) -> bool:
    """Dateutil counts positions in the first week from the start on; RFC 5545 from the week's first day."""
    week_start = parse_rule(rule).week_start
    return rule.startswith("FREQ=WEEKLY") and "BYSETPOS" in rule and start.weekday() != week_start


def asks_for_last_weeks(rule: str) -> bool:
    """Dateutil counts the weeks of a year by the length of the next, so that days after its last week go amiss."""
    weeks = dict(part.split("=") for part in rule.split(";")).get("BYWEEKNO", "")
    return bool({"52", "53", "-1", "-2"} & set(weeks.split(",")))


def _is_beyond_libical(rule: str) -> bool:
    """What libical 3.0 gets wrong, or reads otherwise, and dateutil does not.

    In a year it looks for days of the month in the month of the start alone, where the rule names none.
    It leaves out first weeks that begin in December.
    It takes no days from the end of a month unless it goes through months, counts positions among days and not times,
    and in years and months only, and there twice a day that is meant twice, and loses step, or repeats itself, where
    something limits repetitions within days.
    """
    parts = dict(part.split("=") for part in rule.split(";"))
    one_month = parts["FREQ"] == "YEARLY" and "BYMONTHDAY" in parts and "BYMONTH" not in parts
    from_the_end = "-" in parts.get("BYMONTHDAY", "") and parts["FREQ"] != "MONTHLY"
    lists = any("," in parts.get(name, "") for name in ("BYHOUR", "BYMINUTE", "BYSECOND"))
    twice = "-" in parts.get("BYMONTHDAY", "") and "," in parts["BYMONTHDAY"]
    positions = "BYSETPOS" in parts and (lists or twice or parts["FREQ"] == "WEEKLY")
    limited = _repeats_within_days(rule) and "BY" in rule
    weeks = "BYWEEKNO" in parts
    return weeks or one_month or from_the_end or positions or limited


def _repeats_within_days(rule: str) -> bool:
    return rule.startswith(("FREQ=HOURLY", "FREQ=MINUTELY", "FREQ=SECONDLY"))
