"""Every administrative action over REST stands in the audit log: who did what, on what, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.domain.key import Scope
from tests.api.served import Served, served

SECRET: Final = "plant-5ecret"  # noqa: S105 - opens nothing
CONFIGURATION: Final = '[api]\nallow_definitions = true\n[apps.validator]\nnext = ["warehouse"]\n'
ANY: Final = {"If-Match": "*"}
SCHEDULE: Final[dict[str, Any]] = {"app": "report", "every_s": 60, "data": {"password": SECRET}}
PROGRAM: Final[dict[str, Any]] = {"process": ["/bin/true", f"--password={SECRET}"], "mode": "rpc"}
ADMINISTRATIVE: Final = frozenset({
    Scope.MESSAGES_CONTROL, Scope.QUEUE_CONTROL, Scope.APPS_ADMIN, Scope.KEYS_ADMIN, Scope.SCHEDULES_ADMIN,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Action:
    """An administrative operation, and the line that it leaves.

    Attributes:
        operation: Its id.
        ask: Method, path and body.
        event: Of the line.
        app: Whose queue the line is about; "": all of the store; None: a message, or what it says of itself.
        make: Lets there be something to act on.
        details: What the line says beside who, what and when; None: whatever.
        headers: Of the request.
    """

    operation: str
    ask: tuple[str, str, Any]
    event: str
    app: str | None
    make: Callable[[Served], object] = lambda _: None
    details: dict[str, Any] | None = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


def a_message(api: Served) -> None:
    api.queue.send("validator", {"password": SECRET}, message_id="m1")


def a_dead_letter(api: Served) -> None:
    a_message(api)
    (delivery,) = api.queue.claim("validator")
    delivery.fail("no")


def a_schedule(api: Served) -> None:
    assert api.ask("POST", "/schedules", {"name": "morning", **SCHEDULE}).status == 201


def a_paused_schedule(api: Served) -> None:
    a_schedule(api)
    api.queue.pause_schedule("morning")


def an_app(api: Served) -> None:
    assert api.ask("POST", "/apps", {"app": "ledger"}).status == 201


def a_stopped_app(api: Served) -> None:
    api.queue._store.write(lambda tx: tx.stop_app("validator"))


KEY: Final = {"name": "shop", "scopes": ["messages:send"]}
MORNING: Final = {"schedule": "morning"}
ACTIONS: Final = (
    Action("editMessage", ("PATCH", "/messages/m1", {"priority": 9}), "message.edited", None, a_message,
           {"before": {"priority": 4}}, ANY),
    Action("cancelMessage", ("POST", "/messages/m1/cancel", None), "message.cancelled", None, a_message,
           {"was": "pending"}),
    Action("replayMessage", ("POST", "/messages/m1/replay", None), "message.replayed", None, a_dead_letter,
           {"was": "failed"}),
    Action("cancelJob", ("DELETE", "/jobs/m1", None), "message.cancelled", None, a_message, {"was": "pending"}),
    Action("pauseQueue", ("POST", "/queues/validator/pause", None), "queue.paused", "validator"),
    Action("resumeQueue", ("POST", "/queues/validator/resume", None), "queue.resumed", "validator"),
    Action("replayQueue", ("POST", "/queues/validator/replay", {}), "message.replayed", "validator", a_dead_letter,
           {"messages": 1}),
    Action("cancelQueue", ("POST", "/queues/validator/cancel", {}), "message.cancelled", "validator", a_message,
           {"messages": 1}),
    Action("purgeQueue", ("POST", "/queues/validator/purge", {"status": "failed"}), "queue.purged", "validator",
           a_dead_letter, {"status": "failed", "messages": 1}),
    Action("createApp", ("POST", "/apps", {"app": "ledger", "outbound": PROGRAM, "concurrency": 2}), "app.changed",
           "ledger", details={"outbound": ["mode", "process"], "concurrency": 2}),
    Action("changeApp", ("PATCH", "/apps/validator", {"outbound": PROGRAM}), "app.changed", "validator",
           details={"outbound": ["mode", "process"]}, headers=ANY),
    Action("deleteApp", ("DELETE", "/apps/ledger", None), "app.reset", "ledger", an_app, headers=ANY),
    Action("stopApp", ("POST", "/apps/validator/stop", None), "app.stopped", "validator"),
    Action("startApp", ("POST", "/apps/validator/start", None), "app.started", "validator", a_stopped_app),
    Action("restartApp", ("POST", "/apps/validator/restart", None), "app.restarted", "validator"),
    Action("createSchedule", ("POST", "/schedules", {"name": "morning", **SCHEDULE}), "schedule.created", "report",
           details=MORNING),
    Action("replaceSchedule", ("PUT", "/schedules/morning", {**SCHEDULE, "every_s": 90}), "schedule.replaced",
           "report", a_schedule, {**MORNING, "changed": ["interval_s"]}, ANY),
    Action("changeSchedule", ("PATCH", "/schedules/morning", {"every_s": 90}), "schedule.replaced", "report",
           a_schedule, {**MORNING, "changed": ["interval_s"]}, ANY),
    Action("pauseSchedule", ("POST", "/schedules/morning/pause", None), "schedule.paused", "report", a_schedule,
           MORNING),
    Action("resumeSchedule", ("POST", "/schedules/morning/resume", None), "schedule.resumed", "report",
           a_paused_schedule, MORNING),
    Action("deleteSchedule", ("DELETE", "/schedules/morning", None), "schedule.deleted", "report", a_schedule,
           MORNING),
    Action("createKey", ("POST", "/keys", KEY), "key.created", "", details=None),
    Action("rotateKey", ("POST", "/keys/{key}/rotate", {}), "key.expires", "", details=None),
    Action("revokeKey", ("DELETE", "/keys/{key}", None), "key.revoked", "", details=None),
)  # fmt: skip


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Served]:
    file = tmp_path / "crossdock.toml"
    file.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\n{CONFIGURATION}')
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as found:
        yield found


def lines(api: Served) -> list[dict[str, Any]]:
    """Return the whole audit log, without what a program on the same store did."""
    words = "SELECT event, who, app, row_id, details FROM audit_log ORDER BY id"
    found = api.queue._store.open_store.exclusive(lambda database: database.execute(words).fetchall())
    names = ("event", "who", "app", "row_id", "details")
    return [dict(zip(names, line, strict=True)) for line in found]


def made_key(api: Served) -> str:
    """Return the id of a key that is there."""
    made, _ = api.made_key("shop", frozenset({Scope.MESSAGES_SEND}))
    return made.id


@pytest.mark.parametrize("action", ACTIONS, ids=[one.operation for one in ACTIONS])
def test_an_action_tells_who_did_what_on_what(api: Served, action: Action) -> None:
    action.make(api)
    key = made_key(api)
    text = api.key("olga")
    method, path, body = action.ask
    answer = api.ask(method, path.format(key=key), body, key=text, headers=action.headers)
    assert answer.status in {200, 201, 202, 204}, answer.body
    told = [line for line in lines(api) if line["who"] == "api:olga"]
    found = next(line for line in told if line["event"] == action.event)
    details = json.loads(found["details"] or "{}")
    if action.app is None:
        assert found["row_id"] == api.queue.get("m1").row_id
    else:
        assert (found["app"], found["row_id"]) == (action.app, 0)
    if action.event.startswith("key."):
        known = key if "{key}" in path else answer.json["id"]
        assert details == {"key": known, "name": "shop"}
    else:
        assert details == action.details
    if action.app is not None:
        assert (found["event"], "api:olga") in {
            (one.event, one.who) for one in api.queue.actions(action.app or None)
        }
    written = json.dumps(lines(api))
    assert SECRET not in written
    assert text not in written


def test_no_administrative_operation_is_missing_in_the_table(shared_api: Served) -> None:
    paths: dict[str, Any] = shared_api.ask("GET", "/openapi.json").json["paths"]
    found = {
        operation["operationId"]
        for operations in paths.values()
        for method, operation in operations.items()
        if method != "get" and operation.get("x-scope") in ADMINISTRATIVE
    }
    assert found - {"archiveQueue"} == {action.operation for action in ACTIONS}  # it takes nothing away


def test_what_changes_nothing_leaves_no_line(api: Served) -> None:
    a_paused_schedule(api)
    a_stopped_app(api)

    def told() -> list[dict[str, Any]]:
        return [line for line in lines(api) if line["who"] == "api:operator"]

    before = told()
    assert api.ask("POST", "/schedules/morning/pause").status == 200
    assert api.ask("PUT", "/schedules/morning", SCHEDULE, headers=ANY).status == 200
    assert api.ask("POST", "/apps/validator/stop").status == 202
    assert told() == before
