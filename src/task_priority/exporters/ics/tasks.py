"""Stored VTODOs as tasks of the model; those that are completed or cancelled are left out.

Source: RFC 5545, sections 3.6.2, 3.8.1.9 and 3.8.5.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

from task_priority.expansion.series import expand
from task_priority.expansion.written import write_moment
from task_priority.exporters.ics.events import SOURCE, UNTITLED
from task_priority.exporters.ics.stored import Stored
from task_priority.exporters.ics.values import Length, duration_of, end_of_length
from task_priority.model import Priority, Task, TaskId
from task_priority.moments import Instant, Moment, start_of
from task_priority.reading import Window

_URGENT: Final = 1
_HIGH: Final = range(2, 5)
_MEDIUM: Final = 5
_ALL: Final = 100


def task_of(stored: Stored, window: Window, changes: Sequence[Stored] = ()) -> Task | None:
    """Return a task, or None if it is done or dropped.

    One that repeats is due at the first of its times that is still open: of those that were done or changed, the
    calendar tells each by itself.

    Args:
        stored: Of a task that repeats all of its times, or one of them.
        window: Beyond its end no time is looked for.
        changes: What replaces single times of it.

    Raises:
        ValueError: It cannot be read.
    """
    if _is_closed(stored):
        return None
    start, length = stored.moment("DTSTART"), _length(stored)
    due = stored.moment("DUE") or _end(start, length, stored.zone_of("DTSTART") or window.zone)
    if due is not None and stored.repeats and (changes or stored.first("EXDATE")):
        due = _first_open(stored, start or due, due, changes=changes, window=window)
        if due is None:
            return None
    recurrence = stored.moment("RECURRENCE-ID")
    which = "" if recurrence is None else f"/{write_moment(recurrence)}"
    return Task(
        id=TaskId(f"{SOURCE}:{stored.scope}:{stored.uid}{which}"),
        title=stored.text("SUMMARY") or UNTITLED,
        project=stored.calendar,
        labels=stored.items("CATEGORIES"),
        priority=_priority(stored.text("PRIORITY")),
        due=due,
        duration=None if length is None else length.days * timedelta(days=1) + length.time,
        parent=_parent(stored),
        added=_added(stored),
        recurring=stored.repeats or recurrence is not None,
        url=stored.text("URL") or None,
    )


def _is_closed(stored: Stored) -> bool:
    return (
        stored.word("STATUS") in {"COMPLETED", "CANCELLED"}
        or stored.first("COMPLETED") is not None
        or stored.text("PERCENT-COMPLETE") == str(_ALL)
    )


def _first_open(
    stored: Stored, start: Moment, due: Moment, *, changes: Sequence[Stored], window: Window
) -> Moment | None:
    """Return when the first time that nothing replaces is due; None: there is none as far as is looked."""
    zone = window.zone
    series = stored.series(start, "DUE" if stored.first("DTSTART") is None else "DTSTART")
    clock = series.clock(zone)
    originals = (one.moment("RECURRENCE-ID") for one in changes)
    replaced = {write_moment(clock.alike(original)) for original in originals if original is not None}
    later = clock.local(due) - clock.local(start)
    for occurrence in expand(series, Window(start_of(start, zone), window.end, zone)):
        if occurrence.original not in replaced:
            return clock.moment(clock.local(occurrence.start) + later)
    return None


def _length(stored: Stored) -> Length | None:
    written = stored.first("DURATION") or stored.first("ESTIMATED-DURATION")
    return None if written is None else duration_of(written.value)


def _end(start: Moment | None, length: Length | None, zone: tzinfo) -> Moment | None:
    return None if start is None or length is None else end_of_length(start, length, zone)


def _priority(text: str) -> Priority:
    """Return a priority; there 1 is the highest and 9 the lowest, 0 is none, and calendars show 1 to 4 as high."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) == 1 else 0
    if number == _URGENT:
        return Priority.URGENT
    if number in _HIGH:
        return Priority.HIGH
    return Priority.RAISED if number == _MEDIUM else Priority.NORMAL


def _parent(stored: Stored) -> TaskId | None:
    for one in stored.all("RELATED-TO"):
        if one.parameters.get("RELTYPE", "PARENT").upper() == "PARENT" and one.text:
            return TaskId(f"{SOURCE}:{stored.scope}:{one.text}")
    return None


def _added(stored: Stored) -> datetime | None:
    created = stored.moment("CREATED")
    return created.time if isinstance(created, Instant) else None
