"""Tasks, events and settings for the tests: made by hand, and made by hypothesis."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from task_priority.model import Answer, Event, EventId, EventKind, Priority, Task, TaskId
from task_priority.moments import Day, Floating, Instant, Moment
from task_priority.settings import FocusBlock, Hours, Settings

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 26, 8, 7, tzinfo=UTC)  # a Thursday, 9:07 in Oslo
QUARTER = timedelta(minutes=15)
EVERY_DAY = MappingProxyType(dict.fromkeys(range(7), (Hours(time(9), time(17)),)))
SETTINGS = Settings(zone=OSLO, buffer=timedelta(0), working_hours=EVERY_DAY)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a time of November 2026 in Oslo."""
    return datetime(2026, 11, day, hour, minute, tzinfo=OSLO).astimezone(UTC)


def make_task(name: str, /, minutes: int | None = 30, **facts: object) -> Task:
    """Return a task that says only what the test is about."""
    duration = None if minutes is None else timedelta(minutes=minutes)
    return Task(TaskId(f"test:{name}"), name, duration=duration, **facts)  # type: ignore[arg-type]


def make_event(
    start: Moment | datetime, end: Moment | datetime, name: str = "meeting", **facts: object
) -> Event:
    """Return an event that says only what the test is about."""
    moments = [Instant(one) if isinstance(one, datetime) else one for one in (start, end)]
    return Event(EventId("test", "work", name), name, *moments, **facts)  # type: ignore[arg-type]


_START = datetime(2026, 11, 10, tzinfo=UTC)
_MOMENTS = st.one_of(
    st.integers(0, 40).map(lambda days: Day((_START + timedelta(days=days)).date())),
    st.integers(0, 4000).map(lambda quarters: Floating((_START + quarters * QUARTER).replace(tzinfo=None))),
    st.integers(0, 4000).map(lambda quarters: Instant(_START + quarters * QUARTER)),
)
_LABELS = (
    *((), ("deep",), ("whole",), ("waiting",), ("someday", "deep"), ("blocked",)),
    *(("15m",), ("1h30", "deep"), ("4h", "@45m")),
)
LENGTHS = {
    "15m": timedelta(minutes=15),
    "1h30": timedelta(minutes=90),
    "4h": timedelta(hours=4),
    "@45m": timedelta(minutes=45),
}
"""The labels of tasks that say how long they take."""
_TASKS = st.builds(
    Task,
    id=st.integers(0, 9).map(lambda number: TaskId(f"test:{number}")),
    title=st.sampled_from("abc"),
    labels=st.sampled_from(_LABELS),
    priority=st.sampled_from(Priority),
    due=st.none() | _MOMENTS,
    deadline=st.none() | st.integers(10, 40).map(lambda days: (_START + timedelta(days=days)).date()),
    duration=st.none() | st.integers(1, 600).map(lambda minutes: timedelta(minutes=minutes)),
    parent=st.none() | st.integers(0, 11).map(lambda number: TaskId(f"test:{number}")),
    added=st.none() | st.integers(-200, 20).map(lambda days: _START + timedelta(days=days)),
    assignee=st.sampled_from([None, None, None, "Kari"]),
    actionable=st.sampled_from([True, True, True, False]),
)


def tasks() -> st.SearchStrategy[list[Task]]:
    """Tasks with every kind of date; some are parts of others, of themselves, or of tasks that are not there."""
    return st.lists(_TASKS, max_size=8, unique_by=lambda task: task.id)


_EVENTS = st.builds(
    lambda number, start, quarters, **facts: Event(
        EventId("test", "work", str(number)), "event", start, _later(start, quarters), **facts
    ),
    number=st.integers(0, 9),
    start=_MOMENTS,
    quarters=st.integers(-1, 40),
    transparent=st.sampled_from([False, False, True]),
    cancelled=st.sampled_from([False, False, True]),
    answer=st.sampled_from(Answer),
    kind=st.sampled_from(EventKind),
)


def events() -> st.SearchStrategy[list[Event]]:
    """Events of every kind; some end before they start, some overlap."""
    return st.lists(_EVENTS, max_size=8, unique_by=lambda event: event.id)


def full_days() -> st.SearchStrategy[list[Event]]:
    """Events that take up most of a Thursday and a Friday, each with a title of its own; some overlap."""
    spans = st.tuples(st.integers(0, 1), st.integers(30, 68), st.integers(1, 40))
    return st.lists(spans, min_size=4, max_size=14).map(
        lambda some: [
            make_event(
                at(26 + day, 0) + start * QUARTER,
                at(26 + day, 0) + (start + quarters) * QUARTER,
                f"<{number}>",
            )
            for number, (day, start, quarters) in enumerate(some)
        ]
    )


def pressing_tasks() -> st.SearchStrategy[list[Task]]:
    """Tasks for which two days may be too short."""
    facts = st.tuples(st.integers(2, 20), st.sampled_from([None, at(26, 9).date(), at(27, 9).date()]))
    return st.lists(facts, min_size=1, max_size=6).map(
        lambda some: [
            make_task(str(number), quarters * 15, deadline=deadline)
            for number, (quarters, deadline) in enumerate(some)
        ]
    )


def _later(moment: Moment, quarters: int) -> Moment:
    if isinstance(moment, Day):
        return Day(moment.date + timedelta(days=quarters // 10))
    return type(moment)(moment.time + quarters * QUARTER)


_FOCUS = (FocusBlock(0, Hours(time(8), time(10)), frozenset({"deep"})),)


def all_settings() -> st.SearchStrategy[Settings]:
    """Settings of people in other zones, with other hours, buffers and focus blocks."""
    return st.builds(
        Settings,
        zone=st.sampled_from(["UTC", "Europe/Oslo", "America/New_York", "Pacific/Auckland"]).map(ZoneInfo),
        working_hours=st.sampled_from([EVERY_DAY, Settings().working_hours]),
        focus=st.sampled_from([(), _FOCUS]),
        buffer=st.sampled_from([0, 5, 30]).map(lambda minutes: timedelta(minutes=minutes)),
        split=st.booleans(),
    )
