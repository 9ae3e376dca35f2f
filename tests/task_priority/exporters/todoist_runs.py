"""Runs of the Todoist exporter against the service of the tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from task_priority.exporters.todoist import TodoistExporter
from tests.task_priority.cases import NOW
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_service import TOKEN, TodoistService, asking


def exporter_of(
    service: TodoistService, token: Callable[[], str] = lambda: TOKEN, now: datetime = NOW
) -> TodoistExporter:
    return TodoistExporter(token, base_url=service.url, asking=asking, now=lambda: now)


def fresh(service: TodoistService) -> Kept:
    kept = Kept()
    kept.run(exporter_of(service))
    return kept
