"""Which slots are sent once their time has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.domain.schedule import GRACE, Cron, Interval, Missed, Once, Timing, fire, slot_id
from tests.domain.clocks import at

START = at("2026-03-01")
INTERVALS = st.integers(1, 7200).map(lambda seconds: Interval(timedelta(seconds=seconds), START))
CRONS = st.sampled_from(["*/7 * * * *", "0 * * * *", "30 2 * * *", "15,45 1-3 * * 1-5", "0 0 29 2 *"]).map(
    lambda text: Cron(text, "Europe/Paris")
)
TIMINGS = st.one_of(INTERVALS, CRONS)
MOMENTS = st.integers(0, 40 * 24 * 3600).map(lambda seconds: START + timedelta(seconds=seconds))


def all_slots(timing: Timing, after: datetime, until: datetime) -> list[datetime]:
    """Return the slots in between, found one by one."""
    found: list[datetime] = []
    slot = timing.next_after(after)
    while slot is not None and slot <= until and len(found) < 3000:
        found.append(slot)
        slot = timing.next_after(slot)
    return found


@settings(max_examples=200, deadline=None)
@given(TIMINGS, MOMENTS, st.integers(0, 200_000))
def test_latest_is_the_last_of_all(timing: Timing, after: datetime, seconds: int) -> None:
    now = after + timedelta(seconds=seconds % 20_000 if isinstance(timing, Interval) else seconds)
    expected = all_slots(timing, after, now)
    firing = fire(timing, Missed.LATEST, decided_until=after, now=now, limit=100)
    assert firing.slots == tuple(expected[-1:] if len(expected) < 3000 else firing.slots)
    assert firing.next_at == timing.next_after(now)


@settings(max_examples=100, deadline=None)
@given(TIMINGS, MOMENTS, st.lists(st.integers(0, 20_000), min_size=1, max_size=5), st.integers(1, 50))
def test_all_sends_each_slot_once_in_whatever_steps(
    timing: Timing, after: datetime, steps: list[int], limit: int
) -> None:
    decided, now, sent = after, after, []
    for seconds in steps:
        now += timedelta(seconds=seconds)
        for _ in range(5):
            firing = fire(timing, Missed.ALL, decided_until=decided, now=now, limit=limit)
            sent += firing.slots
            decided = firing.decided_until
    expected = all_slots(timing, after, now)
    assert sent == expected[: len(sent)]
    assert len(sent) == len(expected) or len(sent) >= limit


@settings(max_examples=100, deadline=None)
@given(TIMINGS, MOMENTS, st.integers(0, 20_000))
def test_skip_sends_only_what_is_on_time(timing: Timing, after: datetime, seconds: int) -> None:
    now = after + timedelta(seconds=seconds)
    firing = fire(timing, Missed.SKIP, decided_until=after, now=now, limit=100)
    assert all(now - slot <= GRACE for slot in firing.slots)
    assert firing.next_at == timing.next_after(now)
    again = fire(timing, Missed.SKIP, decided_until=firing.decided_until, now=now, limit=100)
    assert again.slots == ()


def test_before_its_time_nothing_is_decided() -> None:
    timing = Interval(timedelta(hours=1), START)
    firing = fire(timing, Missed.ALL, decided_until=START, now=START + timedelta(minutes=59), limit=9)
    assert firing == ((), START, START + timedelta(hours=1))


def test_a_zone_whose_rules_change_moves_the_slots_that_are_to_come() -> None:
    """The next slot was worked out under other rules: today's count, and no slot is lost or doubled."""
    timing = Cron("0 7 * * *", "Europe/Paris")
    decided = at("2026-03-01T06:00")
    early = fire(timing, Missed.LATEST, decided_until=decided, now=at("2026-03-02T05:00"), limit=9)
    assert early == ((), decided, at("2026-03-02T06:00"))
    late = fire(timing, Missed.LATEST, decided_until=decided, now=at("2026-03-02T07:00"), limit=9)
    assert late.slots == (at("2026-03-02T06:00"),)


def test_once_is_once() -> None:
    timing = Once(START)
    firing = fire(timing, Missed.ALL, decided_until=timing.opens(START), now=START, limit=9)
    assert firing == ((START,), START, None)
    assert fire(timing, Missed.ALL, decided_until=START, now=START, limit=9) == ((), START, None)


def test_the_calendar_ends() -> None:
    timing = Interval(timedelta(days=3000), START)
    assert timing.next_after(datetime.max.replace(tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        (START, "report@2026-03-01T00:00:00Z"),
        (START + timedelta(microseconds=5), "report@2026-03-01T00:00:00.000005Z"),
    ],
)
def test_id_follows_from_schedule_and_slot(slot: datetime, text: str) -> None:
    assert slot_id("report", slot) == text
