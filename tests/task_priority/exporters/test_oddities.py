"""What the services' own clients refuse, and what no document tells of yet, is taken all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

import pytest

from crossdock.exporting import Exporter
from task_priority.exporters.google import (
    GoogleCalendarExporter,
    GoogleTasksExporter,
    read_calendar,
    read_tasks,
)
from task_priority.exporters.todoist import TodoistExporter
from task_priority.exporters.todoist import read as read_todoist
from task_priority.reading import Objects, Reading, Window
from task_priority.sandbox import Sandbox
from tests.task_priority.accounts.connected import signed_in
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_service import asking

Read: TypeAlias = Callable[[Objects, Window], Reading]
NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW + timedelta(days=14), ZoneInfo("Europe/Oslo"))
NULL_IN = {"tasks": "updated_at", "projects": "created_at", "labels": "item_order"}


class Service(NamedTuple):
    exporter: Exporter
    read: Read


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(clock=lambda: NOW) as sandbox:
        yield sandbox


@pytest.fixture
def services(sandbox: Sandbox, tmp_path: Path) -> Iterator[Mapping[str, Service]]:
    credentials, google_tasks = signed_in(sandbox, tmp_path), f"{sandbox.tasks_url}/tasks/v1"
    todoist = TodoistExporter(
        lambda: sandbox.token, base_url=sandbox.todoist_url, asking=asking, now=lambda: NOW
    )
    with asking() as question:
        calendar = GoogleCalendarExporter(credentials, question, base_url=sandbox.calendar_url)
        tasks = GoogleTasksExporter(credentials, question, base_url=google_tasks)
        yield {
            "todoist": Service(todoist, read_todoist),
            "calendar": Service(calendar, read_calendar),
            "tasks": Service(tasks, read_tasks),
        }


def taken(sandbox: Sandbox, service: Service, fault: str) -> tuple[Kept, Kept]:
    """Return what is kept of plain answers, and of odd ones."""
    plain, odd = Kept(), Kept()
    plain.run(service.exporter)
    sandbox.faults.add(fault, times=None)
    odd.run(service.exporter)
    odd.run(service.exporter)
    assert sandbox.faults.all()[0].met
    return plain, odd


def changes_of_last_run(kept: Kept) -> int:
    counts = kept.last_run().counts
    return counts.changed + counts.gone


def essence(reading: Reading) -> tuple[Any, ...]:
    return (*reading.tasks, *reading.events, *reading.unread)


def test_objects_with_nulls_are_taken_and_read(sandbox: Sandbox, services: Mapping[str, Service]) -> None:
    plain, odd = taken(sandbox, services["todoist"], "nulls")
    assert not odd.reasons()
    for kind, field in NULL_IN.items():
        objects = odd.objects()[kind]
        assert objects.keys() == plain.objects()[kind].keys()
        assert all(one[field] is None for one in objects.values())
    read = read_todoist(odd.objects(), WINDOW)
    assert not read.unread
    assert [task.id for task in read.tasks] == [
        task.id for task in read_todoist(plain.objects(), WINDOW).tasks
    ]
    assert {task.added for task in read.tasks} == {None}
    assert changes_of_last_run(odd) == 0


@pytest.mark.parametrize("name", ["todoist", "calendar", "tasks"])
def test_keys_and_kinds_of_tomorrow_change_nothing_of_what_is_known(
    sandbox: Sandbox, services: Mapping[str, Service], name: str
) -> None:
    plain, odd = taken(sandbox, services[name], "unknown-keys")
    read = services[name].read
    assert not odd.reasons()
    assert essence(read(odd.objects(), WINDOW)) == essence(read(plain.objects(), WINDOW))
    assert essence(read(odd.objects(), WINDOW))
    assert changes_of_last_run(odd) == 0
