"""The days of the plan: events and planned tasks in order of time, what lasts all day, and what each is there for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import Enum

from task_priority.fit.busy import Busy, Unheeded
from task_priority.model import Event
from task_priority.moments import Day, start_of
from task_priority.overview import Overview
from task_priority.settings import BusyRules
from task_priority.views.texts import clock_text, title_of, title_of_event


class EntryKind(Enum):
    """What takes the time."""

    EVENT = "event"
    TASK = "task"
    LATE = "late task"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a day.

    Attributes:
        time: ``09:10–10:40``, or ``all day``.
        rule: By which an event takes time up, if it is not simply that it takes place.
    """

    start: datetime
    time: str
    title: str
    kind: EntryKind
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """An event of a day.

    Attributes:
        time: ``09:10–10:40``, or ``all day``.
        verdict: Whether it takes time up, and by which rule: ``free: it lasts all day (busy.all_day = false)``.
    """

    start: datetime
    time: str
    title: str
    busy: bool
    verdict: str


def day_entries(overview: Overview, day: date) -> list[Entry]:
    """Return the events and planned tasks that begin, or go on, on a day, in order of time."""
    return sorted(
        [*_events(overview, day), *_tasks(overview, day)], key=lambda one: (one.start, one.kind.value)
    )


def days_of(overview: Overview) -> list[date]:
    """Return the days of the plan."""
    zone = overview.settings.zone
    first, last = (instant.astimezone(zone).date() for instant in (overview.plan.start, overview.plan.end))
    return [first + timedelta(days=count) for count in range((last - first).days)]


def judged_on(overview: Overview, day: date) -> list[Judged]:
    """Return the events of a day, those that leave their time free, too, in order of time."""
    zone, rules = overview.settings.zone, overview.settings.busy
    found: list[tuple[Busy | Unheeded, bool, datetime, datetime]] = [
        (one, True, one.start, one.end) for one in overview.plan.busy
    ]
    found += [
        (one, False, start_of(one.event.start, zone), start_of(one.event.end, zone))
        for one in overview.plan.unheeded
    ]
    judged = [
        Judged(start, time, title_of_event(one.event), busy, _verdict_text(one, rules, busy=busy))
        for one, busy, start, end in found
        if (time := _time_on(day, one.event, start, end, zone)) is not None
    ]
    return sorted(judged, key=lambda one: (one.start, one.time, one.title, one.verdict))


def _verdict_text(one: Busy | Unheeded, rules: BusyRules, *, busy: bool) -> str:
    text = f"{'busy' if busy else 'free'}: {one.rule}"
    if one.setting is None:
        return text
    return f"{text} (busy.{one.setting} = {str(getattr(rules, one.setting)).lower()})"


def _events(overview: Overview, day: date) -> Iterator[Entry]:
    for busy in overview.plan.busy:
        time = _time_on(day, busy.event, busy.start, busy.end, overview.settings.zone)
        if time is not None:
            rule = "" if busy.setting is None else busy.rule
            yield Entry(busy.start, time, title_of_event(busy.event), EntryKind.EVENT, rule)


def _time_on(day: date, event: Event, start: datetime, end: datetime, zone: tzinfo) -> str | None:
    """Return the time of a day that an event is at; None: it is on other days."""
    first = start.astimezone(zone).date()
    last = max(first, (end - timedelta(microseconds=1)).astimezone(zone).date())
    if not first <= day <= last:
        return None
    whole = isinstance(event.start, Day) or first < day < last
    return "all day" if whole else clock_text(start, end, zone)


def _tasks(overview: Overview, day: date) -> Iterator[Entry]:
    zone = overview.settings.zone
    for placed in overview.plan.placed:
        for number, piece in enumerate(placed.pieces, 1):
            if piece.start.astimezone(zone).date() == day:
                part = f" ({number} of {len(placed.pieces)})" if len(placed.pieces) > 1 else ""
                yield Entry(
                    piece.start,
                    clock_text(piece.start, piece.end, zone),
                    f"{title_of(placed.ranked.task)}{part}",
                    EntryKind.LATE if placed.late else EntryKind.TASK,
                )
