"""What was completed in Todoist: each completion once, and as long as it is one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crossdock import PermanentError, TransientError
from tests.task_priority.exporters.todoist_runs import exporter_of, fresh
from tests.task_priority.exporters.todoist_service import Fault, TodoistService, error


def test_completions_are_named_by_task_and_time(service: TodoistService) -> None:
    service.completed += [
        {"id": "z", "content": "water", "completed_at": "2026-11-20T10:00:00Z"},
        {
            "id": "z",
            "content": "water",
            "completed_at": "2026-11-20T10:00:00.000000Z",
        },  # the same, told otherwise
        {"id": "z", "content": "water", "completed_at": "2026-10-21T10:00:00Z"},
        {"id": "y", "content": "lost its time"},
    ]
    service.completed[-1]["completed_at"] = "2026-11-21"
    service.page_size = 1
    kept = fresh(service)
    assert kept.ids("completed") == {"z@2026-11-20T10:00:00+00:00", "z@2026-10-21T10:00:00+00:00"}
    assert kept.reasons() == ["completed_at: '2026-11-21' has no zone"]


def test_what_is_reopened_is_not_completed_any_more(service: TodoistService) -> None:
    service.completed.append({"id": "z", "completed_at": "2026-11-20T10:00:00Z"})
    kept = fresh(service)
    service.completed.clear()
    kept.run(exporter_of(service))
    assert not kept.ids("completed")


def test_no_window_of_completions_is_longer_than_allowed(service: TodoistService) -> None:
    fresh(service)
    windows = [fields for _, fields in service.asked if "since" in fields]
    assert [fields["since"][:10] for fields in windows] == ["2026-11-01", "2026-10-01", "2026-09-01"]
    for fields in windows:
        length = datetime.fromisoformat(fields["until"]) - datetime.fromisoformat(fields["since"])
        assert length <= timedelta(days=31)


def test_months_are_asked_for_until_they_are_settled_and_forgotten_when_old(service: TodoistService) -> None:
    kept = fresh(service)
    service.completed.append({"id": "late", "completed_at": "2026-11-30T10:00:00Z"})
    for now in (datetime(2026, 12, 2, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC)):
        kept.run(exporter_of(service, now=now))
    service.asked.clear()
    kept.run(exporter_of(service, now=datetime(2026, 12, 6, tzinfo=UTC)))
    assert [fields["since"][:10] for _, fields in service.asked if "since" in fields] == ["2026-12-01"]
    assert set(kept.states) == {"", "completed 2026-12", "completed 2026-11", "completed 2026-10"}
    assert kept.ids("completed") == {"late@2026-11-30T10:00:00+00:00"}


def test_a_bad_cursor_begins_the_list_again(service: TodoistService) -> None:
    service.completed += [{"id": str(n), "completed_at": "2026-11-20T10:00:00Z"} for n in range(3)]
    service.page_size = 2
    service.faults_of_lists += [
        Fault(body={"items": [], "next_cursor": "2"}),
        error(400, "INVALID", argument="cursor"),
    ]
    kept = fresh(service)
    assert len(kept.ids("completed")) == 3


def test_pages_that_lead_in_a_circle_are_left(service: TodoistService) -> None:
    service.faults_of_lists += [Fault(body={"items": [], "next_cursor": "2"})] * 2
    with pytest.raises(TransientError, match="lead in a circle"):
        fresh(service)


def test_what_cannot_be_told_apart_is_set_aside_and_nothing_is_taken_for_gone(
    service: TodoistService,
) -> None:
    service.completed.append({"id": "z", "completed_at": "2026-11-20T10:00:00Z"})
    kept = fresh(service)
    items = [17, {"completed_at": "2026-11-20T10:00:00Z"}]
    service.faults_of_lists.append(Fault(body={"items": items, "next_cursor": None}))
    kept.run(exporter_of(service))
    assert kept.reasons() == ["it has no id that can be read", "it is no object but 17"]
    assert kept.ids("completed") == {"z@2026-11-20T10:00:00+00:00"}


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        (Fault(body={"results": []}), TransientError, "has no list of 'items'"),
        (Fault(body={"items": [], "next_cursor": 7}), TransientError, "no readable cursor"),
        (
            error(400, "INVALID_ARGUMENT_VALUE", argument="until"),
            PermanentError,
            "400 INVALID_ARGUMENT_VALUE",
        ),
    ],
)
def test_a_list_that_is_not_one_is_an_error(
    service: TodoistService, fault: Fault, kind: type[Exception], words: str
) -> None:
    service.faults_of_lists.append(fault)
    with pytest.raises(kind, match=words):
        fresh(service)
