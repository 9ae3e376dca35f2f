"""Whole calendars, from their lines to the events of a window, compared with ``recurring-ical-events``.

It reads with ``icalendar`` and follows rules with ``dateutil``, so that nothing of ours is in it. What it gets wrong is
not asked for; each such case is in the corpus.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from task_priority.exporters.ics.objects import objects_in
from task_priority.exporters.ics.reading import read
from task_priority.moments import Day, Moment
from task_priority.reading import Window
from tests.task_priority.expansion.rules import cases, first_times
from tests.task_priority.expansion.test_second_opinions import (
    asks_for_last_weeks,
    begins_within_its_first_set,
)
from tests.task_priority.exporters.ics.seen import BERLIN, stored

QUICK = settings(max_examples=30, derandomize=True, suppress_health_check=list(HealthCheck), deadline=None)
LONG = settings(QUICK, max_examples=600)
_HOUR = timedelta(hours=1)
MARGIN = timedelta(days=3)
"""At the ends of the window it is not said alike what belongs to it."""


@dataclass(frozen=True)
class Form:
    """How the times of a calendar are written; the zone is that of local times that are not floating."""

    parameters: str
    text: str
    zone: tzinfo | None = None

    def line(self, name: str, *times: datetime) -> str:
        return f"{name}{self.parameters}:" + ",".join(f"{time:{self.text}}" for time in times)


DAYS = Form(";VALUE=DATE", "%Y%m%d")
FORMS = (
    DAYS,
    Form("", "%Y%m%dT%H%M%S"),
    Form("", "%Y%m%dT%H%M%SZ", UTC),
    Form(";TZID=Europe/Berlin", "%Y%m%dT%H%M%S", ZoneInfo("Europe/Berlin")),
    Form(";TZID=America/New_York", "%Y%m%dT%H%M%S", ZoneInfo("America/New_York")),
)


@dataclass(frozen=True)
class Calendar:
    """A document, when its series starts, by its own clock, and in which zone."""

    document: bytes
    start: datetime
    zone: tzinfo | None


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    """Draw a series with exceptions, more dates, and repetitions that were moved or cancelled."""
    rule, start = draw(cases(("YEARLY", "MONTHLY", "WEEKLY", "DAILY")))
    form = draw(st.sampled_from(FORMS))
    assume(not (begins_within_its_first_set(rule, start) or asks_for_last_weeks(rule)))
    assume(form is not DAYS or not any(name in rule for name in ("BYHOUR", "BYMINUTE", "BYSECOND")))
    times = first_times(rule, start, 8)
    assume(times)
    some = st.lists(st.sampled_from(times), max_size=3, unique=True)
    unit = timedelta(days=1) if form is DAYS else timedelta(minutes=15)
    lines = [*_event(form, start, draw(st.integers(1, 6)) * unit, "series"), f"RRULE:{rule}"]
    if left_out := draw(some):
        lines.append(form.line("EXDATE", *left_out))
    more = [start + number * timedelta(days=1) for number in draw(st.lists(st.integers(1, 90), max_size=3))]
    if more:
        lines.append(form.line("RDATE", *more))
    for number, changed in enumerate(one for one in draw(some) if one not in left_out):
        moved = changed + draw(st.integers(-9, 9)) * unit
        lines += ["END:VEVENT", *_event(form, moved, draw(st.integers(1, 6)) * unit, f"change {number}")]
        lines += [form.line("RECURRENCE-ID", changed), *draw(st.sampled_from(([], ["STATUS:CANCELLED"])))]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//tests//", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    return Calendar("\r\n".join(whole).encode(), start, form.zone)


def _event(form: Form, start: datetime, length: timedelta, title: str) -> list[str]:
    times = [form.line("DTSTART", start), form.line("DTEND", start + length)]
    return ["BEGIN:VEVENT", "UID:a", "DTSTAMP:20260101T000000Z", f"SUMMARY:{title}", *times]


@QUICK
@given(calendars())
def test_the_same_events_are_found(calendar: Calendar) -> None:
    _agree(calendar)


@pytest.mark.slow
@LONG
@given(calendars())
def test_the_same_events_are_found_in_very_many(calendar: Calendar) -> None:
    _agree(calendar)


def _agree(calendar: Calendar) -> None:
    first = calendar.start.replace(tzinfo=UTC) - timedelta(days=30)
    window = Window(first, first + timedelta(days=900), BERLIN)
    assert sorted(_ours(calendar, window)) == sorted(_theirs(calendar, window))


def _ours(calendar: Calendar, window: Window) -> Iterator[tuple[str, ...]]:
    taken = objects_in(calendar.document, "ours")
    reading = read(stored(taken), window)
    assert not taken.set_aside
    assert not reading.unread
    for event in reading.events:
        start, end = _plain(event.start), _plain(event.end)
        yield from _seen(calendar, window, (start, end), event.title, "cancelled" if event.cancelled else "")


def _theirs(calendar: Calendar, window: Window) -> Iterator[tuple[str, ...]]:
    icalendar.use_zoneinfo()  # empties the table of zones that it keeps for all files
    query = recurring_ical_events.of(icalendar.Calendar.from_ical(calendar.document))
    for event in query.between(window.start, window.end):
        status = "cancelled" if event.get("STATUS") == "CANCELLED" else ""
        yield from _seen(calendar, window, (event.start, event.end), str(event["SUMMARY"]), status)


def _plain(moment: Moment) -> date:
    return moment.date if isinstance(moment, Day) else moment.time


def _seen(
    calendar: Calendar, window: Window, times: tuple[date, date], title: str, status: str
) -> Iterator[tuple[str, ...]]:
    """Yield what is compared of an event; nothing of one near an end of the window."""
    start, end = map(_written, times)
    low, high = (f"{at:%Y%m%d}" for at in (window.start + MARGIN, window.end - MARGIN))
    if low <= start[:8] <= high:
        yield (start, "later" if _clocks_change(calendar.zone, times) else end, title, status)


def _clocks_change(zone: tzinfo | None, times: tuple[date, date]) -> bool:
    """Tell whether they do between two times: RFC 5545 counts a length exactly, the other by the clock.

    Or within the hour before: then the first may be a time that the clock left out.
    """
    at = [time.astimezone(UTC) for time in times if zone and isinstance(time, datetime)]
    return len({time.astimezone(zone).utcoffset() for time in (*at, *(one - _HOUR for one in at[:1]))}) > 1


def _written(time: date) -> str:
    if not isinstance(time, datetime):
        return f"{time:%Y%m%d}"
    return f"{time:%Y%m%dT%H%M%S}" if time.tzinfo is None else f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"
