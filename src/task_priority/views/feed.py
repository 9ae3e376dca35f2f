"""The plan as an iCalendar feed, which any calendar application can subscribe to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from icalendar import Calendar, Event

from task_priority.fit.plan import Placed, Plan
from task_priority.views.texts import reasons, title_of

_PRODUCT: Final = "-//Crossdock//Task Priority Lite//EN"
_REFRESH: Final = timedelta(minutes=15)


def plan_feed(plan: Plan) -> bytes:
    """Return the planned tasks as events that leave their time free.

    An event keeps its identity as long as its task has as many pieces; times are in UTC.
    Source: RFC 5545; RFC 7986, section 5, for the name and the interval.
    """
    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", "Task plan")
    calendar.add("x-wr-calname", "Task plan")
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    for placed in plan.placed:
        for event in _events(placed, plan.start):
            calendar.add_component(event)
    return bytes(calendar.to_ical())


def _events(placed: Placed, now: datetime) -> Iterator[Event]:
    task, count = placed.ranked.task, len(placed.pieces)
    for number, piece in enumerate(placed.pieces, 1):
        event = Event()
        event.add("uid", f"{task.id}/{number}@task-priority")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", piece.start)
        event.add("dtend", piece.end)
        event.add("summary", title_of(task) + (f" ({number} of {count})" if count > 1 else ""))
        event.add("description", f"{placed.ranked.score} points: {', '.join(reasons(placed.ranked))}")
        event.add("transp", "TRANSPARENT")
        if task.url is not None:
            event.add("url", task.url)
        yield event
