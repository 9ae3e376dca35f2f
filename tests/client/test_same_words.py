"""A client and a queue are asked the same, and give the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock import (
    AmbiguousMessage,
    CallFailed,
    CallTimedOut,
    Client,
    IllegalMove,
    InvalidMessage,
    LeaseLost,
    Message,
    MessageNotFound,
    PermanentError,
    Queue,
    QueueFull,
    RateLimited,
    Status,
)
from tests.api.served import Served
from tests.client.awaited import awaited_client

NOBODY = "0190b5a7-0000-7000-8000-000000000000"
MOMENT = datetime(2031, 5, 17, 8, 30, tzinfo=UTC)


@pytest.fixture(params=["queue", "client", "client for asyncio"])
def words(request: pytest.FixtureRequest, api: Served) -> Iterator[Any]:
    """A queue, then the clients."""
    if request.param == "queue":
        with Queue(api.url, app="shop") as queue:
            yield queue
    else:
        connect = Client if request.param == "client" else awaited_client
        with connect(f"http://127.0.0.1:{api.port}", key=api.key(), app="shop") as client:
            yield client


@pytest.mark.parametrize("data", [{"order": 17, "name": "Zoë \x00"}, None, b"\x00\xff", [1.5, "\ud800"]])
def test_what_is_sent_is_what_is_found(words: Any, api: Served, data: object) -> None:
    sent = words.send(
        "app", data, type="order.placed", subject="17", time=MOMENT, priority=9, partition_key="k", correlation_id="c",
        expires_at=MOMENT, extensions={"tenant": "blue", "level": 3},
    )  # fmt: skip
    record = words.get(sent.id)
    assert record == api.queue.get(sent.id)
    assert {name: getattr(sent, name) for name in Message.__slots__} == {
        name: getattr(record.message, name) for name in Message.__slots__
    }
    assert (sent.row_id, sent.app, sent.duplicate) == (record.row_id, "app", False)
    assert (record.source_app, record.message.source, record.message.data) == ("shop", "shop", data)
    assert words.send("app", data, message_id=sent.id, type="order.placed").duplicate


def test_many_are_sent_and_listed_in_their_order_over_pages(words: Any, api: Served) -> None:
    event = Message(id="4711", source="/till", type="t", data={"x": 1}, time=MOMENT)  # type: ignore[arg-type]
    sent = words.send_many("app", [*range(1100), event])
    assert [one.data for one in sent] == [*range(1100), {"x": 1}]
    assert words.list("app", limit=5000) == api.queue.list("app", limit=5000)
    assert [one.row_id for one in words.list("app", limit=1050, newest_first=True)] == [
        one.row_id for one in reversed(sent[51:])
    ]
    assert words.list(after=sent[1099].row_id)[0].message == event
    assert words.list(status="failed") == []


@pytest.mark.parametrize(
    "wrong",
    [{"data": float("nan")}, {"message_id": ""}, {"priority": 10}, {"extensions": {"Bad": 1}}],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(words: Any, api: Served, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        words.send("app", **{"data": 1, **wrong})
    assert caught.value.details
    with pytest.raises(TypeError, match="did you mean 'priority'"):
        words.send("app", 1, priorty=3)
    assert api.queue.list() == []


def test_deliveries_are_settled_each_way(words: Any, api: Served) -> None:
    done, again, dead, limited, back = (one.id for one in words.send_many("app", range(5)))
    first, second, third, fourth, fifth = words.claim("app", limit=5, lease=timedelta(seconds=20))
    assert [one.message.data for one in (first, second, third)] == [0, 1, 2]
    assert (first.attempt, first.crashes, first.app, first.settled) == (1, 0, "app", False)
    assert first.row_id == api.queue.get(done).row_id
    first.extend(timedelta(minutes=5))
    until = api.queue.get(done).lease_until
    assert until is not None
    assert abs(until - first.lease_until) < timedelta(seconds=5)
    first.ack({"valid": True})
    second.nack("no stock", retry_in=timedelta(hours=1))
    third.fail(PermanentError("never"))
    fourth.nack(RateLimited("slowly", retry_after=timedelta(hours=1)))
    fifth.hand_back()
    assert first.settled
    states = [(one.status, one.attempts) for one in map(api.queue.get, (done, again, dead, limited, back))]
    assert states == [
        (Status.COMPLETED, 1), (Status.PENDING, 1), (Status.FAILED, 1), (Status.PENDING, 0), (Status.PENDING, 0),
    ]  # fmt: skip
    assert api.queue.get(done).result == {"valid": True}
    error = api.queue.get(dead).error
    assert error is not None
    assert (error.code, error.message) == ("PERMANENT", "never")
    with pytest.raises(LeaseLost) as caught:
        first.ack()
    assert caught.value.message_ids == (done,)


def test_of_many_the_lost_ones_are_named_by_their_messages(words: Any) -> None:
    ids = [one.id for one in words.send_many("app", range(3))]
    deliveries = words.claim("app", limit=3)
    words.cancel(ids[1])
    with pytest.raises(LeaseLost) as caught:
        words.ack_many(deliveries)
    assert caught.value.message_ids == (ids[1],)
    assert [words.get(one).status for one in ids] == [Status.COMPLETED, Status.FAILED, Status.COMPLETED]


def test_a_loop_acknowledges_what_its_body_finished(words: Any) -> None:
    words.send_many("app", range(5))
    seen = []
    for delivery in words.consume("app", batch=3, wait=timedelta(seconds=5)):
        delivery.result = delivery.message.data
        seen.append(delivery.message.data)
        if len(seen) == 4:
            break
    assert seen == [0, 1, 2, 3]
    found = [(one.status.value, one.attempts, one.result) for one in words.list("app")]
    assert found == [
        ("completed", 1, 0), ("completed", 1, 1), ("completed", 1, 2), ("pending", 1, None), ("pending", 0, None),
    ]  # fmt: skip


def test_a_block_that_raises_nacks_its_delivery(words: Any) -> None:
    sent = words.send("app", 1)
    with pytest.raises(PermanentError), words.consume_one("app"):
        raise PermanentError("never")
    assert words.get(sent.id).status is Status.FAILED
    words.replay(sent.id)
    with words.consume_one("app") as delivery:
        delivery.result = "done"
    assert words.get(sent.id).result == "done"
    with words.consume_one("app") as delivery:
        assert delivery is None


def test_an_operator_is_told_the_same_and_does_the_same(words: Any, api: Served) -> None:
    sent = words.send("app", 1)
    edited = words.edit(sent.id, data={"new": 1}, priority=7, available_at=MOMENT)
    assert (edited.message.data, edited.message.priority, edited.available_at) == ({"new": 1}, 7, MOMENT)
    assert edited == api.queue.get(sent.id)
    words.cancel(sent.id)
    with pytest.raises(IllegalMove):
        words.cancel(sent.id)
    assert words.replay(sent.id).status is Status.PENDING
    assert words.timeline(sent.id) == api.queue.timeline(sent.id)
    words.pause("app")
    assert words.stats()["app"].paused
    words.resume("app")
    assert words.stats("app") == {"app": api.queue.stats("app")["app"]}
    words.cancel(sent.id)
    assert words.replay_many("app") == 1
    with pytest.raises(InvalidMessage):
        words.edit(sent.id)


def test_what_is_not_there_and_what_is_there_twice(words: Any) -> None:
    with pytest.raises(MessageNotFound):
        words.get(NOBODY)
    words.send("one", 1, message_id="a/b c")
    words.send("two", 1, message_id="a/b c")
    with pytest.raises(AmbiguousMessage) as caught:
        words.get("a/b c")
    assert set(caught.value.candidates) == {("one", "shop"), ("two", "shop")}
    assert words.get("a/b c", app="two").app == "two"


def test_a_full_queue_refuses_with_its_figures(words: Any, api: Served) -> None:
    api.queue.set_rules("app", max_depth=2)
    words.send_many("app", [1, 2])
    with pytest.raises(QueueFull) as caught:
        words.send("app", 3)
    error = caught.value
    assert (error.app, error.depth, error.max_depth, error.can_pass) == ("app", 2, 2, True)
    assert "the queue of 'app' has no room for one more: 2 messages wait in it" in str(error)
    with pytest.raises(QueueFull):
        words.send_many("app", [3, 4], wait=timedelta(seconds=0.1))
    assert api.queue.stats("app")["app"].depth == 2


def test_jobs_are_made_and_their_results_awaited(client: Any, api: Served) -> None:
    job = client.create_job("report", {"month": "2031-05"}, priority=9)
    assert api.queue.get(job.id).message.data == {"month": "2031-05"}
    with pytest.raises(CallTimedOut):
        client.results(job.id)
    with api.queue.consume_one("report") as delivery:
        assert delivery is not None
        delivery.result = {"pages": 12}
    assert client.results(job.id, wait=timedelta(seconds=10)) == {"pages": 12}
    assert client.job(job.id).status is Status.COMPLETED
    failing = client.create_job("report")
    api.queue.cancel(failing.id)
    with pytest.raises(CallFailed) as caught:
        client.results(failing.id)
    assert caught.value.failure.code == "CANCELLED"
    assert replace(job, status=Status.PENDING) == job
