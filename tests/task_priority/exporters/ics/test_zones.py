"""Zones that a file defines: as right as the ones everybody knows, and known to no other file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_priority.exporters.ics.defined_zone import defined_zone
from task_priority.exporters.ics.zones import known_zone
from task_priority.moments import Instant
from tests.task_priority.exporters.ics.seen import objects_in, reading_of

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = [
    {"start": "19961027T030000", "before_s": 7200, "after_s": 3600, "dates": [],
     "rules": ["FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"]},
    {"start": "19810329T020000", "before_s": 3600, "after_s": 7200, "dates": [],
     "rules": ["FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"]},
]  # fmt: skip
LOCAL = st.datetimes(datetime(1998, 1, 1), datetime(2037, 1, 1)).map(lambda one: one.replace(microsecond=0))
AROUND_CHANGES = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes),
    st.sampled_from([datetime(2026, 3, 29, 2), datetime(2026, 10, 25, 2), datetime(2026, 10, 25, 3)]),
    st.integers(-130, 130),
)


@given(LOCAL | AROUND_CHANGES, st.integers(0, 1))
def test_a_defined_zone_is_as_the_known_one(local: datetime, fold: int) -> None:
    zone = defined_zone("Office", OFFICE)
    local = local.replace(fold=fold)
    assert local.replace(tzinfo=zone).utcoffset() == local.replace(tzinfo=BERLIN).utcoffset()


@given(LOCAL | AROUND_CHANGES)
def test_and_so_are_its_local_times(utc: datetime) -> None:
    zone = defined_zone("Office", OFFICE)
    ours, known = (utc.replace(tzinfo=UTC).astimezone(one) for one in (zone, BERLIN))
    assert (ours.replace(tzinfo=None), ours.fold, ours.utcoffset()) == (
        known.replace(tzinfo=None), known.fold, known.utcoffset()
    )  # fmt: skip
    assert ours.astimezone(UTC) == utc.replace(tzinfo=UTC)


def test_before_its_first_change_a_zone_has_the_offset_before_it() -> None:
    zone = defined_zone("Office", OFFICE)
    assert datetime(1950, 7, 1, tzinfo=zone).utcoffset() == timedelta(hours=1)
    assert datetime(1950, 7, 1, tzinfo=UTC).astimezone(zone).hour == 1


def test_a_zone_of_single_dates_holds_the_last_of_them() -> None:
    moves = [{"start": "20200101T000000", "before_s": 0, "after_s": 3600, "rules": [], "dates": ["20260301T000000"]},
             {"start": "20260201T000000", "before_s": 3600, "after_s": 0, "rules": [], "dates": []}]  # fmt: skip
    zone = defined_zone("Moved", moves)
    offsets = [datetime(2026, month, 15, tzinfo=zone).utcoffset() for month in (1, 2, 3, 12)]
    assert offsets == [timedelta(hours=hours) for hours in (1, 0, 1, 1)]


def test_what_one_file_calls_a_zone_says_nothing_about_another() -> None:
    """The well-known library keeps the first definition of a name for all later files of the process."""
    starts = []
    for offset in ("+0500", "-0800", None):
        definition = (
            f"BEGIN:VTIMEZONE\nTZID:Office Zone\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\n"
            f"TZOFFSETTO:{offset}\nEND:STANDARD\nEND:VTIMEZONE\n"
        )
        document = (
            f"BEGIN:VCALENDAR\n{definition if offset else ''}BEGIN:VEVENT\nUID:a\n"
            "DTSTART;TZID=Office Zone:20260302T120000\nEND:VEVENT\nEND:VCALENDAR\n"
        )
        (event,) = reading_of(objects_in(document.encode(), "corpus")).events
        assert isinstance(event.start, Instant)
        starts.append(event.start.time.hour)
    assert starts == [7, 20, 11]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "//",
        "../../etc/passwd",
        "/etc/passwd",
        "Europe/",
        "x" * 5000,
        "\0",
        "GMT+99",
        "+2460",
        "Mars/Olympus",
    ],
)
def test_a_name_that_is_none_is_no_zone(name: str) -> None:
    assert known_zone(name) is None
