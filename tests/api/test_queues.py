"""Working on queues over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import Status, Subscription
from crossdock.api.settings import ApiSettings
from crossdock.domain.key import Scope
from crossdock.domain.message import REPLY_WANTED, AppId
from crossdock.domain.routing import Routes
from tests.api.served import Reply, Served, served

EVENT = {"specversion": "1.0", "id": "4711", "source": "/till", "type": "order.placed", "data": {"x": 1}}


def claim(api: Served, **wish: object) -> list[dict[str, object]]:
    answer = api.ask("POST", "/queues/app/claim", wish)
    assert answer.status == 200, answer.body
    found: list[dict[str, object]] = answer.json["deliveries"]
    return found


def settle(api: Served, verb: str, deliveries: list[object], **rest: object) -> Reply:
    return api.ask("POST", f"/queues/app/{verb}", {"deliveries": deliveries, **rest})


def test_a_message_is_claimed_and_acked_with_its_result(api: Served) -> None:
    sent = api.queue.send("app", {"order": 17})
    (delivery,) = claim(api)
    assert (delivery["attempt"], delivery["message"]["data"]) == (1, {"order": 17})  # type: ignore[index]
    assert api.queue.get(sent.id).lease_owner == "api:operator"
    done = settle(api, "ack", [{"delivery": delivery["delivery"], "result": {"valid": True}}])
    assert done.json == {"settled": [delivery["delivery"]], "lost": []}
    record = api.queue.get(sent.id)
    assert (record.status, record.result) == (Status.COMPLETED, {"valid": True})


def test_an_answer_holds_a_bounded_amount_of_data_and_the_rest_is_there_for_the_next(api: Served) -> None:
    api.queue.send_many("app", ["x" * 6 * 1024**2, *["y" * 10**6] * 15])
    sizes = [[len(one["message"]["data"]) for one in claim(api, limit=1000)] for _ in range(3)]  # type: ignore[index]
    assert sizes == [[6 * 1024**2, *[10**6] * 10], [10**6] * 5, []]


@pytest.fixture
def routed(tmp_path: Path) -> Iterator[Served]:
    routes = Routes({AppId("app"): [AppId("ledger")]}, {AppId("mail"): [Subscription(type="order.*")]})
    with served(tmp_path, ApiSettings(routes=routes)) as found:
        yield found


def test_what_a_worker_answers_goes_to_the_apps_that_follow(routed: Served) -> None:
    sent = routed.queue.send_many("app", range(4), correlation_id="c")
    handles = [one["delivery"] for one in claim(routed, limit=4)]
    results = [{"valid": True}, [{"n": 1}, {"n": 2}, EVENT], None, "a word"]
    answer = settle(
        routed, "ack", [{"delivery": one, "result": two} for one, two in zip(handles, results, strict=True)]
    )
    assert answer.json["settled"] == handles
    found = [
        (one.message.data, one.source_app, one.message.correlationid) for one in routed.queue.list("ledger")
    ]
    expected = [{"valid": True}, {"n": 1}, {"n": 2}, {"x": 1}, "a word"]
    assert found == [(data, "app", "c") for data in expected]
    (mail,) = routed.queue.list("mail")
    assert (mail.message.id, mail.message.source) == ("4711", "/till")
    assert [routed.queue.get(one.id).result for one in sent] == [None] * 4


def test_a_late_answer_is_sent_to_nobody(routed: Served) -> None:
    routed.queue.send("app", 1)
    (delivery,) = claim(routed)
    settle(routed, "nack", [{"delivery": delivery["delivery"], "kind": "hand_back"}])
    late = settle(routed, "ack", [{"delivery": delivery["delivery"], "result": {"valid": True}}])
    assert (late.code, routed.queue.list("ledger")) == ("LEASE_LOST", [])


def test_an_answer_under_the_id_of_another_message_changes_nothing(routed: Served) -> None:
    routed.queue.send("ledger", {"y": 2}, message_id="4711", source_app="app")
    sent = routed.queue.send("app", 1)
    (delivery,) = claim(routed)
    refused = settle(routed, "ack", [{"delivery": delivery["delivery"], "result": EVENT}])
    assert (refused.status, refused.code) == (422, "INVALID_MESSAGE")
    assert routed.queue.get(sent.id).status is Status.PROCESSING


def test_who_waits_for_an_answer_gets_it_too(routed: Served) -> None:
    sent = routed.queue.send("app", 1, extensions={REPLY_WANTED: True})
    (delivery,) = claim(routed)
    settle(routed, "ack", [{"delivery": delivery["delivery"], "result": [1, None]}])
    assert routed.queue.get(sent.id).result == [1, None]
    assert [one.message.data for one in routed.queue.list("ledger")] == [1]


def test_an_answer_that_is_no_event_changes_nothing(routed: Served) -> None:
    sent = routed.queue.send("app", 1)
    (delivery,) = claim(routed)
    wrong = settle(routed, "ack", [{"delivery": delivery["delivery"], "result": {**EVENT, "id": ""}}])
    assert (wrong.status, wrong.code) == (422, "INVALID_MESSAGE")
    assert routed.queue.get(sent.id).status is Status.PROCESSING


def test_a_late_worker_changes_nothing_and_is_told_which_delivery_it_lost(api: Served) -> None:
    api.queue.send("app", 1)
    api.queue.send("app", 2)
    first, second = claim(api, limit=2)
    settle(api, "nack", [{"delivery": first["delivery"], "kind": "hand_back"}])
    mixed = settle(api, "ack", [{"delivery": first["delivery"]}, {"delivery": second["delivery"]}])
    assert mixed.json == {"settled": [second["delivery"]], "lost": [first["delivery"]]}
    lost = settle(api, "ack", [{"delivery": first["delivery"]}])
    assert (lost.status, lost.code) == (409, "LEASE_LOST")
    assert [record.status for record in api.queue.list()] == [Status.PENDING, Status.COMPLETED]


@pytest.mark.parametrize("handle", ["", "1", "0.x", "9" * 30 + "." + "a" * 32, "1." + "a" * 32, "ü.ß"])
def test_a_handle_that_names_nothing_is_lost(shared_api: Served, handle: str) -> None:
    answer = settle(shared_api, "ack", [{"delivery": handle}])
    assert (answer.status, answer.code) == (409, "LEASE_LOST")


def test_a_delivery_of_another_app_cannot_be_settled(api: Served) -> None:
    sent = api.queue.send("other", 1)
    (delivery,) = api.ask("POST", "/queues/other/claim", {}).json["deliveries"]
    assert settle(api, "ack", [{"delivery": delivery["delivery"]}]).code == "LEASE_LOST"
    assert api.queue.get(sent.id).status is Status.PROCESSING


@pytest.mark.parametrize(
    ("kind", "status", "attempts"),
    [("transient", "pending", 1), ("permanent", "failed", 1), ("rate_limited", "pending", 0),
     ("hand_back", "pending", 0)],
)  # fmt: skip
def test_the_kind_of_a_nack_says_what_becomes_of_the_message(
    api: Served, kind: str, status: str, attempts: int
) -> None:
    sent = api.queue.send("app", 1)
    (delivery,) = claim(api)
    wish = {"delivery": delivery["delivery"], "error": "no stock", "kind": kind, "retry_in_s": 60}
    assert settle(api, "nack", [wish]).status == 200
    record = api.queue.get(sent.id)
    assert (record.status, record.attempts) == (status, attempts)


def test_a_lease_is_extended_and_lapses_with_the_worker_and_not_with_the_server(api: Served) -> None:
    sent = api.queue.send("app", 1)
    (delivery,) = claim(api, lease_s=5)
    before = api.queue.get(sent.id).lease_until
    settle(api, "extend", [delivery["delivery"]], lease_s=100)
    after = api.queue.get(sent.id).lease_until
    assert before is not None
    assert after is not None
    assert after - before > timedelta(seconds=90)
    api.queue._housekeeper.run_once()
    assert api.queue.get(sent.id).status is Status.PROCESSING


def test_a_claim_waits_for_a_message_and_gets_it_at_once(api: Served) -> None:
    found: list[dict[str, object]] = []
    api.ask("GET", "/queues")  # the key is made
    waiting = threading.Thread(target=lambda: found.extend(claim(api, wait_s=20)))
    waiting.start()
    began = time.monotonic()
    api.queue.send("app", {"order": 1})
    waiting.join(15)
    assert len(found) == 1
    assert time.monotonic() - began < 10


def test_a_claim_whose_client_has_gone_takes_no_message_with_it(api: Served) -> None:
    import http.client
    import json

    connection = http.client.HTTPConnection("127.0.0.1", api.port)
    headers = {"Authorization": f"Bearer {api.key()}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/queues/app/claim", json.dumps({"wait_s": 60}), headers)
    connection.close()
    sent = api.queue.send("app", 1)
    deadline = time.monotonic() + 10
    while not (deliveries := api.queue.claim("app", wait=timedelta(seconds=1))):
        assert time.monotonic() < deadline
    assert (deliveries[0].message.id, deliveries[0].attempt) == (sent.id, 1)


def test_a_server_that_is_to_end_answers_claims_that_wait(api: Served) -> None:
    answers: list[Reply] = []
    api.ask("GET", "/queues")
    waiting = threading.Thread(
        target=lambda: answers.append(api.ask("POST", "/queues/app/claim", {"wait_s": 60}))
    )
    waiting.start()
    _until_connected(api)
    api.server.stop()
    waiting.join(10)
    assert [answer.json for answer in answers] == [{"deliveries": []}]


def _until_connected(api: Served) -> None:
    deadline = time.monotonic() + 10
    while not api.server.server_state.tasks:
        assert time.monotonic() < deadline


def test_a_queue_is_paused_resumed_and_its_dead_letters_replayed(api: Served) -> None:
    sent = api.queue.send("app", 1)
    assert api.ask("POST", "/queues/app/pause").json["paused"] is True
    assert claim(api) == []
    assert api.ask("POST", "/queues/app/resume").json["paused"] is False
    (delivery,) = claim(api)
    settle(api, "nack", [{"delivery": delivery["delivery"], "kind": "permanent"}])
    assert api.ask("POST", "/queues/app/replay", {"code": "PERMANENT"}).json == {"replayed": 1}
    assert api.queue.get(sent.id).status is Status.PENDING
    assert api.ask("GET", "/queues/app").json["ready"] == 1


def test_a_key_that_is_bound_to_an_app_works_on_its_queue_alone(api: Served) -> None:
    key = api.key("till", frozenset({Scope.QUEUE_WORK, Scope.QUEUE_READ}), app="shop")
    api.queue.send("app", 1)
    for verb in ("claim", "ack", "nack", "extend"):
        body = (
            {"deliveries": ["1." + "a" * 32], "lease_s": 1}
            if verb == "extend"
            else {"deliveries": [{"delivery": "x"}]}
        )
        answer = api.ask("POST", f"/queues/app/{verb}", {} if verb == "claim" else body, key=key)
        assert (answer.status, answer.code) == (403, "FORBIDDEN"), verb
    assert api.ask("POST", "/queues/shop/claim", {}, key=key).status == 200
    assert [one["app"] for one in api.ask("GET", "/queues", key=key).json["queues"]] == ["shop"]


def test_a_code_that_is_no_text_is_refused(api: Served) -> None:
    answer = api.ask("POST", "/queues/app/replay", {"code": "\ud800"})
    assert (answer.status, answer.json["error"]["details"][0]["field"]) == (422, "code")


def test_what_needs_nothing_said_needs_no_body(api: Served) -> None:
    api.queue.send_many("app", [1, 2])
    (claimed,) = api.ask("POST", "/queues/app/claim").json["deliveries"]
    failed = {"deliveries": [{"delivery": claimed["delivery"], "kind": "permanent"}]}
    assert api.ask("POST", "/queues/app/nack", failed).status == 200
    assert api.ask("POST", "/queues/app/replay").json == {"replayed": 1}
    assert api.ask("POST", "/queues/app/archive").json == {"archived": 0}
    assert api.ask("POST", "/queues/app/cancel").json == {"cancelled": 2}
    assert api.ask("POST", "/queues/app/replay").json == {"replayed": 2}, "what was withdrawn is not lost"
    purge = api.ask("POST", "/queues/app/purge")
    assert purge.code == "VALIDATION_ERROR", "it takes a word to lose something"
