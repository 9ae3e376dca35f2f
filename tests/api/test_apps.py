"""Apps: what is configured, without secrets, and how they do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.domain.key import Scope
from tests.api.served import Served, served

CONFIGURATION = """
[apps.validator]
outbound = { http = "https://warehouse.example/hooks/planted-path" }
next = ["warehouse"]
subscribe = [{ type = "order.*" }]
concurrency = 4
max_depth = 100
rate = "10/s"
retry = { max_attempts = 3 }
breaker = {}

[apps.importer]
inbound = { process = ["/opt/import", "--token", "planted-argument"] }

[apps.warehouse]
timeout = "30s"
"""
READS = frozenset({Scope.APPS_READ})


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("apps")
    file = Path(folder, "crossdock.toml")
    file.write_text(CONFIGURATION, encoding="utf-8")
    with served(folder, ApiSettings.of(load(file, environ={}))) as found:
        found.queue.send("stranger", 1)
        yield found


def test_apps_are_those_that_are_configured_and_those_that_have_a_queue(api: Served) -> None:
    apps = {one["app"]: one["configured"] for one in api.ask("GET", "/apps").json["apps"]}
    assert apps == {"importer": True, "stranger": False, "validator": True, "warehouse": True}


def test_an_app_tells_its_transports_routes_and_limits(api: Served) -> None:
    app = api.ask("GET", "/apps/validator").json
    assert app["outbound"] == {"kind": "http", "target": "https://warehouse.example"}
    assert (app["inbound"], app["next"], app["concurrency"]) == (None, ["warehouse"], 4)
    assert app["subscribe"] == [{"type": "order.*", "source": None, "subject": None}]
    assert (app["max_depth"], app["rate"], app["retry"]["max_attempts"]) == (100, "10/s", 3)
    assert app["breaker"]["after"] == 5
    assert api.ask("GET", "/apps/warehouse").json["timeout_s"] == 30.0


def test_what_may_be_secret_is_not_told(api: Served) -> None:
    assert api.ask("GET", "/apps/importer").json["inbound"] == {"kind": "process", "target": "/opt/import"}
    assert b"planted" not in api.ask("GET", "/apps").body


def test_an_app_that_has_not_changed_is_not_sent_again(api: Served) -> None:
    tag = api.ask("GET", "/apps/validator").header("ETag") or ""
    again = api.ask("GET", "/apps/validator", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status, again.body, again.header("ETag")) == (304, b"", tag)
    assert api.ask("GET", "/apps/validator", headers={"If-None-Match": '"other"'}).status == 200
    assert api.ask("GET", "/apps/warehouse").header("ETag") != tag


def test_an_app_that_is_not_there_is_told_with_the_nearest_name(api: Served) -> None:
    for path in ("/apps/validatr", "/apps/validatr/status"):
        answer = api.ask("GET", path)
        assert (answer.status, answer.code) == (404, "APP_NOT_FOUND")
        assert "did you mean validator?" in answer.json["error"]["message"]


def test_the_status_says_in_a_word_how_an_app_does(api: Served) -> None:
    def state(app: str) -> str:
        word: str = api.ask("GET", f"/apps/{app}/status").json["state"]
        return word

    assert (state("warehouse"), state("stranger")) == ("idle", "waiting")
    (held,) = api.queue.claim("stranger")
    assert state("stranger") == "working"
    held.hand_back()
    api.queue.pause("stranger")
    assert state("stranger") == "paused"
    api.queue.resume("stranger")
    status = api.ask("GET", "/apps/stranger/status").json
    assert (status["configured"], status["queue"]["ready"]) == (False, 1)


def test_a_key_of_one_app_sees_that_one_alone(api: Served) -> None:
    key = api.key("bound", READS, app="warehouse")
    assert [one["app"] for one in api.ask("GET", "/apps", key=key).json["apps"]] == ["warehouse"]
    for path in ("/apps/validator", "/apps/nobody", "/apps/validator/status"):
        assert api.ask("GET", path, key=key).code == "FORBIDDEN"


def test_a_stopped_app_says_so_and_counts_as_no_trouble(api: Served) -> None:
    """The states follow each other, and a message that waits for a stopped app is not stuck."""
    api.queue.send("validator", 1)
    (delivery,) = api.queue.claim("validator")
    stopped = api.ask("POST", "/apps/validator/stop")
    assert (stopped.status, stopped.json["state"], stopped.json["stopped_by"]) == (
        202,
        "stopping",
        "api:operator",
    )
    delivery.hand_back()
    long_ago = "UPDATE data_staging SET due_at = '2001-01-01 00:00:00.000000' WHERE target_app = 'validator'"
    api.queue._store.open_store.exclusive(lambda database: database.execute(long_ago))
    assert api.ask("GET", "/apps/validator/status").json["state"] == "stopped"
    assert api.ask("GET", "/health/work").json["details"]["stuck"].count("validator") == 0
    started = api.ask("POST", "/apps/validator/start")
    assert (started.json["state"], started.json["stopped_at"]) == ("stuck", None)
    assert api.ask("GET", "/health/work").json["details"]["stuck"].count("validator") == 1
    assert api.ask("POST", "/apps/nobody/stop").code == "APP_NOT_FOUND"
    api.queue.ack_many(api.queue.claim("validator"))
