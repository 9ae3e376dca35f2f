"""If-Match: whatever changes something that has an ETag does so only if that is as the caller has read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.domain.key import KeySpec, Scope, digest_of
from tests.api.served import Reply, Served, served

CONFIGURATION = '[apps.validator]\nnext = ["warehouse"]\n'
KEY_ID: Final = "5f0c3a9e1b7d"
SCHEDULE: Final[dict[str, Any]] = {"app": "report", "every_s": 60}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An operation that changes what has an ETag.

    Attributes:
        operation: Its id.
        method: Of HTTP.
        read: Where the thing is read.
        below: What the path of the change has behind that.
        body: Of the request.
        make: Lets the thing be there.
        disturb: Changes it, as somebody else.
        demands: Whether it is refused without If-Match.
    """

    operation: str
    method: str
    read: str
    below: str = ""
    body: Any = None
    make: Callable[[Served], object]
    disturb: Callable[[Served], object]
    demands: bool = False

    def ask(self, api: Served, tag: str | None) -> Reply:
        headers = {} if tag is None else {"If-Match": tag}
        return api.ask(self.method, f"{self.read}{self.below}", self.body, headers=headers)


def a_message(api: Served) -> None:
    api.queue.send("validator", {"order": 1}, message_id="m1")


def a_dead_letter(api: Served) -> None:
    a_message(api)
    (delivery,) = api.queue.claim("validator")
    delivery.fail("no")


def edit_message(api: Served) -> None:
    api.queue.edit("m1", priority=api.queue.get("m1").message.priority + 1)


def a_schedule(api: Served) -> None:
    assert api.ask("POST", "/schedules", {"name": "morning", **SCHEDULE}).status == 201


def a_paused_schedule(api: Served) -> None:
    a_schedule(api)
    api.queue.pause_schedule("morning")


def edit_schedule(api: Served) -> None:
    api.queue.edit_schedule("morning", data=api.queue.schedule("morning").revision)


def an_app(api: Served) -> None:
    assert api.ask("POST", "/apps", {"app": "ledger"}).status == 201


def edit_app(api: Served) -> None:
    store = api.queue._store
    override = store.read(lambda reader: reader.overrides()["ledger"])
    limited = {**override.document, "max_depth": override.revision}

    def put(tx: Any) -> None:
        assert tx.put_override("ledger", limited, override.revision)
        tx.next_generation()

    store.write(put)


def a_key(api: Served) -> None:
    spec = KeySpec(KEY_ID, "shop", digest_of("secret"), frozenset({Scope.MESSAGES_SEND}))
    api.queue._store.write(lambda tx: tx.create_key(spec))


def use_key(api: Served) -> None:
    api.queue._store.write(lambda tx: tx.note_use(KEY_ID))


MESSAGE: Final[dict[str, Any]] = {"read": "/messages/m1", "disturb": edit_message}
PLAN: Final[dict[str, Any]] = {"read": "/schedules/morning", "disturb": edit_schedule}
APP: Final[dict[str, Any]] = {"read": "/apps/ledger", "make": an_app, "disturb": edit_app}
KEY: Final[dict[str, Any]] = {"read": f"/keys/{KEY_ID}", "make": a_key, "disturb": use_key}
CHANGES: Final = (
    Change(operation="editMessage", method="PATCH", body={"priority": 9}, make=a_message, demands=True, **MESSAGE),
    Change(operation="cancelMessage", method="POST", below="/cancel", make=a_message, **MESSAGE),
    Change(operation="replayMessage", method="POST", below="/replay", make=a_dead_letter, **MESSAGE),
    Change(operation="cancelJob", method="DELETE", read="/jobs/m1", make=a_message, disturb=edit_message),
    Change(operation="replaceSchedule", method="PUT", body=SCHEDULE, make=a_schedule, demands=True, **PLAN),
    Change(operation="changeSchedule", method="PATCH", body={"data": 9}, make=a_schedule, demands=True, **PLAN),
    Change(operation="deleteSchedule", method="DELETE", make=a_schedule, **PLAN),
    Change(operation="pauseSchedule", method="POST", below="/pause", make=a_schedule, **PLAN),
    Change(operation="resumeSchedule", method="POST", below="/resume", make=a_paused_schedule, **PLAN),
    Change(operation="changeApp", method="PATCH", body={"concurrency": 2}, demands=True, **APP),
    Change(operation="deleteApp", method="DELETE", demands=True, **APP),
    Change(operation="stopApp", method="POST", below="/stop", **APP),
    Change(operation="startApp", method="POST", below="/start", **APP),
    Change(operation="restartApp", method="POST", below="/restart", **APP),
    Change(operation="rotateKey", method="POST", below="/rotate", **KEY),
    Change(operation="revokeKey", method="DELETE", **KEY),
)  # fmt: skip
DONE: Final = frozenset({200, 201, 202, 204})
BY_NAME: Final = {one.operation: one for one in CHANGES}

every_change = pytest.mark.parametrize("change", CHANGES, ids=BY_NAME)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    file = tmp_path / "crossdock.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\n{CONFIGURATION}')
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as found:
        yield found


def tag_of(api: Served, change: Change) -> str:
    api.ask(
        "PATCH", "/apps/nobody", {}, headers={"If-Match": "*"}
    )  # lets it read the newest configuration first
    return api.ask("GET", change.read).header("ETag") or ""


@every_change
def test_a_change_that_is_for_another_state_changes_nothing(api: Served, change: Change) -> None:
    change.make(api)
    stale = tag_of(api, change)
    change.disturb(api)
    before = tag_of(api, change)
    assert before != stale
    refused = change.ask(api, stale)
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert tag_of(api, change) == before
    assert change.ask(api, before).status in DONE


@every_change
def test_a_weak_tag_is_no_reason_to_change_anything(api: Served, change: Change) -> None:
    change.make(api)
    tag = tag_of(api, change)
    refused = change.ask(api, f"W/{tag}")
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert tag_of(api, change) == tag
    assert change.ask(api, f'"other", W/{tag}, {tag}').status in DONE


@every_change
def test_a_change_that_overtakes_another_changes_nothing(
    api: Served, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state is compared in the transaction that changes it, and not before."""
    change.make(api)
    tag = tag_of(api, change)
    store = api.application.state.crossdock.queue._store
    write = store.write_async
    disturbed = list[str]()

    async def overtaken(work: Any) -> Any:
        if not disturbed:
            disturbed.append(tag)
            change.disturb(api)
        return await write(work)

    with monkeypatch.context() as patched:
        patched.setattr(store, "write_async", overtaken)
        refused = change.ask(api, tag)
    assert disturbed
    assert (refused.status, refused.code) == (412, "PRECONDITION_FAILED")
    assert change.ask(api, tag_of(api, change)).status in DONE


@every_change
def test_a_change_of_any_state_is_made(api: Served, change: Change) -> None:
    change.make(api)
    without = change.ask(api, None)
    if change.demands:
        assert (without.status, without.code) == (428, "PRECONDITION_REQUIRED")
        assert change.ask(api, "*").status in DONE
    else:
        assert without.status in DONE


def test_whatever_has_an_etag_is_not_sent_again_to_who_has_it(shared_api: Served) -> None:
    paths: dict[str, Any] = shared_api.ask("GET", "/openapi.json").json["paths"]
    for path, operations in paths.items():
        asked = operations.get("get", {"responses": {}})
        tagged = "ETag" in asked["responses"].get("200", {}).get("headers", {})
        named = {one["name"] for one in asked.get("parameters", []) if one["in"] == "header"}
        assert tagged == ("If-None-Match" in named) == ("304" in asked["responses"]), path


@every_change
def test_an_etag_answers_304_until_the_thing_changes(api: Served, change: Change) -> None:
    change.make(api)
    tag = tag_of(api, change)
    known = api.ask("GET", change.read, headers={"If-None-Match": f'"other", {tag}'})
    assert (known.status, known.body, known.header("ETag")) == (304, b"", tag)
    assert api.ask("GET", change.read, headers={"If-None-Match": f"W/{tag}"}).status == 304
    assert api.ask("GET", change.read, headers={"If-None-Match": f'"x{tag[1:]}'}).status == 200
    change.disturb(api)
    new = tag_of(api, change)
    again = api.ask("GET", change.read, headers={"If-None-Match": tag})
    assert (again.status, again.header("ETag")) == (200, new)
    assert new != tag


def test_no_operation_changes_what_has_an_etag_without_being_in_the_table(shared_api: Served) -> None:
    """An operation that is new is found here: its path is that of something with an ETag, or one word below it."""
    paths: dict[str, Any] = shared_api.ask("GET", "/openapi.json").json["paths"]
    tagged = {
        path
        for path, operations in paths.items()
        if "{" in path
        and "ETag" in operations.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})
    }
    found = {
        operation["operationId"]: operation
        for path, operations in paths.items()
        for method, operation in operations.items()
        if method != "get" and (path in tagged or path.rpartition("/")[0] in tagged)
    }
    assert set(found) == set(BY_NAME)
    for name, operation in found.items():
        assert "If-Match" in {one["name"] for one in operation["parameters"] if one["in"] == "header"}, name
        assert "412" in operation["responses"], name
        assert ("428" in operation["responses"]) == BY_NAME[name].demands, name
