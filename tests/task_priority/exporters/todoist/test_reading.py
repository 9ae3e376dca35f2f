"""What is made of Todoist's objects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from task_priority.exporters.todoist import owner_zone, read
from task_priority.model import Priority, Task, TaskId
from task_priority.moments import Day, Floating, Instant
from task_priority.reading import Objects, Reading, Window
from tests.task_priority.cases import NOW, OSLO

FULL = {
    "id": "6Xw3", "user_id": "1", "project_id": "p", "section_id": "s", "parent_id": "6Xw2",
    "responsible_uid": "2", "content": "Send the **tax** papers", "labels": ["office", "waiting"], "priority": 4,
    "due": {"date": "2026-03-02T08:00:00Z", "timezone": "Europe/Oslo", "string": "every month", "is_recurring": True},
    "deadline": {"date": "2026-03-10", "lang": "en"}, "duration": {"amount": 45, "unit": "minute"}, "checked": False,
    "added_at": "2026-01-12T19:04:05.123456Z",
}  # fmt: skip
AROUND: dict[str, Any] = {
    "projects": {"p": {"id": "p", "name": "Taxes"}},
    "sections": {"s": {"id": "s", "name": "Soon"}},
    "collaborators": {"2": {"id": "2", "full_name": "Ola"}},
    "user": {"1": {"id": "1"}},
}


def read_tasks(*raws: dict[str, Any], around: Objects | None = None) -> Reading:
    tasks = {str(raw["id"]): raw for raw in raws}
    return read({**(AROUND if around is None else around), "tasks": tasks}, Window(NOW, NOW, OSLO))


def only(**fields: Any) -> Task:
    reading = read_tasks({"id": "a", "content": "a", **fields})
    assert not reading.unread
    return reading.tasks[0]


def doubt(**fields: Any) -> tuple[Task, str]:
    reading = read_tasks({"id": "a", "content": "a", **fields})
    return reading.tasks[0], reading.unread[0].reason


def test_a_task_with_everything() -> None:
    reading = read_tasks(FULL)
    assert reading.tasks == [
        Task(
            id=TaskId("todoist:6Xw3"),
            title="Send the **tax** papers",
            project="Taxes",
            section="Soon",
            labels=("office", "waiting"),
            priority=Priority.URGENT,
            due=Instant(datetime(2026, 3, 2, 8, tzinfo=UTC)),
            deadline=date(2026, 3, 10),
            duration=timedelta(minutes=45),
            parent=TaskId("todoist:6Xw2"),
            added=datetime(2026, 1, 12, 19, 4, 5, 123456, tzinfo=UTC),
            assignee="Ola",
            recurring=True,
            url="https://app.todoist.com/app/task/6Xw3",
        )
    ]
    assert not reading.unread


def test_a_task_with_nothing() -> None:
    assert only() == Task(TaskId("todoist:a"), "a", url="https://app.todoist.com/app/task/a")


@pytest.mark.parametrize(
    ("due", "moment"),
    [
        ({"date": "2026-03-02"}, Day(date(2026, 3, 2))),
        ({"date": "2026-03-02T09:00:00"}, Floating(datetime(2026, 3, 2, 9))),  # noqa: DTZ001 - floating
        ({"date": "2026-03-02T09:00:00.000000"}, Floating(datetime(2026, 3, 2, 9))),  # noqa: DTZ001 - likewise
        (
            {"date": "2026-03-02T08:00:00Z", "timezone": "Europe/Oslo"},
            Instant(datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ),
        ({"date": "2026-03-02T08:00:00Z", "timezone": "GMT-7"}, Instant(datetime(2026, 3, 2, 8, tzinfo=UTC))),
        (
            {"date": "2026-03-02T09:00:00", "timezone": "Europe/Oslo"},
            Instant(datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ),
        (
            {"date": "2026-03-02", "datetime": "2026-03-02T08:00:00Z"},
            Instant(datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ),
    ],
)
@pytest.mark.parametrize("recurring", [True, False])
def test_days_floating_times_and_instants_stay_what_they_are(
    due: dict[str, Any], moment: object, *, recurring: bool
) -> None:
    """Complaint 32: zones were converted in silence."""
    task = only(due={"string": "x", **due, "is_recurring": recurring})
    assert (task.due, task.recurring) == (moment, recurring)


def test_a_zone_that_nobody_knows_stops_nothing_and_is_said() -> None:
    """Complaint 32: the zone name ``GMT-7`` was a crash."""
    task, reason = doubt(due={"date": "2026-03-02T09:00:00", "timezone": "GMT-7"})
    assert task.due == Floating(datetime(2026, 3, 2, 9))  # noqa: DTZ001 - floating
    assert reason == "its time zone 'GMT-7' is not known, so 2026-03-02T09:00:00 counts where you are"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"due": {"date": "tomorrow"}},
            "due date cannot be read, and is left out: 'tomorrow' is no date as in",
        ),
        ({"due": {"string": "every day", "date": None}}, "'every day' names no day for certain"),
        ({"due": "2026-03-02"}, "'2026-03-02' names no day for certain"),
        ({"due": {"date": "2026-02-30"}}, "day is out of range"),
        ({"due": {"date": "9999-12-31"}}, "nothing happens in the year 9999"),
        ({"due": {"date": "0001-01-01T00:00:00+14:00"}}, "nothing happens in the year 1"),
        ({"deadline": {"date": "2026-03-02T09:00:00"}}, "its deadline cannot be read"),
        ({"duration": {"amount": 0, "unit": "minute"}}, "is no number of minutes or days"),
        ({"duration": {"amount": True, "unit": "minute"}}, "is no number of minutes or days"),
        ({"duration": {"amount": 10**30, "unit": "day"}}, "longer than anybody plans"),
        ({"priority": 9}, "9 is not a valid Priority"),
        ({"labels": [1]}, "[1] is no list of names"),
        ({"added_at": "long ago"}, "its time of writing cannot be read"),
    ],
)
def test_a_field_that_is_wrong_is_told_and_the_task_is_kept_without_it(
    fields: dict[str, Any], words: str
) -> None:
    task, reason = doubt(**fields)
    assert words in reason
    assert task == only()


@pytest.mark.parametrize("content", [None, "", "  ", 7])
def test_a_task_that_says_nothing_is_unread(content: object) -> None:
    reading = read_tasks({"id": "a", "content": content})
    assert not reading.tasks
    assert "nobody knows what is to be done" in reading.unread[0].reason


def test_a_heading_cannot_be_completed() -> None:
    task = only(content="* Errands")
    assert (task.title, task.actionable) == ("Errands", False)


def test_a_day_of_duration_is_a_working_day() -> None:
    assert only(duration={"amount": 2, "unit": "day"}).duration == timedelta(hours=16)


@pytest.mark.parametrize(
    ("fields", "assignee"),
    [
        ({"responsible_uid": None}, None),
        ({"responsible_uid": 1}, None),
        ({"responsible_uid": "2"}, "Ola"),
        ({"responsible_uid": "3"}, "user 3"),
    ],
)
def test_only_what_is_somebody_elses_has_an_assignee(fields: dict[str, Any], assignee: str | None) -> None:
    assert only(**fields).assignee == assignee


def test_without_the_user_a_task_says_whose_list_it_is_on() -> None:
    raw = {"id": "a", "content": "a", "user_id": 1, "responsible_uid": "1"}
    assert read_tasks(raw, around={}).tasks[0].assignee is None
    assert read_tasks({**raw, "responsible_uid": "2"}, around={}).tasks[0].assignee == "user 2"


@pytest.mark.parametrize("flag", ["is_archived", "is_deleted"])
@pytest.mark.parametrize("kind", ["projects", "sections"])
def test_what_is_in_something_archived_is_left_out(kind: str, flag: str) -> None:
    around = {**AROUND, kind: {key: {**raw, flag: True} for key, raw in AROUND[kind].items()}}
    reading = read_tasks(FULL, around=around)
    assert not reading.tasks
    assert not reading.unread


def test_what_is_done_is_left_out_with_its_parts() -> None:
    whole = {"id": "whole", "content": "whole", "checked": True}
    assert not read_tasks(whole, {"id": "part", "content": "part", "parent_id": "whole"}).tasks


def test_a_parent_that_is_not_known_is_kept_and_a_circle_stops_nothing() -> None:
    assert only(parent_id="elsewhere").parent == TaskId("todoist:elsewhere")
    circle = [{"id": a, "content": a, "parent_id": b} for a, b in (("a", "b"), ("b", "a"))]
    assert len(read_tasks(*circle).tasks) == 2


@pytest.mark.parametrize(
    ("info", "zone"),
    [
        ({"timezone": "Europe/Oslo", "hours": 1, "minutes": 0}, ZoneInfo("Europe/Oslo")),
        ({"timezone": "GMT-7", "hours": -7, "minutes": 0}, timezone(timedelta(hours=-7))),
        ({"timezone": "NST", "hours": -3, "minutes": 30}, timezone(timedelta(hours=-3, minutes=-30))),
        ({"timezone": "../../etc/passwd", "hours": 99, "minutes": 0}, None),
        ({"timezone": "GMT-7"}, None),
        (None, None),
    ],
)
def test_where_the_user_is(info: object, zone: object) -> None:
    assert owner_zone({"user": {"1": {"id": "1", "tz_info": info}}}) == zone
