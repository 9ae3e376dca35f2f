"""Exporters over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import pytest

from crossdock import TransientError
from crossdock.domain.key import Scope
from crossdock.exporting import Exports, Found, Pull, SetAside
from crossdock.testing import ScriptedExporter
from tests.api.served import Served

PAINT: Final = {
    "content": "Paint",
    "due": {"date": "2031-05-17", "string": "17 May", "lang": "en"},
    "deadline": None,
    "labels": ["home", "dry"],
    "guests": [{"email": "a@b.example", "name": "A"}, {"name": "B"}],
}


def task(name: str, title: str = "water the plants") -> Found:
    return Found("tasks", name, {"id": name, "content": title})


@pytest.fixture
def todoist(api: Served) -> ScriptedExporter:
    """Three tasks; the next run finds one changed and one gone."""
    exporter = ScriptedExporter(
        [
            Pull(
                "",
                "secret-token",
                [task("1"), task("2"), task("a/b")],
                [SetAside("tasks", None, "has no id")],
            )
        ],
        [Pull("", "other-token", [task("1", "water them twice"), Found("tasks", "2", None)])],
        name="todoist",
    )
    Exports(api.queue).sync(exporter)
    return exporter


def ids(reply: object) -> list[str]:
    return [one["id"] for one in reply.json["objects"]]  # type: ignore[attr-defined]


def test_objects_come_in_pages_in_the_order_of_their_changes(api: Served, todoist: ScriptedExporter) -> None:
    first = api.ask("GET", "/exporters/todoist/tasks?limit=2")
    assert (first.status, ids(first), first.json["fresh"]) == (200, ["1", "2"], True)
    assert first.json["fetched_at"] is not None
    second = api.ask("GET", f"/exporters/todoist/tasks?limit=2&cursor={first.json['next']}")
    assert (ids(second), second.json["next"], second.header("Link")) == (["a/b"], None, None)
    assert api.ask("GET", "/exporters/todoist/projects").json["objects"] == []


def test_the_link_to_the_next_page_leads_through_the_same_list(
    api: Served, todoist: ScriptedExporter
) -> None:
    since = api.ask("GET", "/exporters/todoist/tasks").json["objects"][0]["changed_at"].replace("Z", "+00:00")
    Exports(api.queue).sync(todoist)
    for text in (since, quote(since)):  # a bare plus, too, is understood, on every page
        query = f"?include=gone&fields=id&updated_since={text}&limit=1"
        pages = [page.json["objects"] for page in api.follow(f"/exporters/todoist/tasks{query}")]
        assert [[sorted(one.items()) for one in page] for page in pages] == [
            [[("id", "a/b")]], [[("id", "1")]], [[("id", "2")]],
        ]  # fmt: skip


def test_only_what_changed_and_what_is_wanted_of_it(api: Served, todoist: ScriptedExporter) -> None:
    since = api.ask("GET", "/exporters/todoist/tasks").json["objects"][0]["changed_at"]
    Exports(api.queue).sync(todoist)
    changed = api.ask("GET", "/exporters/todoist/tasks/1").json
    assert (changed["data"]["content"], changed["gone_at"]) == ("water them twice", None)
    after = quote(changed["changed_at"])
    assert ids(api.ask("GET", f"/exporters/todoist/tasks?updated_since={after}")) == ["1"]
    both = api.ask("GET", f"/exporters/todoist/tasks?updated_since={after}&include=gone&fields=id")
    assert both.json["objects"] == [{"id": "1"}, {"id": "2"}]
    assert len(ids(api.ask("GET", f"/exporters/todoist/tasks?updated_since={quote(since)}"))) == 2


def test_what_the_caller_has_is_not_sent_again(api: Served, todoist: ScriptedExporter) -> None:
    tag = api.ask("GET", "/exporters/todoist/tasks").header("ETag") or ""
    have = {"If-None-Match": tag}
    assert api.ask("GET", "/exporters/todoist/tasks", headers=have).status == 304
    assert api.ask("GET", "/exporters/todoist/tasks?limit=1", headers=have).status == 200
    Exports(api.queue).sync(todoist)
    assert api.ask("GET", "/exporters/todoist/tasks", headers=have).status == 200


def test_one_object_by_any_id(api: Served, todoist: ScriptedExporter) -> None:
    assert api.ask("GET", "/exporters/todoist/tasks/a/b").json["data"]["id"] == "a/b"
    assert set(api.ask("GET", "/exporters/todoist/tasks/1?fields=id").json) == {"id", "fetched_at", "fresh"}
    Exports(api.queue).sync(todoist)
    assert api.ask("GET", "/exporters/todoist/tasks/2").code == "OBJECT_NOT_FOUND"
    assert api.ask("GET", "/exporters/todoist/tasks/2?include=gone").json["gone_at"] is not None


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ("data.content", {"data": {"content": "Paint"}}),
        (
            "id,data.due.date,data.due.string",
            {"id": "9", "data": {"due": {"date": "2031-05-17", "string": "17 May"}}},
        ),
        (
            "data.due,data.due.date",
            {"data": {"due": {"date": "2031-05-17", "string": "17 May", "lang": "en"}}},
        ),
        ("data.labels", {"data": {"labels": ["home", "dry"]}}),
        ("data.guests.email", {"data": {"guests": [{"email": "a@b.example"}, {}]}}),
        ("data.deadline.date", {"data": {"deadline": None}}),
        ("data.absent,data.content.x,data.labels.x", {"data": {"labels": []}}),
        ("data.due.lang, data", {"data": PAINT}),
    ],
)
def test_fields_reach_into_the_data(api: Served, fields: str, shown: dict[str, Any]) -> None:
    found = Found("tasks", "9", PAINT)
    Exports(api.queue).sync(ScriptedExporter([Pull("", "1", [found])], name="todoist", kinds=("tasks",)))
    of_list = api.ask("GET", f"/exporters/todoist/tasks?fields={quote(fields)}").json["objects"]
    of_one = api.ask("GET", f"/exporters/todoist/tasks/9?fields={quote(fields)}").json
    assert of_list == [shown]
    assert {name: of_one[name] for name in shown} == shown


@pytest.mark.parametrize("wrong", ["data.", "data..x", "data.x,", ".data", "id.x", "date.x"])
def test_a_field_that_cannot_be_is_refused(api: Served, todoist: ScriptedExporter, wrong: str) -> None:
    answer = api.ask("GET", f"/exporters/todoist/tasks?fields={wrong}")
    assert answer.status == 422
    assert "nor a part such as data.name" in answer.json["error"]["details"][0]["issue"]


@pytest.mark.parametrize(
    ("path", "code", "words"),
    [
        ("/exporters/todoits/tasks", "EXPORTER_NOT_FOUND", "no exporter todoits; did you mean todoist?"),
        ("/exporters/todoist/task", "EXPORTER_NOT_FOUND", "todoist has no task; did you mean tasks?"),
        ("/exporters/todoist/tasks?fields=id,dota", "VALIDATION_ERROR", "fields: there is no 'dota'"),
        ("/exporters/todoist/tasks?include=dead", "VALIDATION_ERROR", "include: there is no 'dead'"),
        ("/exporters/todoist/tasks?cursor=MTc", "VALIDATION_ERROR", "cursor: is none of ours"),
        ("/exporters/todoist/tasks?updated_since=now", "VALIDATION_ERROR", "updated_since is not an instant"),
        ("/exporters/x/status", "EXPORTER_NOT_FOUND", "no exporter x; there are: todoist"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(
    api: Served, todoist: ScriptedExporter, path: str, code: str, words: str
) -> None:
    answer = api.ask("GET", path)
    assert answer.code == code
    assert words in answer.json["error"]["message"]


def test_status_and_history_tell_how_it_does_and_no_secret(api: Served) -> None:
    exporter = ScriptedExporter(
        [
            Pull(
                "inbox",
                "secret-token",
                [task("1")],
                [SetAside("tasks", "9", "has no content", {"x": "private"})],
            )
        ],
        [TransientError("the service does not answer")],
        name="todoist",
    )
    Exports(api.queue).sync(exporter)
    with pytest.raises(TransientError):
        Exports(api.queue).sync(exporter)
    status = api.ask("GET", "/exporters/todoist/status")
    assert (status.json["objects"]["tasks"], status.json["set_aside"]) == (1, 1)
    assert [one["reason"] for one in status.json["aside"]] == ["has no content"]
    assert [one["scope"] for one in status.json["scopes"]] == ["inbox"]
    assert status.json["last_run"]["outcome"] == "failed"
    runs = api.ask("GET", "/exporters/todoist/history").json["runs"]
    assert [one["outcome"] for one in runs] == ["failed", "completed"]
    assert runs[0]["error"] == {"code": "TRANSIENT", "message": "the service does not answer"}
    assert b"secret-token" not in status.body
    assert api.ask("GET", "/exporters").json["exporters"][0]["name"] == "todoist"


def test_what_is_too_old_is_not_fresh(api: Served, todoist: ScriptedExporter) -> None:
    often = timedelta(microseconds=1)
    api.queue._store.write(lambda tx: tx.declare_exporter("todoist", ["tasks"], often))
    assert not api.ask("GET", "/exporters/todoist/tasks").json["fresh"]


def test_a_run_is_asked_for_once_per_request(api: Served, todoist: ScriptedExporter) -> None:
    named = {"Idempotency-Key": "once"}
    made = api.ask("POST", "/exporters/todoist/sync", {"full": True}, headers=named)
    again = api.ask("POST", "/exporters/todoist/sync", {"full": True}, headers=named)
    assert (made.status, again.json) == (202, made.json)
    place = (made.header("Location") or "").removeprefix("/api/v1")
    assert api.ask("GET", place).json["app"] == "todoist"
    assert api.ask("POST", "/exporters/todoist/sync").status == 202
    waiting = api.queue.list("todoist")
    assert [(one.message.data, one.message.partitionkey) for one in waiting] == [
        ({"full": True}, "todoist"),
        ({"full": False}, "todoist"),
    ]


def test_reading_and_running_need_scopes_of_their_own(api: Served, todoist: ScriptedExporter) -> None:
    reader = api.key("reader", frozenset({Scope.TASKS_READ}))
    runner = api.key("runner", frozenset({Scope.EXPORTERS_RUN}))
    assert api.ask("GET", "/exporters/todoist/tasks", key=reader).status == 200
    assert api.ask("POST", "/exporters/todoist/sync", key=reader).code == "FORBIDDEN"
    assert api.ask("GET", "/exporters/todoist/tasks", key=runner).code == "FORBIDDEN"
    assert api.ask("POST", "/exporters/todoist/sync", key=runner).status == 202
