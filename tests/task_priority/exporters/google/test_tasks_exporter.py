"""Lists and tasks are exported though Google tells no changes: by time, and by comparing all once a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from crossdock import RateLimited, TransientError
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google import GoogleTasksExporter
from tests.task_priority.exporters.google.far_google import Answer, FarGoogle, Fault, error
from tests.task_priority.exporters.google.local import Local, kept_of

HOME = "/tasks/v1/lists/home/tasks"


@pytest.fixture
def local() -> Iterator[Local]:
    with kept_of("google-tasks") as local:
        yield local


@pytest.fixture
def exporter(far: FarGoogle, credentials: Credentials, asking: Asking) -> GoogleTasksExporter:
    far.lists["home"] = {}
    return GoogleTasksExporter(credentials, asking, base_url=f"{far.url}/tasks/v1")


def put(far: FarGoogle, name: str, *, tasklist: str = "home", **facts: Any) -> None:
    task = {"id": name, "title": name, "status": "needsAction", "updated": far.now.isoformat(), **facts}
    far.lists[tasklist][name] = task


def test_all_is_read_at_first_then_what_was_updated(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    for number in range(7):
        put(far, f"t{number}")
    local.sync(exporter)
    assert len(local.of("tasks")) == 7
    far.now += timedelta(hours=1)
    put(far, "t1", status="completed", hidden=True)
    put(far, "t2", deleted=True)
    put(far, "t9", assignmentInfo={"surfaceType": "DOCUMENT"})
    local.sync(exporter)
    assert local.changes == 3
    assert local.of("tasks")["home/t1"]["status"] == "completed"
    assert "home/t2" not in local.of("tasks")
    assert "home/t9" in local.of("tasks")
    asked = far.asked(HOME)[-1]
    assert asked["updatedMin"] == "2026-11-26T07:55:00Z"


def test_an_overlap_finds_what_was_changed_by_a_clock_that_is_behind(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    local.sync(exporter)
    put(far, "late", updated=(far.now - timedelta(minutes=4)).isoformat())
    local.sync(exporter)
    assert "home/late" in local.of("tasks")
    local.sync(exporter)
    assert local.changes == 0


def test_what_vanished_without_a_word_is_found_within_a_day(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    put(far, "kept")
    put(far, "purged")
    local.sync(exporter)
    del far.lists["home"]["purged"]
    far.now += timedelta(hours=23)
    local.sync(exporter)
    assert "home/purged" in local.of("tasks")
    far.now += timedelta(hours=1)
    local.sync(exporter)
    assert set(local.of("tasks")) == {"home/kept"}


def test_a_time_too_long_ago_reads_all_anew_and_says_so(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    put(far, "kept")
    local.sync(exporter)
    far.lists["home"].clear()
    put(far, "other")
    far.faults.append(Fault(HOME, error(410, "updatedMinTooLongAgo")))
    local.sync(exporter)
    assert set(local.of("tasks")) == {"home/other"}
    assert local.remarks == [
        "Google no longer tells what changed in List home (410 updatedMinTooLongAgo: no): all was read anew"
    ]


def test_the_same_task_moved_to_another_list_is_there_once(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    far.lists["work"] = {}
    put(far, "t")
    local.sync(exporter)
    far.now += timedelta(hours=1)
    put(far, "t", deleted=True)
    put(far, "t", tasklist="work")
    local.sync(exporter)
    assert set(local.of("tasks")) == {"work/t"}


def test_a_list_that_vanished_takes_its_tasks_along(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    far.lists["work"] = {}
    put(far, "t", tasklist="work")
    local.sync(exporter)
    del far.lists["work"]
    local.sync(exporter)
    assert not local.of("tasks")
    assert set(local.of("lists")) == {"home"}
    assert set(local.states) == {"lists", "tasks/home"}


def test_a_list_that_is_refused_does_not_stop_the_others(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    far.lists["work"] = {}
    put(far, "t", tasklist="work")
    far.faults.append(Fault(HOME, error(404, "notFound", "Not Found")))
    local.sync(exporter)
    assert set(local.of("tasks")) == {"work/t"}
    assert local.remarks == ["Google does not give the tasks of List home (404 notFound: Not Found)"]


def test_no_lists_at_all_is_no_answer(far: FarGoogle, exporter: GoogleTasksExporter, local: Local) -> None:
    local.sync(exporter)
    far.lists.clear()
    with pytest.raises(TransientError, match="tells of no lists, though each account has one"):
        local.sync(exporter)
    assert set(local.of("lists")) == {"home"}


def test_without_a_clock_of_the_server_all_is_compared_each_time(
    far: FarGoogle, exporter: GoogleTasksExporter, local: Local
) -> None:
    put(far, "t")
    page = {"kind": "tasks#tasks", "items": [far.lists["home"]["t"], None]}
    far.faults.append(Fault(HOME, Answer(200, page, {"date": "yesterday"})))
    local.sync(exporter)
    assert local.states["tasks/home"] is None
    assert [(one.kind, one.data) for one in local.set_aside] == [("tasks", None)]


def test_a_limit_is_a_limit(far: FarGoogle, exporter: GoogleTasksExporter, local: Local) -> None:
    far.faults.append(Fault("/tasks/v1", error(403, "rateLimitExceeded")))
    with pytest.raises(RateLimited, match="Google Tasks asks to wait"):
        local.sync(exporter)
