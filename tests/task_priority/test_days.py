"""Days and times as people type them; times on a clock have no zone."""

# ruff: noqa: DTZ001

from __future__ import annotations

from datetime import date, datetime

import pytest

from task_priority.days import parse_when
from task_priority.moments import Day, Floating

TODAY = date(2026, 11, 26)  # a Thursday


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("today", 26),
        ("Tomorrow", 27),
        ("fri", 27),
        ("Friday", 27),
        ("thu", 33),
        ("wednesday", 32),
        ("3d", 29),
        ("+3 d", 29),
        ("1w", 33),
        ("next week", 30),
        ("2026-11-30", 30),
    ],
)
def test_a_day_is_read(text: str, day: int) -> None:
    assert parse_when(text, TODAY) == Day(date.fromordinal(date(2026, 10, 31).toordinal() + day))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("fri 14:00", datetime(2026, 11, 27, 14)),
        ("9:05", datetime(2026, 11, 26, 9, 5)),
        ("2026-11-30T08:30", datetime(2026, 11, 30, 8, 30)),
        ("2026-11-30 08:30", datetime(2026, 11, 30, 8, 30)),
    ],
)
def test_a_day_and_a_time_are_read(text: str, time: datetime) -> None:
    assert parse_when(text, TODAY) == Floating(time)


@pytest.mark.parametrize(
    "text", ["", " ", "soon", "25:00", "fri 14:60", "2026-13-01", "9999d 10:00x", "m", "9999w9"]
)
def test_what_is_no_time_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(ValueError, match="give a day such as"):
        parse_when(text, TODAY)
