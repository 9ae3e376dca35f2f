"""The days of the plan: events and planned tasks in order of time, and what lasts all day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from crossdock.command import printable
from task_priority.moments import Day
from task_priority.overview import Overview
from task_priority.views.texts import clock_text, title_of


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
    """

    start: datetime
    time: str
    title: str
    kind: EntryKind


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


def _events(overview: Overview, day: date) -> Iterator[Entry]:
    zone = overview.settings.zone
    for busy in overview.plan.busy:
        first = busy.start.astimezone(zone).date()
        last = (busy.end - timedelta(microseconds=1)).astimezone(zone).date()
        if first <= day <= last:
            whole = isinstance(busy.event.start, Day) or first < day < last
            time = "all day" if whole else clock_text(busy.start, busy.end, zone)
            yield Entry(busy.start, time, printable(busy.event.title), EntryKind.EVENT)


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
