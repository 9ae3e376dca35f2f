"""A client and a queue are asked the same, and give the same."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock import (
    AmbiguousMessage,
    AsyncClient,
    AsyncQueue,
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
    ScheduleNotFound,
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
    with pytest.raises(TypeError, match="did you mean priority"):
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


ABSENT = {
    "actions": "the stream of events has it: events(types=[...])",
    "delete": "hides a message from everybody; the API removes by purge alone, which its audit log names",
    "from_config": "the configuration is that of the server",
    "set_on_dead": "a rule of an app, which PATCH /apps/{app} changes with the rest of its configuration",
    "set_rules": "a rule of an app, which PATCH /apps/{app} changes with the rest of its configuration",
    "testing": "there is no store here that a test could have for itself",
}
ONLY_OVER_HTTP = {
    "create_job": "a queue has send() and call() for it",
    "events": "programs that reach the store look into it",
    "job": "a queue has get() for it",
    "results": "a queue has get() for it",
}
NOT_TAKEN = {
    "send": {"connection": "a transaction on the store does not travel"},
    "send_many": {"connection": "a transaction on the store does not travel"},
    "edit_schedule": {"start": "the API has none", "options": "the API takes a priority alone"},
    "every": {"start": "the API has none", "options": "the API takes a priority alone"},
    "at": {"options": "the API takes a priority alone"},
}
OTHER_DEFAULTS = {("consume", "batch"): "what is fetched ahead is held, and its lease extended, by requests"}


@pytest.mark.parametrize(("client", "queue"), [(Client, Queue), (AsyncClient, AsyncQueue)])
def test_a_client_has_the_words_of_a_queue_but_for_those_that_have_a_reason(
    client: type, queue: type
) -> None:
    theirs, ours = _words_of(queue), _words_of(client)
    assert theirs - ours == ABSENT.keys()
    assert ours - theirs == ONLY_OVER_HTTP.keys()
    for word in theirs & ours:
        left_out = _parameters(queue, word).keys() - _parameters(client, word).keys()
        assert left_out == NOT_TAKEN.get(word, {}).keys(), word
        for name, wanted in _parameters(queue, word).items():
            if name not in left_out:
                taken = _parameters(client, word)[name]
                assert taken.kind == wanted.kind, word
                assert _shown(taken) == _shown(wanted) or (word, name) in OTHER_DEFAULTS, word


def _words_of(kind: type) -> set[str]:
    return {name for name in dir(kind) if not name.startswith("_")}


def _shown(parameter: inspect.Parameter) -> object:
    """Return the default of a parameter; what stands for none given is the same whichever object it is."""
    return object if type(parameter.default) is object else parameter.default


def _parameters(kind: type, word: str) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(getattr(kind, word)).parameters


def test_an_answer_is_awaited(words: Any, api: Served) -> None:
    def answer() -> None:
        with api.queue.consume_one("app", wait=timedelta(seconds=30)) as delivery:
            assert delivery is not None
            delivery.result = {"twice": 2 * delivery.message.data}

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        assert words.call("app", 21, timeout=timedelta(seconds=30)) == {"twice": 42}
    finally:
        thread.join()


def test_a_call_that_nobody_answers_is_withdrawn_and_one_that_fails_says_why(words: Any, api: Served) -> None:
    with pytest.raises(CallTimedOut, match="withdrawn") as late:
        words.call("app", 1, timeout=timedelta(seconds=0.2))
    assert api.queue.get(late.value.message_id).status is Status.FAILED

    def fail() -> None:
        (delivery,) = api.queue.claim("other", wait=timedelta(seconds=30))
        delivery.fail(PermanentError("never"))

    thread = threading.Thread(target=fail)
    thread.start()
    try:
        with pytest.raises(CallFailed) as caught:
            words.call("other", 1, timeout=timedelta(seconds=30))
    finally:
        thread.join()
    assert (caught.value.failure.code, caught.value.failure.message) == ("PERMANENT", "never")


def test_schedules_are_declared_seen_paused_and_removed(words: Any, api: Served) -> None:
    made = words.every("0 7 * * 1-5", "report", {"kind": "daily"}, timezone="Europe/Paris", priority=7)
    assert (made.name, made.change, made.options) == ("report", "created", {"priority": 7})
    again = words.every("0 7 * * 1-5", "report", {"kind": "daily"}, timezone="Europe/Paris", priority=7)
    assert (again.change, again.revision) == ("unchanged", made.revision)
    other = words.every(timedelta(hours=2), "report", None, name="report", missed="skip")
    assert (other.change, other.interval, other.missed) == ("replaced", timedelta(hours=2), "skip")
    edited = words.edit_schedule("report", when=timedelta(hours=3), data=[1], priority=8)
    assert (edited.change, edited.interval, edited.data) == ("replaced", timedelta(hours=3), [1])
    assert (edited.missed, edited.app, edited.options) == ("skip", "report", {"priority": 8})
    assert words.edit_schedule("report", missed="skip").change == "unchanged"
    with pytest.raises(InvalidMessage):
        words.edit_schedule("report", when="61 7 * * *")
    with pytest.raises(ScheduleNotFound):
        words.edit_schedule("nightly", missed="all")
    once = words.at(MOMENT, "report", 1)
    assert (once.name, once.at, once.change) == ("report-20310517T083000Z", MOMENT, "created")
    assert words.schedules() == api.queue.schedules()
    assert words.pause_schedule("report").paused_at is not None
    assert words.schedule("report") == api.queue.schedule("report")
    assert words.resume_schedule("report").paused_at is None
    words.delete_schedule("report")
    with pytest.raises(ScheduleNotFound):
        words.schedule("report")
    with pytest.raises(InvalidMessage):
        words.every("61 7 * * *", "report", None)


def test_many_are_withdrawn_archived_and_removed(words: Any, api: Served) -> None:
    ids = [one.id for one in words.send_many("app", range(6))]
    words.ack_many(words.claim("app", limit=3))
    assert words.cancel_many("app", limit=1) == 1
    assert words.cancel_many("app") == 2
    assert words.archive(limit=1) == 1
    assert words.archive("app", older_than=timedelta(hours=1)) == 0
    assert words.purge("app") == 2
    assert words.purge("app", status="failed", limit=2) == 2
    left = {one: words.get(one).status for one in ids if _is_there(words, one)}
    assert list(left.values()) == [Status.ARCHIVED, Status.FAILED]


def _is_there(words: Any, message_id: str) -> bool:
    try:
        words.get(message_id)
    except MessageNotFound:
        return False
    return True
