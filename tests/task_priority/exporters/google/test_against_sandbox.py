"""The exporters against the sandbox: all of its demo account is taken and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from task_priority.exporters.google import (
    GoogleCalendarExporter,
    GoogleTasksExporter,
    read_calendar,
    read_tasks,
)
from task_priority.reading import Window
from task_priority.sandbox import Sandbox
from tests.task_priority.accounts.connected import signed_in
from tests.task_priority.exporters.google.local import Local, kept_of

if TYPE_CHECKING:
    from task_priority.exporters.asking import Asking

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(days=7), NOW + timedelta(days=14), ZoneInfo("Europe/Oslo"))


def all_taken(local: Local) -> bool:
    return not local.set_aside and not local.remarks


def test_the_demo_account_is_exported_and_read_and_the_second_time_nothing_changes(
    tmp_path: Path, asking: Asking
) -> None:
    with (
        Sandbox(timezone="Europe/Oslo", clock=lambda: NOW) as sandbox,
        kept_of("google-calendar") as events,
        kept_of("google-tasks") as tasks,
    ):
        credentials = signed_in(sandbox, tmp_path)
        calendar = GoogleCalendarExporter(credentials, asking, base_url=sandbox.calendar_url)
        task_lists = GoogleTasksExporter(credentials, asking, base_url=f"{sandbox.tasks_url}/tasks/v1")
        for _ in range(2):
            events.sync(calendar)
            tasks.sync(task_lists)
        assert (events.changes, tasks.changes) == (0, 0)
        assert all_taken(events)
        assert all_taken(tasks)
        read, open_tasks = read_calendar(events.objects, WINDOW), read_tasks(tasks.objects, WINDOW)
    assert not [*read.unread, *open_tasks.unread]
    assert len(read.events) > 10
    assert len(open_tasks.tasks) > 1
