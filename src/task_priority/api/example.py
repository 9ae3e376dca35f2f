"""A small account at a fixed instant: of it the examples in the OpenAPI document are made."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from task_priority.looking import look
from task_priority.model import Event, EventId, Priority, Task, TaskId
from task_priority.moments import Day, Instant
from task_priority.overview import Change, Overview, Pending, SourceState
from task_priority.reading import Unread, Window
from task_priority.settings import Settings

TASK: Final = TaskId("todoist:6XGgmFVcrG5RRjVr")
_NOW: Final = datetime(2031, 5, 19, 8, 30, tzinfo=UTC)
_TASKS: Final = (
    Task(
        id=TASK,
        title="Call the plumber",
        project="Home",
        labels=("phone",),
        priority=Priority.URGENT,
        due=Day(date(2031, 5, 19)),
        duration=timedelta(minutes=15),
        added=_NOW - timedelta(days=3),
        url="https://app.todoist.com/app/task/6XGgmFVcrG5RRjVr",
    ),
    Task(
        id=TaskId("todoist:6XGgqJ3FJ8PwRv9H"),
        title="Write the report",
        project="Work",
        deadline=date(2031, 5, 20),
        duration=timedelta(hours=16),
    ),
)
_EVENT: Final = Event(
    EventId("google-calendar", "primary", "5v2k8"),
    "Weekly meeting",
    Instant(_NOW + timedelta(minutes=90)),
    Instant(_NOW + timedelta(minutes=150)),
)
_PENDING: Final = Pending(TaskId("todoist:6XGgqXq8vQ6rmwJ3"), "Order paper", Change.DONE, _NOW)


class _Todoist:
    def state(self, _window: Window) -> SourceState:
        unread = Unread("tasks", "77", "its due date '2031-13-01' is no day")
        return SourceState("todoist", _NOW - timedelta(minutes=4), tasks=_TASKS, unread=[unread])


class _Calendar:
    def state(self, _window: Window) -> SourceState:
        return SourceState("google-calendar", _NOW - timedelta(minutes=2), events=[_EVENT])


def example_overview() -> Overview:
    """Return what would be known of it."""
    return look((_Todoist(), _Calendar()), Settings(), _NOW, [_PENDING])
