"""API keys over HTTP: nobody makes a key that may do more than the own one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock.domain.key import Scope
from tests.api.served import Served

SENDER: dict[str, Any] = {"name": "shop", "scopes": ["messages:send"], "app": "shop"}


def test_a_key_is_made_used_replaced_and_revoked(api: Served) -> None:
    made = api.ask("POST", "/keys", SENDER)
    assert (made.status, made.json["app"]) == (201, "shop")
    key = made.json["key"]
    job = {"app": "report", "config": 1}
    assert api.ask("POST", "/jobs", job, key=key).status == 202
    rotated = api.ask("POST", f"/keys/{made.json['id']}/rotate", {"overlap_s": 60})
    assert rotated.status == 201
    assert all(api.ask("POST", "/jobs", job, key=one).status == 202 for one in (key, rotated.json["key"]))
    assert api.ask("DELETE", f"/keys/{rotated.json['id']}").json["revoked_at"] is not None
    listed = {one["id"]: one for one in api.ask("GET", "/keys").json["keys"]}
    assert listed[made.json["id"]]["expires_at"] is not None
    assert not any("key" in one or "digest" in one for one in listed.values())


def test_a_key_gives_no_scope_that_it_has_not(shared_api: Served) -> None:
    admin = shared_api.key("admin", frozenset({Scope.KEYS_ADMIN, Scope.MESSAGES_SEND}))
    assert shared_api.ask("POST", "/keys", SENDER, key=admin).status == 201
    answer = shared_api.ask("POST", "/keys", {"name": "more", "scopes": ["apps:admin"]}, key=admin)
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    all_powerful, _ = shared_api.made_key("powerful")
    assert shared_api.ask("POST", f"/keys/{all_powerful.id}/rotate", {}, key=admin).code == "FORBIDDEN"


def test_a_key_of_an_app_makes_and_sees_keys_of_that_app_alone(shared_api: Served) -> None:
    scopes = frozenset({Scope.KEYS_ADMIN, Scope.MESSAGES_SEND})
    admin = shared_api.key("shop-admin", scopes, app="shop")
    others, _ = shared_api.made_key("theirs", app="other")
    assert shared_api.ask("POST", "/keys", SENDER, key=admin).status == 201
    for app in (None, "other"):
        assert shared_api.ask("POST", "/keys", {**SENDER, "app": app}, key=admin).code == "FORBIDDEN"
    assert shared_api.ask("DELETE", f"/keys/{others.id}", key=admin).code == "KEY_NOT_FOUND"
    assert {one["app"] for one in shared_api.ask("GET", "/keys", key=admin).json["keys"]} == {"shop"}


@pytest.mark.parametrize(
    "wish",
    [
        {"name": "a b", "scopes": ["messages:send"]},
        {"name": "a", "scopes": ["all"]},
        {"name": "a", "scopes": []},
    ],
)
def test_a_wrong_wish_is_refused(shared_api: Served, wish: dict[str, Any]) -> None:
    assert shared_api.ask("POST", "/keys", wish).status == 422


def test_a_key_is_found_where_its_making_says_by_those_that_may_know_of_it(shared_api: Served) -> None:
    made = shared_api.ask("POST", "/keys", SENDER)
    assert made.header("Location") == f"/api/v1/keys/{made.json['id']}"
    path = f"/keys/{made.json['id']}"
    found = shared_api.ask("GET", path)
    assert (found.status, found.header("ETag")) == (200, made.header("ETag"))
    assert found.json == {name: value for name, value in made.json.items() if name != "key"}
    of_another = shared_api.key("other-admin", frozenset({Scope.KEYS_ADMIN}), app="other")
    assert shared_api.ask("GET", path, key=of_another).code == "KEY_NOT_FOUND"
    assert shared_api.ask("GET", "/keys/000000000000").code == "KEY_NOT_FOUND"
    assert shared_api.ask("GET", path, key=made.json["key"]).code == "FORBIDDEN"


def test_a_key_is_replaced_without_a_body_within_a_day(shared_api: Served) -> None:
    made = shared_api.ask("POST", "/keys", SENDER).json["id"]
    new = shared_api.ask("POST", f"/keys/{made}/rotate")
    assert new.status == 201
    assert new.header("Location") == f"/api/v1/keys/{new.json['id']}"
    ends = datetime.fromisoformat(shared_api.ask("GET", f"/keys/{made}").json["expires_at"])
    assert timedelta(hours=23) < ends - datetime.now(UTC) <= timedelta(days=1)
