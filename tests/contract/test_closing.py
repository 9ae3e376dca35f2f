"""Closing a queue: what is held goes back, and nothing hangs afterwards."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CrossdockError
from tests.contract.case import PATIENCE, claim_one, numbers, on_disk

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Queue
    from tests.contract.case import Case


@on_disk
def test_what_was_claimed_goes_back_with_nothing_spent(case: Case) -> None:
    first = case.open()
    first.send_many("app", range(700))
    first.claim("app", limit=600)
    first.close()
    second = case.open()
    assert {(one.status, one.attempts, one.crashes) for one in second.list("app", limit=999)} == {
        ("pending", 0, 0)
    }
    assert numbers(second.claim("app", limit=3)) == [0, 1, 2]


@on_disk
def test_messages_outlive_the_queue_object(case: Case) -> None:
    with case.open() as first:
        first.send("app", {"n": 1})
    assert claim_one(case.open()).message.data == {"n": 1}


def test_closing_twice_is_harmless(queue: Queue) -> None:
    queue.close()
    queue.close()


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "verb",
    [
        lambda queue: queue.send("app", 1),
        lambda queue: queue.send_many("app", [1]),
        lambda queue: queue.claim("app"),
        lambda queue: queue.claim("app", wait=timedelta(seconds=1)),
        lambda queue: next(iter(queue.consume("app", wait=timedelta(0))), None),
        lambda queue: queue.list(),
        lambda queue: queue.stats(),
        lambda queue: queue.get("one"),
        lambda queue: queue.pause("app"),
    ],
    ids=["send", "send_many", "claim", "claim-wait", "consume", "list", "stats", "get", "pause"],
)
def test_closed_queue_says_so(queue: Queue, verb: Callable[[Queue], Any]) -> None:
    queue.send("other", 1)
    queue.close()
    with pytest.raises(CrossdockError, match="closed"):
        verb(queue)


@pytest.mark.timeout(30)
def test_delivery_of_a_closed_queue_says_so(queue: Queue) -> None:
    queue.send("app", 1)
    delivery = claim_one(queue)
    queue.close()
    with pytest.raises(CrossdockError, match="closed"):
        delivery.ack()


@pytest.mark.timeout(60)
def test_consumer_that_waits_is_ended_by_the_close(queue: Queue) -> None:
    ended = threading.Event()

    def work() -> None:
        try:
            for _ in queue.consume("app"):
                raise AssertionError("there is nothing to consume")
        except CrossdockError:
            ended.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    queue.close()
    assert ended.wait(PATIENCE.total_seconds())
    worker.join(PATIENCE.total_seconds())
