"""An account of a few tasks and events, seen at a fixed instant, with all that a view has to show."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from task_priority.looking import look
from task_priority.model import EventKind, Priority, TaskId
from task_priority.moments import Day, Floating
from task_priority.overview import Change, Overview, Pending, SourceState
from task_priority.reading import Unread, Window
from tests.task_priority.cases import NOW, SETTINGS, at, make_event, make_task

TODAY = date(2026, 11, 26)
TASKS = (
    make_task(
        "figures",
        90,
        priority=Priority.URGENT,
        due=Day(TODAY),
        project="Finance",
        section="Month",
        labels=("deep",),
        added=NOW - timedelta(days=20),
    ),
    make_task(
        "call the *plumber*\x1b[31m",
        10,
        due=Floating(datetime(2026, 11, 25, 10)),  # noqa: DTZ001 - a floating time has no zone
        project="Home",
        recurring=True,
    ),
    make_task("[bold]write[/bold] a book", 60 * 60, priority=Priority.HIGH),
    make_task("hear from Anna", None, labels=("waiting",)),
    make_task("assembly", 600, deadline=date(2026, 11, 27), labels=("whole",)),
)
EVENTS = (
    make_event(at(26, 10), at(26, 11, 30), "Board | meeting"),
    make_event(Day(TODAY), Day(date(2026, 11, 27)), "Anna", kind=EventKind.BIRTHDAY),
)
PENDING = Pending(TaskId("test:gone"), "order paper", Change.DONE, NOW, problem="it does not answer")


class Given:
    """A source that says what it is given."""

    def __init__(self, **facts: object) -> None:
        self._facts = facts

    def state(self, window: Window) -> SourceState:
        return SourceState(**self._facts)  # type: ignore[arg-type]


def overview(tasks: Sequence[object] = TASKS, pending: Sequence[Pending] = (PENDING,)) -> Overview:
    """Return what is known of the account."""
    unread = Unread("tasks", "77", "its due date '2026-13-01' is no day")
    todoist = Given(name="todoist", synced_at=NOW - timedelta(minutes=12), tasks=tasks, unread=[unread])
    calendar = Given(
        name="google-calendar", synced_at=NOW - timedelta(hours=2), problem="sign in again", events=EVENTS
    )
    return look([todoist, calendar], SETTINGS, NOW, pending)
