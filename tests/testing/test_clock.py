"""The clock that tests of applications set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from crossdock import Queue
from crossdock.testing import FakeClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(NOON)
    assert clock.now() == clock.now() == NOON
    assert clock.advance(timedelta(minutes=5)) == clock.now() == NOON + timedelta(minutes=5)


def test_clock_may_jump_back() -> None:
    clock = FakeClock(NOON)
    clock.set(NOON - timedelta(hours=1))
    assert clock.now() == NOON - timedelta(hours=1)


def test_clock_tells_utc_whatever_zone_it_was_set_in() -> None:
    clock = FakeClock(NOON.astimezone(timezone(timedelta(hours=5, minutes=30))))
    assert clock.now() == NOON
    assert clock.now().tzinfo is UTC
    assert "2026-03-01T12:00:00+00:00" in repr(clock)


@pytest.mark.parametrize("moment", [datetime(2026, 3, 1), NOON.replace(tzinfo=None)])  # noqa: DTZ001
def test_moment_without_a_zone_is_refused(moment: datetime) -> None:
    with pytest.raises(ValueError, match="time zone"):
        FakeClock(moment)
    with pytest.raises(ValueError, match="time zone"):
        FakeClock().set(moment)


def test_advancing_into_the_past_is_refused() -> None:
    clock = FakeClock(NOON)
    with pytest.raises(ValueError, match="jump back"):
        clock.advance(-timedelta(seconds=1))
    assert clock.now() == NOON


def test_queue_in_memory_follows_the_clock() -> None:
    clock = FakeClock(NOON)
    with Queue.testing(clock=clock) as queue:
        queue.send("later", {"n": 1}, delay=timedelta(hours=1))
        assert queue.claim("later") == []
        clock.advance(timedelta(hours=1))
        (delivery,) = queue.claim("later")
        assert delivery.message.data == {"n": 1}
        assert delivery.message.time == NOON
