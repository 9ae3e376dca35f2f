"""Makes tasks of what Google Tasks told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from task_priority.exporters.google.tasks_exporter import LISTS, TASKS, GoogleTasksExporter
from task_priority.model import Task, TaskId
from task_priority.moments import Day
from task_priority.reading import Objects, Reading, Unread, Window
from task_priority.words import UNTITLED

_DATE_CHARS: Final = 10


def read(objects: Objects, window: Window) -> Reading:  # noqa: ARG001 - tasks do not repeat there
    """Make tasks of lists and tasks: those that are open. A due date that cannot be read is left out, and told."""
    lists = objects.get(LISTS, {})
    tasks, unread = [], []
    for key, told in objects.get(TASKS, {}).items():
        if told.get("status") == "completed" or told.get("deleted") is True:
            continue
        tasklist, _, _ = key.rpartition("/")
        try:
            due = _due_of(told)
        except ValueError as error:
            unread.append(Unread(TASKS, key, f"it is shown without a due date: {error}"))
            due = None
        tasks.append(
            _task(key, told, due, tasklist=tasklist, project=_text(lists.get(tasklist, {}), "title"))
        )
    return Reading(tasks=tasks, unread=unread)


def _task(key: str, told: Mapping[str, Any], due: Day | None, *, tasklist: str, project: str) -> Task:
    parent = _text(told, "parent")
    return Task(
        id=_id(key),
        title=_text(told, "title") or UNTITLED,
        project=project,
        due=due,
        parent=_id(f"{tasklist}/{parent}") if parent else None,
        url=_text(told, "webViewLink") or None,
    )


def _due_of(told: Mapping[str, Any]) -> Day | None:
    """Read the day, which is all that Google keeps: the rest is midnight in UTC, whatever the owner's zone."""
    due = told.get("due")
    return None if due is None else Day(date.fromisoformat(str(due)[:_DATE_CHARS]))


def _id(key: str) -> TaskId:
    return TaskId(f"{GoogleTasksExporter.name}:{key}")


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name)
    return value.strip() if isinstance(value, str) else ""
