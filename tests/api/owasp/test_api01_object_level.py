"""API1:2023, broken object level authorization: a key that is bound to an app reaches nothing of other apps."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock import Status
from crossdock.domain.key import Scope
from tests.api.served import Served


@pytest.fixture
def bound(api: Served) -> str:
    """Give a key that may do everything, as one app."""
    return api.key("till", frozenset(Scope), app="shop")


REQUESTS: list[tuple[str, str, Any]] = [
    ("GET", "/messages/secret", None),
    ("GET", "/messages/secret?app=vault", None),
    ("GET", "/messages/secret?source=bank", None),
    ("GET", "/messages/secret/timeline", None),
    ("PATCH", "/messages/secret", {"priority": 9}),
    ("POST", "/messages/secret/replay", None),
    ("POST", "/messages/secret/cancel", None),
]


@pytest.mark.parametrize(("method", "path", "body"), REQUESTS)
def test_a_message_of_others_is_as_if_it_were_not_there(
    api: Served, bound: str, method: str, path: str, body: Any
) -> None:
    api.queue.send("vault", {"pin": 1234}, message_id="secret", source_app="bank")
    theirs = api.ask(method, path, body, key=bound, headers={"If-Match": "*"})
    nobodys = api.ask(method, path.replace("secret", "nobody"), body, key=bound, headers={"If-Match": "*"})
    assert (theirs.status, nobodys.status) == (404, 404)
    assert (
        theirs.json["error"]["message"].replace("secret", "nobody")
        == nobodys.json["error"]["message"].split(" in ")[0]
    )
    assert api.queue.get("secret").status is Status.PENDING


def test_of_messages_with_one_id_only_the_own_one_is_meant(api: Served, bound: str) -> None:
    api.queue.send("vault", "theirs", message_id="1", source_app="bank")
    api.queue.send("shop", "ours", message_id="1", source_app="bank")
    assert api.ask("GET", "/messages/1", key=bound).json["message"]["data"] == "ours"
    api.queue.send("vault", "others", message_id="2", source_app="bank")
    api.queue.send("safe", "others", message_id="2", source_app="bank")
    hidden = api.ask("GET", "/messages/2", key=bound)
    assert (hidden.status, "candidates" in hidden.json["error"]) == (404, False)


def test_lists_and_figures_hold_the_own_queue_alone(api: Served, bound: str) -> None:
    api.queue.send("vault", 1, source_app="bank")
    api.queue.send("shop", 2, source_app="bank")
    assert {one["app"] for one in api.ask("GET", "/messages", key=bound).json["messages"]} == {"shop"}
    assert [one["app"] for one in api.ask("GET", "/queues", key=bound).json["queues"]] == ["shop"]
    assert "details" not in api.ask("GET", "/health", key=bound).json
    for path in ("/messages?app=vault", "/queues/vault"):
        assert api.ask("GET", path, key=bound).status == 403


@pytest.mark.parametrize("verb", ["pause", "resume", "replay", "claim"])
def test_queues_of_others_are_not_controlled_nor_worked_on(api: Served, bound: str, verb: str) -> None:
    sent = api.queue.send("vault", 1)
    body = {} if verb in {"replay", "claim"} else None
    assert api.ask("POST", f"/queues/vault/{verb}", body, key=bound).status == 403
    assert api.queue.get(sent.id).status is Status.PENDING
    assert not api.queue.stats("vault")["vault"].paused


def test_a_delivery_of_others_is_not_settled_even_by_who_learned_its_name(api: Served, bound: str) -> None:
    sent = api.queue.send("vault", 1)
    (delivery,) = api.ask("POST", "/queues/vault/claim", {}).json["deliveries"]
    body = {"deliveries": [{"delivery": delivery["delivery"]}]}
    assert api.ask("POST", "/queues/shop/ack", body, key=bound).code == "LEASE_LOST"
    assert api.ask("POST", "/queues/vault/ack", body, key=bound).code == "FORBIDDEN"
    assert api.queue.get(sent.id).status is Status.PROCESSING
