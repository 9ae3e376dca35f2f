"""Rules of Todoist's API that its client does not show: pages, ids, tokens, commands, budgets, the old addresses."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from task_priority.sandbox import Sandbox
from tests.task_priority.sandbox.conftest import Time

Sync = Callable[..., dict[str, Any]]


def _error(answer: httpx.Response) -> tuple[int, str, str | None]:
    body = answer.json()
    return answer.status_code, body["error_tag"], body["error_extra"].get("argument")


def _command(type: str, temp_id: str | None = None, **args: Any) -> dict[str, Any]:
    command = {"type": type, "uuid": str(uuid.uuid4()), "args": args}
    return command | ({"temp_id": temp_id} if temp_id else {})


@pytest.mark.parametrize("limit", ["201", "0", "many"])
def test_a_limit_out_of_range_is_an_error(http: httpx.Client, sandbox: Sandbox, limit: str) -> None:
    answer = http.get(f"{sandbox.todoist_url}/tasks", params={"limit": limit})
    assert _error(answer) == (400, "INVALID_ARGUMENT_VALUE", "limit")


def test_a_cursor_belongs_to_its_parameters(http: httpx.Client, sandbox: Sandbox) -> None:
    url = f"{sandbox.todoist_url}/tasks"
    cursor = http.get(url, params={"limit": 3}).json()["next_cursor"]
    assert http.get(url, params={"limit": 5, "cursor": cursor}).status_code == 200
    for wrong in ({"cursor": cursor, "label": "deep"}, {"cursor": "no-cursor"}):
        assert _error(http.get(url, params=wrong)) == (400, "INVALID_ARGUMENT_VALUE", "cursor")


@pytest.mark.parametrize(
    "path", ["tasks/2995104339", "projects/2203306141", "sections/7025", "comments/2992679862"]
)
def test_ids_of_the_old_api_are_refused(http: httpx.Client, sandbox: Sandbox, path: str) -> None:
    assert _error(http.get(f"{sandbox.todoist_url}/{path}")) == (400, "INVALID_ARGUMENT_VALUE", "id")
    assert http.get(f"{sandbox.todoist_url}/id_mappings/tasks/2995104339").json() == []


def test_the_old_apis_are_gone(http: httpx.Client, sandbox: Sandbox) -> None:
    assert http.get(f"{sandbox.url}/todoist/rest/v2/tasks").status_code == 410
    assert http.post(f"{sandbox.url}/todoist/sync/v9/sync").status_code == 410


def test_paths_and_methods_are_exact(http: httpx.Client, sandbox: Sandbox) -> None:
    assert http.get(f"{sandbox.todoist_url}/Tasks").status_code == 404
    assert http.get(f"{sandbox.todoist_url}/sync").status_code == 405
    assert http.get(f"{sandbox.url}/elsewhere").status_code == 404


def test_wrong_arguments_are_named(http: httpx.Client, sandbox: Sandbox) -> None:
    for body, argument in (
        ({}, "content"),
        ({"content": " "}, "content"),
        ({"content": "x", "priority": 5}, "priority"),
        ({"content": "x", "duration": 5}, "duration_unit"),
        ({"content": "x", "deadline_date": "soon"}, "deadline_date"),
        ({"content": "x", "due_date": "2026-03-02", "due_string": "today"}, "due_date"),
        ({"content": "x", "due_string": "when pigs fly"}, "due_string"),
    ):
        answer = http.post(f"{sandbox.todoist_url}/tasks", json=body)
        assert (answer.status_code, answer.json()["error_extra"]["argument"]) == (400, argument), body
    assert http.post(f"{sandbox.todoist_url}/tasks", content=b"[1]").status_code == 400


def test_sync_takes_forms_and_json(http: httpx.Client, sandbox: Sandbox, sync: Sync) -> None:
    body = {"sync_token": "*", "resource_types": ["labels", "items"]}
    as_json = http.post(f"{sandbox.todoist_url}/sync", json=body).json()
    as_form = sync(types=["labels", "items"])
    for one in (as_json, as_form):
        del one["full_sync_date_utc"]
    assert as_json == as_form


def test_a_full_sync_has_only_what_is_active(sandbox: Sandbox, sync: Sync) -> None:
    todoist = sandbox.todoist
    done, deleted = todoist.tasks.add("Done")["id"], todoist.tasks.add("Deleted")["id"]
    archived = todoist.projects.add("Archived")["id"]
    inside = todoist.tasks.add("Inside", project_id=archived)["id"]
    token = sync()["sync_token"]
    todoist.tasks.complete(done)
    todoist.tasks.delete(deleted)
    todoist.projects.archive(archived)
    full = sync()
    assert {done, deleted, inside}.isdisjoint(one["id"] for one in full["items"])
    assert archived not in {one["id"] for one in full["projects"]}
    incremental = sync(token)
    assert not incremental["full_sync"]
    by_id = {one["id"]: one for one in incremental["items"]}
    assert by_id[done]["checked"]
    assert by_id[deleted] == {"id": deleted, "is_deleted": True}
    assert [one["is_archived"] for one in incremental["projects"]] == [True]


def test_an_incremental_answer_with_nothing_new_has_a_token(sync: Sync) -> None:
    token = sync()["sync_token"]
    answer = sync(token)
    assert answer.keys() == {"sync_token", "full_sync", "sync_status", "temp_id_mapping"}


def test_a_token_of_other_types_gets_everything(sync: Sync) -> None:
    token = sync(types=["items"])["sync_token"]
    assert sync(token, types=["items", "labels"])["full_sync"]
    assert not sync(token, types=["items"])["full_sync"]


def test_an_expired_token_gets_everything(sandbox: Sandbox, sync: Sync) -> None:
    token = sync()["sync_token"]
    sandbox.todoist.account.expire_sync_tokens()
    assert sync(token)["full_sync"]
    token = sync()["sync_token"]
    sandbox.faults.add("expired-sync-token", api="todoist")
    assert sync(token)["full_sync"]
    assert not sync(token)["full_sync"]


def test_a_made_up_token_is_refused(http: httpx.Client, sandbox: Sandbox) -> None:
    answer = http.post(
        f"{sandbox.todoist_url}/sync", data={"sync_token": "abc", "resource_types": '["items"]'}
    )
    assert _error(answer) == (400, "INVALID_ARGUMENT_VALUE", "sync_token")


def test_a_stale_full_sync_is_made_whole_by_the_next(sandbox: Sandbox, sync: Sync) -> None:
    sandbox.todoist.account.take_snapshot()
    task = sandbox.todoist.tasks.add("After the snapshot")["id"]
    full = sync()
    assert task not in {one["id"] for one in full["items"]}
    assert task in {one["id"] for one in sync(full["sync_token"])["items"]}
    sandbox.todoist.account.drop_snapshot()


def test_a_command_is_done_once(sync: Sync, sandbox: Sandbox) -> None:
    command = _command("item_add", "temp-1", content="Once")
    first, second = sync(commands=[command]), sync(commands=[command])
    assert first["temp_id_mapping"] == second["temp_id_mapping"]
    assert second["sync_status"] == {command["uuid"]: "ok"}
    assert [one["content"] for one in sandbox.todoist.account.living("items")].count("Once") == 1


def test_commands_refer_to_each_other_and_fail_alone(sync: Sync) -> None:
    commands = [
        _command("project_add", "p", name="Made by command"),
        _command("item_add", "t", content="In it", project_id="p"),
        _command("note_add", content="On it", item_id="t"),
        _command("item_close", id="nowhere"),
        _command("item_move", id="t"),
        _command("no_such_thing"),
        _command("item_close", id="t"),
    ]
    answer = sync(commands=commands)
    status = [answer["sync_status"][command["uuid"]] for command in commands]
    assert [one if one == "ok" else one["error_tag"] for one in status] == [
        "ok",
        "ok",
        "ok",
        "NOT_FOUND",
        "INVALID_ARGUMENT_VALUE",
        "INVALID_ARGUMENT_VALUE",
        "ok",
    ]
    assert answer["temp_id_mapping"].keys() == {"p", "t"}


def test_more_than_a_hundred_commands_are_refused(http: httpx.Client, sandbox: Sandbox) -> None:
    commands = [_command("item_add", content="x") for _ in range(101)]
    answer = http.post(f"{sandbox.todoist_url}/sync", data={"commands": json.dumps(commands)})
    assert _error(answer) == (400, "INVALID_ARGUMENT_VALUE", "commands")


def test_a_large_body_is_refused(http: httpx.Client, sandbox: Sandbox) -> None:
    answer = http.post(f"{sandbox.todoist_url}/tasks", content=b"x" * (1024 * 1024 + 1))
    assert (answer.status_code, answer.headers.get("connection")) == (413, "close")


def test_syncs_have_a_budget(sandbox: Sandbox, http: httpx.Client, time: Time) -> None:
    budget = sandbox.todoist.syncing.full_budget
    time.advance(minutes=16)
    budget.most = 2
    try:
        answers = [
            http.post(f"{sandbox.todoist_url}/sync", data={"sync_token": "*", "resource_types": '["labels"]'})
            for _ in range(3)
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["retry-after"] == "900"
        time.advance(minutes=15)
        assert http.post(f"{sandbox.todoist_url}/sync", data={"sync_token": "*"}).status_code == 200
    finally:
        budget.most = None


@pytest.mark.parametrize(
    ("words", "first", "second"),
    [
        ("every day", "2026-03-04", "2026-03-05"),
        ("every other day", "2026-03-04", "2026-03-06"),
        ("every workday", "2026-03-04", "2026-03-05"),
        ("every monday, friday", "2026-03-06", "2026-03-09"),
        ("every month", "2026-03-04", "2026-04-04"),
        ("every 1st", "2026-04-01", "2026-05-01"),
        ("every 2nd tuesday", "2026-03-10", "2026-04-14"),
        ("every! 10 days", "2026-03-04", "2026-03-14"),
        ("weekly", "2026-03-04", "2026-03-11"),
        ("every friday at 15:00", "2026-03-06T15:00:00", "2026-03-13T15:00:00"),
        ("every day at 8am", "2026-03-05T08:00:00", "2026-03-06T08:00:00"),
    ],
)
def test_repetitions_move_on(words: str, first: str, second: str) -> None:
    time = Time()
    sandbox = Sandbox(clock=time, demo=False)
    task = sandbox.todoist.tasks.add("Again", due_string=words)
    assert (task["due"]["date"], task["due"]["is_recurring"]) == (first, True)
    sandbox.todoist.tasks.close(task["id"])
    assert task["due"]["date"] == second
    sandbox.close()


def test_an_overdue_repetition_moves_into_the_future() -> None:
    time = Time()
    sandbox = Sandbox(clock=time, demo=False)
    task = sandbox.todoist.tasks.add("Again", due_string="every monday")
    time.now += timedelta(days=30)
    sandbox.todoist.tasks.close(task["id"])
    assert task["due"]["date"] == "2026-04-06"
    sandbox.close()


def test_a_heading_cannot_be_completed(http: httpx.Client, sandbox: Sandbox) -> None:
    heading = sandbox.todoist.tasks.add("* Heading")["id"]
    assert http.post(f"{sandbox.todoist_url}/tasks/{heading}/close").status_code == 400


def test_the_user_has_secrets_and_the_zone(http: httpx.Client, sandbox: Sandbox) -> None:
    user = http.get(f"{sandbox.todoist_url}/user").json()
    assert user["tz_info"]["timezone"] == "Europe/Oslo"
    assert user["token"] == sandbox.token
