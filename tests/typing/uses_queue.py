"""Uses of the queue that must check, and misuses that must not.

``make check`` type-checks this file and nobody runs it. A misuse carries the error it must cause; should it
ever check, its ``type: ignore`` is unneeded, which is an error too.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import assert_type

from crossdock import (
    AsyncQueue,
    Delivery,
    LeaseLost,
    Message,
    PermanentError,
    Queue,
    QueueStats,
    Record,
    RetryPolicy,
    Schedule,
    SentMessage,
    Status,
    TimelineEntry,
)

LEASE = timedelta(seconds=30)


def sends(queue: Queue) -> None:
    sent = queue.send("validator", {"order": 17}, priority=7, delay=LEASE, partition_key="customer-3")
    assert_type(sent, SentMessage)
    assert_type(sent.duplicate, bool)
    as_message: Message = sent
    queue.send("validator", b"bytes", datacontenttype="application/pdf", retry=RetryPolicy(max_attempts=3))
    assert_type(queue.send_many("validator", ({"order": n} for n in range(3))), Sequence[SentMessage])
    queue.send_many("validator", [as_message])


def misuses_of_sending(queue: Queue, message: Message) -> None:
    queue.send(17, {})  # type: ignore[arg-type]  # an app is named
    queue.send("validator")  # type: ignore[call-arg]  # a message has data
    queue.send("validator", {}, 7)  # type: ignore[arg-type,call-arg]  # a bare number tells nobody that it is the priority
    queue.send("validator", {}, delay=5)  # type: ignore[arg-type]  # seconds? minutes?
    queue.send_many("validator", [1], message_id="one")  # type: ignore[call-arg]  # one id is not for many
    message.priority = 9  # type: ignore[misc]  # a message never changes


def works(queue: Queue) -> None:
    deliveries = queue.claim("validator", limit=100, lease=LEASE, wait=LEASE)
    assert_type(deliveries, list[Delivery])
    for delivery in queue.consume("validator", wait=LEASE):
        assert_type(delivery, Delivery)
        assert_type(delivery.message, Message)
        assert_type(delivery.attempt, int)
        delivery.result = {"ok": True}
    with queue.consume_one("validator") as one:
        assert_type(one, Delivery | None)
    try:
        assert_type(queue.ack_many(deliveries), int)
    except LeaseLost as lost:
        assert_type(lost.code, str)


def misuses_of_work(queue: Queue, delivery: Delivery) -> None:
    queue.claim("validator", limit="many")  # type: ignore[arg-type]
    delivery.nack()  # type: ignore[call-arg]  # a nack says why
    delivery.nack(PermanentError("no"), retry_in=60)  # type: ignore[arg-type]  # seconds? minutes?
    delivery.message = None  # type: ignore[misc,assignment]  # a delivery keeps its message
    with queue.consume_one("validator") as one:
        one.ack()  # type: ignore[union-attr]  # there may have been none


def asks(queue: Queue) -> None:
    assert_type(queue.get("one"), Record)
    assert_type(queue.get("one").status, Status)
    assert_type(queue.list("validator", status="failed"), list[Record])
    assert_type(queue.stats(), dict[str, QueueStats])
    assert_type(queue.timeline("one"), list[TimelineEntry])
    assert_type(queue.replay_many("validator", limit=10), int)


def schedules(queue: Queue) -> None:
    assert_type(queue.every("0 7 * * 1-5", "report", {}, timezone="Europe/Paris", priority=7), Schedule)
    assert_type(queue.every(LEASE, "report", {}, missed="all").next_at, datetime | None)
    assert_type(queue.schedules(), list[Schedule])
    queue.every(60, "report", {})  # type: ignore[arg-type]  # seconds? minutes?
    queue.every(LEASE, "report", {}, missed="last")  # type: ignore[arg-type]
    queue.at("tomorrow", "report", {})  # type: ignore[arg-type]


async def awaits(queue: AsyncQueue) -> None:
    assert_type(await queue.send("validator", {"order": 17}), SentMessage)
    async for delivery in queue.consume("validator"):
        assert_type(delivery.message, Message)
        await delivery.ack()
    async with queue.consume_one("validator") as one:
        if one is not None:
            await one.extend(LEASE)
    assert_type(await queue.get("one"), Record)
    queue.send("validator", {})  # type: ignore[unused-coroutine]  # a send that nobody awaits sends nothing
