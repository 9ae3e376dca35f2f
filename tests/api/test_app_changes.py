"""Apps that are made, changed and removed through the API; every process applies it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crossdock import AsyncQueue, Queue
from crossdock.api.application import create_application
from crossdock.api.attendance import Attendance
from crossdock.api.settings import ApiSettings
from crossdock.app.hub import Hub
from crossdock.config import load
from crossdock.domain.key import Scope
from crossdock.queue_core import overridden
from tests.api.served import EVERYTHING, Reply, Served, served

CONFIGURATION = """
[apps.validator]
outbound = { http = "https://warehouse.example/orders", allow = ["10.0.0.0/8"] }
next = ["warehouse"]
concurrency = 4
timeout = "30s"
"""
PROGRAM = {"process": ["/bin/true"]}
ANY = {"If-Match": "*"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "crossdock.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/work.db"\n{CONFIGURATION}')
    return path


@pytest.fixture
def api(tmp_path: Path, file: Path) -> Iterator[Served]:
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as found:
        yield found


def patch(api: Served, app: str, changes: dict[str, Any], **options: Any) -> Reply:
    return api.ask("PATCH", f"/apps/{app}", changes, **{"headers": ANY, **options})


def test_an_app_that_is_made_takes_part_at_once(api: Served) -> None:
    made = api.ask("POST", "/apps", {"app": "ledger", "subscribe": [{"type": "order.*"}], "max_depth": 2})
    assert (made.status, made.header("Location")) == (201, "/api/v1/apps/ledger")
    shown = api.ask("GET", "/apps/ledger")
    assert (shown.json, shown.json["max_depth"], shown.json["configured"]) == (made.json, 2, True)
    sent = api.ask(
        "POST", "/messages?from=shop", 1,
        headers={"ce-id": "1", "ce-source": "s", "ce-type": "order.placed", "ce-specversion": "1.0"},
    )  # fmt: skip
    assert [row["app"] for row in sent.json["rows"]] == ["ledger"]
    assert api.ask("POST", "/apps", {"app": "ledger"}).code == "APP_EXISTS"
    assert api.ask("POST", "/apps", {"app": "validator"}).code == "APP_EXISTS"


def test_what_is_not_named_stays_and_null_takes_away(api: Served) -> None:
    changed = patch(api, "validator", {"concurrency": 8, "timeout": None})
    assert changed.status == 200
    app = api.ask("GET", "/apps/validator")
    assert (app.json["concurrency"], app.json["timeout_s"], app.json["next"]) == (8, None, ["warehouse"])
    assert app.header("ETag") == changed.header("ETag")
    assert patch(api, "validator", {"next": ["ledger"]}).json["concurrency"] == 8


def test_an_adapter_is_replaced_as_a_whole(api: Served) -> None:
    changed = patch(api, "validator", {"outbound": {"http": "https://other.example/in"}})
    assert changed.json["outbound"] == {"kind": "http", "target": "https://other.example"}
    override = api.queue._store.read(lambda reader: reader.overrides()["validator"])
    assert (override.document, override.who) == (
        {"outbound": {"http": "https://other.example/in"}},
        "api:operator",
    )


def test_a_change_is_for_the_state_that_was_read(api: Served) -> None:
    tag = api.ask("GET", "/apps/validator").header("ETag") or ""
    assert patch(api, "validator", {"concurrency": 8}, headers={}).code == "PRECONDITION_REQUIRED"
    assert patch(api, "validator", {"concurrency": 8}, headers={"If-Match": tag}).status == 200
    assert (
        patch(api, "validator", {"concurrency": 9}, headers={"If-Match": tag}).code == "PRECONDITION_FAILED"
    )
    assert api.ask("DELETE", "/apps/validator", headers={"If-Match": tag}).code == "PRECONDITION_FAILED"


def test_what_is_wrong_is_told_by_its_field_and_changes_nothing(api: Served) -> None:
    answer = patch(api, "validator", {"concurrency": 0, "rate": "quick", "fallback": "validator"})
    assert (answer.status, answer.code) == (422, "VALIDATION_ERROR")
    fields = {one["field"] for one in answer.json["error"]["details"]}
    assert {"concurrency", "rate"} <= fields
    assert patch(api, "validator", {"concurency": 2}).json["error"]["details"][0]["field"] == "concurency"
    wrong = patch(api, "validator", {"outbound": {"http": "https://10.0.0.1/"}})
    assert wrong.json["error"]["details"][0]["field"].startswith("outbound")
    assert api.ask("GET", "/apps/validator").json["concurrency"] == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [("rate", "\ud800"), ("fallback", "\ud800"), ("next", ["\ud800"]), ("timeout", "\ud800"), ("retry", {"\ud800": 1}),
     ("outbound", {"http": "https://shop.example", "headers": {"a": "\ud800"}})],
)  # fmt: skip
def test_what_is_no_text_is_refused(api: Served, field: str, value: Any) -> None:
    wrong = api.ask("PATCH", "/apps/validator", {field: value}, headers={"If-Match": "*"})
    assert (wrong.status, wrong.json["error"]["details"]) == (
        422,
        [{"field": field, "issue": "must be text"}],
    )


def test_a_request_under_the_same_key_makes_an_app_once(api: Served) -> None:
    named = {"Idempotency-Key": "a1"}
    first = api.ask("POST", "/apps", {"app": "ledger"}, headers=named)
    again = api.ask("POST", "/apps", {"app": "ledger"}, headers=named)
    assert (first.status, again.status, again.json) == (201, 201, first.json)
    assert again.header("Idempotency-Replayed") == "true"
    assert api.ask("POST", "/apps", {"app": "other"}, headers=named).code == "IDEMPOTENCY_KEY_REUSED"
    assert api.ask("POST", "/apps", {"app": "ledger"}, headers={"Idempotency-Key": "a2"}).code == "APP_EXISTS"


def test_an_app_goes_when_nothing_waits_for_it_and_the_configuration_does_not_name_it(api: Served) -> None:
    api.ask("POST", "/apps", {"app": "ledger"})
    sent = api.queue.send("ledger", 1)
    waiting = api.ask("DELETE", "/apps/ledger", headers=ANY)
    assert (waiting.status, waiting.code) == (409, "APP_IN_USE")
    api.queue.cancel(sent.id)
    assert api.ask("DELETE", "/apps/ledger", headers=ANY).status == 204
    assert not api.ask("GET", "/apps/ledger").json["configured"]  # its dead letter keeps a queue
    patch(api, "validator", {"concurrency": 8})
    named = api.ask("DELETE", "/apps/validator", headers=ANY)
    assert (named.status, named.code) == (409, "APP_IN_USE")
    assert api.ask("DELETE", "/apps/nobody", headers=ANY).code == "APP_NOT_FOUND"


def test_each_change_is_in_the_audit_log(api: Served) -> None:
    api.ask("POST", "/apps", {"app": "ledger", "max_depth": 5})
    patch(api, "ledger", {"max_depth": 6})
    api.ask("DELETE", "/apps/ledger", headers=ANY)
    found = [(one.event, one.who, one.details) for one in api.queue.actions("ledger")]
    assert ("app.changed", "api:operator", {"max_depth": 5}) in found
    assert ("app.changed", "api:operator", {"max_depth": 6}) in found
    assert ("app.reset", "api:operator", {}) in found


@pytest.mark.parametrize(
    "table",
    [
        {"outbound": PROGRAM},
        {"inbound": PROGRAM},
        {"outbound": {"python": "os:system"}},
        {"outbound": {"file": "/etc"}},
        {"inbound": {"file": "/etc"}},
        {"outbound": {"http": "http://127.0.0.1/", "allow": ["127.0.0.1"]}},
        {"outbound": {"http": "https://thief.example/", "secrets": [{"file": "/etc/shadow"}]}},
        {"outbound": {"http": "https://thief.example/", "secret_headers": {"X": {"env": "HOME"}}}},
        {"outbound": {"http": "https://thief.example/", "ca": "/etc/shadow"}},
        {"inbound": {"http": "hmac", "header": "X", "secrets": [{"file": "/etc/hostname"}]}},
    ],
)
def test_nothing_over_the_network_says_what_is_executed(api: Served, table: dict[str, Any]) -> None:
    for answer in (api.ask("POST", "/apps", {"app": "evil", **table}), patch(api, "validator", table)):
        assert (answer.status, answer.code) == (403, "FORBIDDEN")
    assert api.queue._store.read(lambda reader: reader.overrides()) == {}


def test_where_it_is_allowed_it_takes_a_scope_of_its_own(tmp_path: Path, file: Path) -> None:
    file.write_text(f"[api]\nallow_definitions = true\n{file.read_text()}")
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as api:
        lesser = api.key("lesser", EVERYTHING - {Scope.HOST_ADMIN})
        refused = patch(api, "validator", {"outbound": PROGRAM}, key=lesser)
        assert (refused.status, "host:admin" in refused.json["error"]["message"]) == (403, True)
        assert patch(api, "validator", {"outbound": PROGRAM}).json["outbound"]["target"] == "/bin/true"


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Real-IP"])
def test_what_a_proxy_passes_on_is_not_from_this_machine(tmp_path: Path, file: Path, header: str) -> None:
    """Whoever asks a proxy on this machine seems to be on it."""
    file.write_text(f"[api]\nallow_definitions = true\n{file.read_text()}")
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as api:
        refused = patch(api, "validator", {"outbound": PROGRAM}, headers={**ANY, header: "127.0.0.1"})
        assert (refused.status, "through a proxy" in refused.json["error"]["message"]) == (403, True)


def test_behind_a_proxy_nobody_is_known_to_be_on_this_machine(tmp_path: Path, file: Path) -> None:
    file.write_text(f"[api]\nallow_definitions = true\nbehind_proxy = true\n{file.read_text()}")
    with served(tmp_path, ApiSettings.of(load(file, environ={}))) as api:
        assert patch(api, "validator", {"outbound": PROGRAM}).code == "FORBIDDEN"


def test_a_key_that_is_bound_to_an_app_changes_no_other(api: Served) -> None:
    bound = api.key("bound", app="ledger")
    assert patch(api, "validator", {"concurrency": 8}, key=bound).status == 403
    assert api.ask("POST", "/apps", {"app": "other"}, key=bound).status == 403


def test_every_process_works_by_what_was_said(api: Served, file: Path) -> None:
    api.ask(
        "POST", "/apps", {"app": "ledger", "outbound": {"http": "https://ledger.example/"}, "max_depth": 3}
    )
    loaded = load(file, environ={})
    with Hub(loaded) as hub:
        assert hub.queue.stats() is not None
        assert set(hub.names()) == {"validator", "ledger"}
    with Queue.from_config(loaded) as queue:
        rules = queue._store.read(lambda reader: reader.rules())["ledger"]
        assert rules.max_depth == 3
        assert overridden(queue._store, loaded).origin("apps", "ledger", "max_depth") == "api"


def test_another_process_of_the_api_follows(api: Served, file: Path) -> None:
    async def followed() -> list[str]:
        async with AsyncQueue(api.url, app="api") as queue:
            application = create_application(queue, ApiSettings.of(load(file, environ={})))
            state = application.state.crossdock
            await Attendance(state).run_once()
            return list(state.settings.loaded.config.apps)

    api.ask("POST", "/apps", {"app": "ledger"})
    assert asyncio.run(followed()) == ["validator", "ledger"]


def test_a_server_without_a_configuration_changes_nothing(tmp_path: Path) -> None:
    with served(tmp_path) as api:
        assert api.ask("POST", "/apps", {"app": "ledger"}).status == 403
