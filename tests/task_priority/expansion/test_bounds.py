"""No rule takes long, whenever it began and whatever it names."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_priority.expansion.rule import parse_rule
from task_priority.expansion.unfolding import Span, TooMany, unfold
from tests.task_priority.expansion.rules import STARTS, rules

LONG_AGO = datetime(1970, 1, 1, 9)
SPAN = Span(datetime(2026, 3, 1), datetime(2026, 3, 29))
MOST_CPU_S = 3.0
"""Of a slow machine; it is some tenths of a second on a usual one."""

EVERY_NUMBER = {
    "BYSECOND": range(60), "BYMINUTE": range(60), "BYHOUR": range(24), "BYMONTHDAY": range(1, 32),
    "BYYEARDAY": range(1, 367), "BYSETPOS": range(1, 367),
}  # fmt: skip


def all_of(name: str) -> str:
    return f"{name}={','.join(map(str, EVERY_NUMBER[name]))}"


def found(rule: str, start: datetime = LONG_AGO) -> list[datetime]:
    """Unfold a rule for four weeks and hold it to the limit of work."""
    before = time.process_time()
    try:
        return unfold(parse_rule(rule), start, SPAN)
    finally:
        assert time.process_time() - before < MOST_CPU_S


@pytest.mark.parametrize(
    ("rule", "count"),
    [
        ("FREQ=DAILY", 28),
        ("FREQ=HOURLY", 28 * 24 + 1),
        ("FREQ=HOURLY;INTERVAL=7", 97),
        ("FREQ=MINUTELY;INTERVAL=30", 28 * 48 + 1),
        ("FREQ=SECONDLY;INTERVAL=86400", 28),
        ("FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", 28),
        ("FREQ=MINUTELY;BYHOUR=9;BYMINUTE=0", 28),
        ("FREQ=DAILY;COUNT=20514", 1),  # the last one is on 1 March 2026
        ("FREQ=SECONDLY;COUNT=999999999;INTERVAL=3600", 28 * 24 + 1),
        ("FREQ=YEARLY;COUNT=57", 0),
    ],
)
def test_what_began_long_ago_is_found_at_once(rule: str, count: int) -> None:
    assert len(found(rule)) == count


@pytest.mark.parametrize(
    "frequency", ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"]
)
def test_a_rule_that_never_fits_ends(frequency: str) -> None:
    assert found(f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30") == []
    assert found(f"FREQ={frequency};BYMONTH=2;BYMONTHDAY=30;COUNT=3") == []


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MINUTELY",
        "FREQ=SECONDLY",
        "FREQ=HOURLY;BYDAY=MO;COUNT=99999999",
        "FREQ=SECONDLY;BYMINUTE=0;COUNT=99999999",
        f"FREQ=YEARLY;{all_of('BYHOUR')};{all_of('BYMINUTE')};{all_of('BYSECOND')};{all_of('BYSETPOS')}",
        f"FREQ=DAILY;COUNT=999999;BYDAY=MO;{all_of('BYSETPOS')}",
        f"FREQ=HOURLY;{all_of('BYMINUTE')};{all_of('BYSECOND')};BYSETPOS=-1",
    ],
)
def test_what_would_take_too_long_is_refused(rule: str) -> None:
    with pytest.raises(TooMany):
        found(rule)


@settings(max_examples=20)
@given(rule=rules(), count=st.none() | st.integers(1, 999_999_999), years=st.integers(0, 2000))
def test_no_rule_exceeds_the_limit(rule: str, count: int | None, years: int) -> None:
    start = datetime(2026 - years if years < 2026 else 1, 1, 1, 9)
    try:
        found(rule if count is None else f"{rule};COUNT={count}", start)
    except TooMany as error:
        assert str(error)  # noqa: PT017 - either answer is good


@settings(max_examples=20)
@given(rule=rules(), start=STARTS, ahead=st.integers(0, 1500))
def test_looking_from_later_on_finds_the_same(rule: str, start: datetime, ahead: int) -> None:
    parsed, last = parse_rule(rule), start + timedelta(days=ahead + 20)
    later = start + timedelta(days=ahead)
    try:
        whole = unfold(parsed, start, Span(start, last))
        part = unfold(parsed, start, Span(later, last))
    except TooMany:
        return
    assert part == [one for one in whole if one >= later]
