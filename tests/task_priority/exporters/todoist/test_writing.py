"""What is written back to Todoist is written once, keeps the repetition, and can be undone."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from crossdock import (
    CredentialError,
    InvalidMessage,
    Message,
    PermanentError,
    Queue,
    RateLimited,
    TransientError,
)
from task_priority.exporters.todoist import TodoistWriter, completing, reopening, rescheduling, snoozing
from task_priority.exporters.todoist.writing import WRITER, command_of
from task_priority.moments import Day, Floating, Instant, Moment
from tests.task_priority.exporters.todoist_service import TOKEN, Fault, TodoistService, asking, error

WEEKLY = {
    "date": "2026-11-26",
    "timezone": None,
    "string": "every thursday",
    "lang": "en",
    "is_recurring": True,
}
FIXED = {
    "date": "2026-03-27T08:00:00Z",
    "timezone": "Europe/Oslo",
    "string": "x",
    "lang": "en",
    "is_recurring": False,
}


@pytest.fixture
def queue() -> Iterator[Queue]:
    with Queue.testing() as queue:
        yield queue


def write(service: TodoistService, queue: Queue, data: Any, message_id: str | None = None) -> dict[str, Any]:
    message = queue.send(WRITER, data, message_id=message_id)
    return TodoistWriter(lambda: TOKEN, queue, base_url=service.url, asking=asking)(message)


def message_of(data: Any, id: str = "m") -> Message:
    with Queue.testing() as queue:
        return queue.send(WRITER, data, message_id=id)


def test_a_task_is_completed_and_the_exporter_asked_to_look(service: TodoistService, queue: Queue) -> None:
    service.task("a")
    result = write(service, queue, completing(service.raw("items", "a")))
    assert service.raw("items", "a")["checked"]
    assert result == {"action": "complete", "task": "a", "undo": reopening("a")}
    assert [record.message.data for record in queue.list("todoist")] == [{"full": False}]
    write(service, queue, result["undo"])
    assert not service.raw("items", "a")["checked"]


def test_completing_what_repeats_can_be_undone(service: TodoistService, queue: Queue) -> None:
    service.task("a", due=WEEKLY)
    result = write(service, queue, completing(service.raw("items", "a")))
    assert service.raw("items", "a")["due"]["date"] == "2026-12-31"
    again = write(service, queue, result["undo"])
    assert service.raw("items", "a")["due"] == WEEKLY
    assert again["undo"] is None


@pytest.mark.parametrize("before", [None, WEEKLY, FIXED])
@pytest.mark.parametrize("due", [None, Day(date(2026, 12, 1)), Instant(datetime(2026, 12, 1, 9, tzinfo=UTC))])
def test_a_task_is_rescheduled_and_put_back(
    service: TodoistService, queue: Queue, before: dict[str, Any] | None, due: Moment | None
) -> None:
    service.task("a", due=before)
    result = write(service, queue, rescheduling(service.raw("items", "a"), due))
    assert service.raw("items", "a")["due"] != before or due is None
    write(service, queue, result["undo"])
    assert service.raw("items", "a")["due"] == before


def test_a_task_that_repeats_goes_on_to_repeat() -> None:
    moved = rescheduling({"id": "a", "due": WEEKLY}, Floating(datetime(2026, 12, 1, 9)))["due"]  # noqa: DTZ001
    assert moved == {**WEEKLY, "date": "2026-12-01T09:00:00"}


def test_what_was_typed_for_another_day_is_not_sent_again() -> None:
    moved = rescheduling(
        {"id": "a", "due": {"date": "2026-11-26", "string": "today"}}, Day(date(2026, 12, 1))
    )
    assert moved["due"] == {"date": "2026-12-01", "timezone": None}


@pytest.mark.parametrize(
    ("due", "moved"),
    [
        (None, {"date": "2026-03-30", "timezone": None}),
        ({"date": "who knows"}, {"date": "2026-03-30", "timezone": None}),
        ({"date": "2026-03-27T09:00:00"}, {"date": "2026-03-30T09:00:00", "timezone": None}),
        (FIXED, {"date": "2026-03-30T07:00:00Z", "timezone": "Europe/Oslo"}),  # 9:00 there, before and after
        ({**FIXED, "timezone": "GMT-7"}, {"date": "2026-03-30T08:00:00Z", "timezone": "GMT-7"}),
        ({**FIXED, "timezone": None}, {"date": "2026-03-30T08:00:00Z", "timezone": "UTC"}),
        (WEEKLY, {**WEEKLY, "date": "2026-03-30"}),
    ],
)
def test_a_task_put_off_to_another_day_keeps_its_time(due: Any, moved: Any) -> None:
    """Complaint 32: completing or moving a task moved its time of day."""
    assert snoozing({"id": "a", "due": due}, date(2026, 3, 30))["due"] == moved


def test_an_answer_that_was_lost_is_asked_for_again_and_done_once(
    service: TodoistService, queue: Queue
) -> None:
    service.task("a", due=WEEKLY)
    data = completing(service.raw("items", "a"))
    service.status_lost = True
    with pytest.raises(TransientError, match="asked again under the same id"):
        write(service, queue, data, "m1")
    service.put("items", **{**service.raw("items", "a"), "due": {**WEEKLY, "date": "2027-01-07"}})
    service.status_lost = False
    write(service, queue, data, "m1")
    assert service.raw("items", "a")["due"]["date"] == "2027-01-07"  # not moved on twice


def test_the_command_has_the_id_of_the_message() -> None:
    id = str(uuid.uuid4())
    assert command_of(message_of(reopening("a"), id))[0]["uuid"] == id
    named, again, other = (
        command_of(message_of(reopening("a"), name))[0]["uuid"] for name in ("n", "n", "o")
    )
    assert named == again != other
    uuid.UUID(named)


def test_a_task_that_is_gone_is_said(service: TodoistService, queue: Queue) -> None:
    with pytest.raises(PermanentError, match="the task gone is not in Todoist any more"):
        write(service, queue, reopening("gone"))


@pytest.mark.parametrize(
    ("problem", "kind"),
    [
        ({"error_code": 35, "error_tag": "LIMITS_REACHED", "http_code": 429}, RateLimited),
        ({"error_code": 49, "error_tag": "MAX_ITEMS_LIMIT_REACHED", "http_code": 403}, PermanentError),
        ({"error_code": 477, "error_tag": "UNAUTHORIZED", "http_code": 401}, CredentialError),
        ({"error_code": 1, "http_code": 503}, TransientError),
        ({"error_code": 15, "error": "Invalid temporary id"}, PermanentError),
        ({"error_code": [], "http_code": "?"}, PermanentError),
        ("later", TransientError),
    ],
)
def test_each_error_of_a_command_says_what_becomes_of_it(
    service: TodoistService, queue: Queue, problem: Any, kind: type[Exception]
) -> None:
    id = str(uuid.uuid4())
    service.faults.append(Fault(body={"sync_status": {id: problem}}))
    with pytest.raises(kind):
        write(service, queue, reopening("a"), id)
    assert not queue.list("todoist")


def test_being_offline_is_passing(service: TodoistService, queue: Queue) -> None:
    service.faults += [error(503, "UNAVAILABLE"), error(401, "UNAUTHORIZED")]
    with pytest.raises(TransientError):
        write(service, queue, reopening("a"))
    with pytest.raises(CredentialError, match="task-priority connect todoist"):
        write(service, queue, reopening("a"))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ("complete", "data"),
        ({"action": "explode", "task": "a"}, "action"),
        ({"action": ["complete"], "task": "a"}, "action"),
        ({"action": "reopen"}, "task"),
        ({"action": "complete", "task": "a"}, "before"),
        ({"action": "reschedule", "task": "a", "due": None}, "before"),
        ({"action": "reschedule", "task": "a", "before": {"due": None}}, "due"),
        ({"action": "restore", "task": "a", "due": {"string": "tomorrow"}}, "due"),
    ],
)
def test_a_message_that_says_nothing_that_can_be_done_is_invalid(data: Any, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        command_of(message_of(data))
    assert caught.value.details[0][0] == field


def test_a_task_without_an_id_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="without an id"):
        completing({"content": "a"})
