"""Days, floating times and instants stay what they are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from task_priority.moments import Day, Floating, Instant, day_of, end_of, start_of
from tests.task_priority.cases import OSLO

NEW_YORK = ZoneInfo("America/New_York")


def test_a_day_is_a_day_wherever_its_owner_is() -> None:
    day = Day(date(2026, 11, 26))
    assert start_of(day, OSLO) == datetime(2026, 11, 25, 23, tzinfo=UTC)
    assert start_of(day, NEW_YORK) == datetime(2026, 11, 26, 5, tzinfo=UTC)
    assert day_of(day, OSLO) == day_of(day, NEW_YORK) == day.date


def test_a_day_ends_when_the_next_begins() -> None:
    assert end_of(Day(date(2026, 3, 29)), OSLO) == datetime(2026, 3, 29, 22, tzinfo=UTC)  # it has 23 hours


def test_a_floating_time_is_read_where_its_owner_is() -> None:
    nine = Floating(datetime.fromisoformat("2026-11-26T09:00:00"))
    assert start_of(nine, OSLO) == datetime(2026, 11, 26, 8, tzinfo=UTC)
    assert start_of(nine, NEW_YORK) == datetime(2026, 11, 26, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("local", "instant"),
    [
        ("2026-03-29T02:30:00", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),  # left out: 3:30 on the clock
        ("2026-10-25T02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),  # twice: the first
    ],
)
def test_a_change_of_clocks_follows_rfc_5545(local: str, instant: datetime) -> None:
    assert start_of(Floating(datetime.fromisoformat(local)), OSLO) == instant


def test_an_instant_falls_on_the_day_of_its_owner() -> None:
    late = Instant(datetime(2026, 11, 26, 23, 30, tzinfo=UTC))
    assert day_of(late, OSLO) == date(2026, 11, 27)
    assert day_of(late, NEW_YORK) == date(2026, 11, 26)


def test_none_becomes_another_in_silence() -> None:
    with pytest.raises(ValueError, match="it is a Floating time, not an Instant"):
        Instant(datetime.fromisoformat("2026-11-26T09:00:00"))
    with pytest.raises(ValueError, match="it is an Instant, not a Floating time"):
        Floating(datetime(2026, 11, 26, 9, tzinfo=UTC))
