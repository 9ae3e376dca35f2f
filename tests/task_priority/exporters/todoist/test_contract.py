"""What every exporter must do, done by that of Todoist."""

from __future__ import annotations

import pytest

from crossdock.testing.exporter_contract import ExporterContract
from task_priority.exporters.todoist import TodoistExporter
from tests.task_priority.exporters.todoist_runs import exporter_of
from tests.task_priority.exporters.todoist_service import TodoistService


class Account:
    """An account, as the contract suite plays it."""

    def __init__(self, service: TodoistService) -> None:
        self._service = service
        for task in ("stays", "changes", "goes"):
            service.task(task)
        service.completed.append({"id": "z", "completed_at": "2026-11-20T10:00:00Z"})

    def exporter(self) -> TodoistExporter:
        return exporter_of(self._service)

    def change(self) -> None:
        self._service.task("new")
        self._service.task("changes", content="changed")
        self._service.tombstone("items", "goes")

    def present(self) -> dict[str, set[str]]:
        tasks = {id for id in ("stays", "changes", "goes", "new") if self._service.has("items", id)}
        completed = {"z@2026-11-20T10:00:00+00:00"}
        return {"tasks": tasks, "projects": {"p1"}, "user": {"1"}, "completed": completed}


class TestTodoistExporter(ExporterContract):
    @pytest.fixture
    def far_side(self, service: TodoistService) -> Account:
        return Account(service)
