"""Stored VTODOs as tasks of the model; those that are completed or cancelled are left out.

Source: RFC 5545, sections 3.6.2 and 3.8.1.9.
"""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Final

from task_priority.expansion.written import write_moment
from task_priority.exporters.ics.events import SOURCE, UNTITLED
from task_priority.exporters.ics.stored import Stored
from task_priority.exporters.ics.values import Length, duration_of, end_of_length
from task_priority.model import Priority, Task, TaskId
from task_priority.moments import Instant, Moment

_URGENT: Final = 1
_HIGH: Final = range(2, 5)
_MEDIUM: Final = 5
_ALL: Final = 100


def task_of(stored: Stored, owner: tzinfo) -> Task | None:
    """Return a task, or None if it is done or dropped.

    Raises:
        ValueError: It cannot be read.
    """
    if _is_closed(stored):
        return None
    start, length = stored.moment("DTSTART"), _length(stored)
    due = stored.moment("DUE") or _end(start, length, stored.zone_of("DTSTART") or owner)
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
