"""Completing, putting off and taking back, over HTTP and down to Todoist."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock.domain.key import Scope
from crossdock.exporting import Exports
from task_priority.asked import WRITER
from task_priority.changes import Changes
from task_priority.sandbox import Sandbox
from task_priority.sources import TODOIST, Sources
from tests.api.served import Served
from tests.task_priority.api.household import Household

LATER = {"due": {"kind": "floating", "value": "2031-05-23T14:00:00"}}


def tasks(api: Served) -> dict[str, Any]:
    return {
        one["task"]["id"]: one["task"] for one in api.ask("GET", "/tasks/ranked?limit=1000").json["tasks"]
    }


def some_task(api: Served) -> Any:
    """Return a task of Todoist that is due once."""
    return next(
        one for one in tasks(api).values() if one["source"] == TODOIST and one["due"] and not one["recurring"]
    )


def deliver(household: Household, api: Served) -> None:
    """Let what waits arrive, as the hub would, and look at what came of it."""
    with Sources(household.home) as sources:
        Changes(api.queue, Exports(api.queue)).deliver(sources.todoist_writer(api.queue))
    household.sync(api.queue)


def pending(api: Served) -> list[tuple[str, str]]:
    return [(one["task_id"], one["change"]) for one in api.ask("GET", "/plan").json["pending"]]


def test_a_completed_task_is_gone_at_once_and_at_todoist_when_it_arrives(
    household: Household, sandbox: Sandbox, written: Served
) -> None:
    task = some_task(written)["id"]
    answer = written.ask("POST", f"/tasks/{task}/complete")
    assert answer.status == 202
    assert answer.json == {"task_id": task, "change": "done", "job_id": answer.json["job_id"]}
    assert written.ask("GET", str(answer.header("Location")).removeprefix("/api/v1")).json["app"] == WRITER
    assert task not in tasks(written)
    assert pending(written) == [(task, "done")]
    deliver(household, written)
    assert sandbox.todoist.account.objects["items"][task.removeprefix("todoist:")]["checked"] is True
    assert task not in tasks(written)
    assert pending(written) == []


def test_what_has_arrived_is_taken_back_at_todoist(household: Household, written: Served) -> None:
    before = some_task(written)
    written.ask("POST", f"/tasks/{before['id']}/complete")
    deliver(household, written)
    undone = written.ask("POST", f"/tasks/{before['id']}/undo")
    assert (undone.status, undone.json["change"]) == (202, "taken back")
    deliver(household, written)
    assert tasks(written)[before["id"]]["due"] == before["due"]
    again = written.ask("POST", f"/tasks/{before['id']}/undo")
    assert (again.status, again.code) == (409, "NOTHING_TO_UNDO")


@pytest.mark.parametrize("wish", [None, LATER], ids=["completed", "put off"])
def test_what_is_taken_back_is_as_it_was_before_todoist_is_asked_again(
    household: Household, written: Served, wish: Any
) -> None:
    before = some_task(written)
    verb = "complete" if wish is None else "reschedule"
    assert written.ask("POST", f"/tasks/{before['id']}/{verb}", wish).status == 202
    deliver(household, written)
    assert written.ask("POST", f"/tasks/{before['id']}/undo").status == 202
    assert written.ask("GET", f"/tasks/{before['id']}").json["task"] == before
    with Sources(household.home) as sources:
        Changes(written.queue, Exports(written.queue)).deliver(sources.todoist_writer(written.queue))
    assert written.ask("GET", f"/tasks/{before['id']}").json["task"] == before
    household.sync(written.queue)
    assert written.ask("GET", f"/tasks/{before['id']}").json["task"] == before
    assert pending(written) == []


def test_what_has_not_arrived_is_dropped(household: Household, sandbox: Sandbox, written: Served) -> None:
    task = some_task(written)["id"]
    written.ask("POST", f"/tasks/{task}/complete")
    undone = written.ask("POST", f"/tasks/{task}/undo")
    assert (undone.status, undone.json) == (200, {"task_id": task, "change": "taken back", "job_id": None})
    assert undone.header("Location") is None
    assert task in tasks(written)
    deliver(household, written)
    assert sandbox.todoist.account.objects["items"][task.removeprefix("todoist:")]["checked"] is False


def test_changes_of_a_task_are_taken_back_one_after_the_other(written: Served) -> None:
    first, second = [one["id"] for one in tasks(written).values() if one["source"] == TODOIST][:2]
    written.ask("POST", f"/tasks/{first}/reschedule", {"when": "friday"})
    written.ask("POST", f"/tasks/{first}/complete")
    written.ask("POST", f"/tasks/{second}/complete")
    assert written.ask("POST", f"/tasks/{first}/undo").status == 200
    assert set(pending(written)) == {(first, "put off"), (second, "done")}
    assert written.ask("POST", f"/tasks/{first}/undo").status == 200
    assert pending(written) == [(second, "done")]
    assert written.ask("POST", f"/tasks/{first}/undo").code == "NOTHING_TO_UNDO"


@pytest.mark.parametrize(
    ("wish", "due"),
    [
        (LATER, LATER["due"]),
        ({"when": "2031-05-23 14:00"}, LATER["due"]),
        ({"due": {"kind": "instant", "value": "2031-05-23T14:00:00+02:00"}},
         {"kind": "instant", "value": "2031-05-23T12:00:00Z"}),
    ],
)  # fmt: skip
def test_a_task_is_due_when_it_was_put_off_to(
    household: Household, written: Served, wish: Any, due: Any
) -> None:
    task = some_task(written)["id"]
    answer = written.ask("POST", f"/tasks/{task}/reschedule", wish)
    assert (answer.status, answer.json["change"]) == (202, "put off")
    assert tasks(written)[task]["due"] == due
    deliver(household, written)
    assert tasks(written)[task]["due"] == due


def test_a_day_leaves_the_time_of_day(written: Served) -> None:
    timed = next(
        one for one in tasks(written).values()
        if one["source"] == TODOIST and one["due"] and one["due"]["kind"] == "floating"
    )  # fmt: skip
    written.ask("POST", f"/tasks/{timed['id']}/reschedule", {"due": {"kind": "day", "value": "2031-05-23"}})
    assert tasks(written)[timed["id"]]["due"]["value"] == f"2031-05-23T{timed['due']['value'][11:]}"


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({}, "body"),
        ({**LATER, "when": "friday"}, "body"),
        ({"when": "some day"}, "when"),
        ({"due": {"kind": "day", "value": "tomorrow"}}, "due"),
        ({"due": {"kind": "instant", "value": "2031-05-23T14:00:00"}}, "due"),
        ({"due": {"kind": "floating", "value": "2031-05-23T14:00:00Z"}}, "due"),
        ({"due": {"kind": "instant", "value": "0001-01-01T00:00:00+14:00"}}, "due"),
        ({"due": {"kind": "week", "value": "2031-05-23"}}, "due.kind"),
    ],
)
def test_what_is_no_time_is_refused(untouched: Served, wish: Any, field: str) -> None:
    answer = untouched.ask("POST", f"/tasks/{some_task(untouched)['id']}/reschedule", wish)
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    assert [one["field"] for one in answer.json["error"]["details"]] == [field]
    assert pending(untouched) == []


def test_a_request_that_is_made_again_is_answered_alike(household: Household, written: Served) -> None:
    path = f"/tasks/{some_task(written)['id']}"
    named = {"Idempotency-Key": "one"}
    first = written.ask("POST", f"{path}/complete", headers=named)
    deliver(household, written)
    second = written.ask("POST", f"{path}/complete", headers=named)
    assert (second.status, second.json) == (202, first.json)
    assert second.header("Idempotency-Replayed") == "true"
    undone = [written.ask("POST", f"{path}/undo", headers=named) for _ in range(2)]
    assert undone[0].json == undone[1].json
    assert len(written.queue.list(WRITER)) == 2


def test_what_is_done_already_is_not_done_again(household: Household, written: Served) -> None:
    task = some_task(written)["id"]
    written.ask("POST", f"/tasks/{task}/complete")
    for _ in range(2):
        again = written.ask("POST", f"/tasks/{task}/complete")
        assert (again.status, again.code) == (404, "TASK_NOT_FOUND")
        deliver(household, written)
    assert len(written.queue.list(WRITER)) == 1


def test_only_tasks_of_todoist_can_be_changed(untouched: Served) -> None:
    answer = untouched.ask("POST", "/tasks/ics:home:plumber/complete")
    assert (answer.status, answer.code) == (422, "INVALID_MESSAGE")
    assert "ics:home:plumber is not in Todoist" in answer.json["error"]["message"]
    missed = untouched.ask("POST", "/tasks/plumber/reschedule", LATER)
    assert missed.code == "TASK_NOT_FOUND"
    assert "did you mean ics:home:plumber" in missed.json["error"]["message"]
    assert untouched.ask("POST", "/tasks/todoist:1/undo").code == "NOTHING_TO_UNDO"
    assert untouched.queue.list(WRITER) == []


def test_changing_needs_the_scope_for_it(written: Served) -> None:
    other = written.key("other", frozenset(Scope) - {Scope.TASKS_WRITE})
    for verb in ("complete", "reschedule", "undo"):
        path = f"/tasks/{some_task(written)['id']}/{verb}"
        assert (
            written.ask("POST", path, LATER if verb == "reschedule" else None, key=other).code == "FORBIDDEN"
        )
    one = written.key("one", frozenset({Scope.TASKS_WRITE}))
    assert written.ask("POST", f"/tasks/{some_task(written)['id']}/complete", key=one).status == 202


def test_what_is_being_made_is_neither_dropped_nor_skipped(written: Served) -> None:
    task = some_task(written)["id"]
    written.ask("POST", f"/tasks/{task}/reschedule", LATER)
    with written.queue.consume_one(WRITER) as delivery:
        assert delivery is not None
        answer = written.ask("POST", f"/tasks/{task}/undo")
        assert (answer.status, answer.code) == (409, "NOTHING_TO_UNDO")
        assert "at this moment" in answer.json["error"]["message"]
