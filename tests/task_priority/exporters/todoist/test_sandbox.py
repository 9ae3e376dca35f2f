"""The exporter and the writer against the sandbox, to which the official client keeps faithful."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest

from crossdock import DeliveryError, Queue
from task_priority.exporters.todoist import TodoistExporter, TodoistWriter, completing, read, snoozing
from task_priority.exporters.todoist.writing import WRITER
from task_priority.reading import Window
from task_priority.sandbox import FaultKind, Sandbox
from tests.task_priority.cases import OSLO
from tests.task_priority.exporters.kept import Kept
from tests.task_priority.exporters.todoist_service import asking

FAULTS = (
    FaultKind.UNAUTHORIZED,
    FaultKind.RATE_LIMITED,
    FaultKind.SERVER_ERROR,
    FaultKind.UNAVAILABLE,
    FaultKind.TRUNCATED,
    FaultKind.HALF_JSON,
    FaultKind.DROPPED,
    FaultKind.ANSWER_LOST,
    FaultKind.EXPIRED_SYNC_TOKEN,
)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def exporter_of(sandbox: Sandbox) -> TodoistExporter:
    return TodoistExporter(lambda: sandbox.token, base_url=sandbox.todoist_url, asking=asking)


def test_the_demo_account_is_taken_and_read_whole(sandbox: Sandbox) -> None:
    kept = Kept()
    kept.run(exporter_of(sandbox))
    now = datetime.now(UTC)
    reading = read(kept.objects(), Window(now, now, OSLO))
    assert {task.id for task in reading.tasks} == {f"todoist:{id}" for id in kept.ids("tasks")}
    assert not reading.unread
    assert not kept.reasons()
    assert sandbox.token not in kept.everything()


@pytest.mark.parametrize("recurring", [True, False])
def test_what_is_written_is_seen_and_undone(sandbox: Sandbox, *, recurring: bool) -> None:
    kept = Kept()
    kept.run(exporter_of(sandbox))
    raw = next(
        task
        for task in kept.objects()["tasks"].values()
        if (task["due"] or {}).get("is_recurring") is recurring
    )
    with Queue.testing() as queue:
        writer = TodoistWriter(lambda: sandbox.token, queue, base_url=sandbox.todoist_url, asking=asking)
        for data in (completing(raw), snoozing(raw, date(2030, 12, 24))):
            undo = writer(queue.send(WRITER, data))["undo"]
            kept.run(exporter_of(sandbox))
            assert kept.objects()["tasks"].get(raw["id"], {}).get("due") != raw["due"]
            writer(queue.send(WRITER, undo))
            kept.run(exporter_of(sandbox))
            assert kept.objects()["tasks"][raw["id"]]["due"] == raw["due"]


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_goes_wrong_what_is_kept_ends_equal_to_what_is_there(
    sandbox: Sandbox, kind: FaultKind
) -> None:
    kept, fresh = Kept(), Kept()
    for after in range(4):
        sandbox.faults.add(kind, api="todoist", after=after)
        with suppress(DeliveryError):
            kept.run(exporter_of(sandbox))
        sandbox.faults.clear()
    kept.run(exporter_of(sandbox))
    fresh.run(exporter_of(sandbox))
    assert kept.objects() == fresh.objects()


@pytest.mark.parametrize("place", ["project_id", "section_id"])
def test_a_change_of_a_task_in_what_is_archived_brings_nothing_back(sandbox: Sandbox, place: str) -> None:
    todoist = sandbox.todoist
    project = todoist.projects.add("Move")["id"]
    section = todoist.sections.add("Boxes", project)["id"]
    task = todoist.tasks.add("Pack", **{place: {"project_id": project, "section_id": section}[place]})["id"]
    kept, fresh = Kept(), Kept()
    kept.run(exporter_of(sandbox))
    assert task in kept.ids("tasks")
    (todoist.projects.archive(project) if place == "project_id" else todoist.sections.archive(section))
    kept.run(exporter_of(sandbox))
    todoist.comments.add("Where?", task_id=task)
    kept.run(exporter_of(sandbox))
    fresh.run(exporter_of(sandbox))
    assert task not in kept.ids("tasks")
    assert kept.objects() == fresh.objects()
