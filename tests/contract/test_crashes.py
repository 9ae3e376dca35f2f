"""What becomes of messages whose worker died: counted apart, claimed alone, dead after the third time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crossdock import LeaseLost
from tests.contract.case import MAX_CRASHES, claim_one, events, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case


def crash_with(case: Case, queue: Queue, count: int) -> list[str]:
    """Send messages, claim them all, and let the process die."""
    queue.send_many("app", range(count))
    message_ids = [delivery.message.id for delivery in queue.claim("app", limit=count)]
    case.crash(queue)
    return message_ids


def test_messages_of_a_dead_process_are_ready_at_once_and_no_attempt_is_spent(
    case: Case, queue: Queue
) -> None:
    (message_id,) = crash_with(case, queue, 1)
    record = queue.get(message_id)
    assert (record.status, record.attempts, record.crashes, record.available_at) == ("pending", 0, 1, None)
    delivery = claim_one(queue)
    assert (delivery.attempt, delivery.crashes) == (1, 1)
    assert events(queue, message_id) == ["sent", "claimed", "crashed", "claimed"]


def test_dead_worker_can_change_nothing(case: Case, queue: Queue) -> None:
    queue.send("app", 1)
    delivery = claim_one(queue)
    case.crash(queue)
    with pytest.raises(LeaseLost):
        delivery.ack()
    assert queue.get(delivery.message.id).status == "pending"


def test_suspects_are_claimed_alone(case: Case, queue: Queue) -> None:
    crash_with(case, queue, 3)
    for n in range(3):
        (delivery,) = queue.claim("app", limit=10)
        assert delivery.message.data == n
        delivery.ack()


def test_suspects_keep_their_place_by_priority_and_arrival(case: Case, queue: Queue) -> None:
    queue.send("app", "suspect", priority=5)
    claim_one(queue)
    case.crash(queue)
    queue.send("app", "later", priority=5)
    queue.send_many("app", ["first", "second"], priority=6)
    assert numbers(queue.claim("app", limit=10)) == ["first", "second"]
    assert numbers(queue.claim("app", limit=10)) == ["suspect"]
    assert numbers(queue.claim("app", limit=10)) == ["later"]


def test_consumer_takes_suspects_alone_too(case: Case, queue: Queue) -> None:
    crash_with(case, queue, 4)
    held = [queue.stats("app")["app"].processing for _ in queue.consume("app", wait=timedelta(0))]
    assert held == [1, 1, 1, 1]


def test_suspect_of_a_key_is_claimed_without_its_followers(case: Case, queue: Queue) -> None:
    queue.send_many("app", [1, 2, 3], partition_key="k")
    claim_one(queue)
    case.crash(queue)
    seen = [
        (delivery.message.data, queue.stats("app")["app"].processing)
        for delivery in queue.consume("app", wait=timedelta(0))
    ]
    assert seen[0] == (1, 1)
    assert [data for data, _ in seen] == [1, 2, 3]


def test_message_is_dead_after_so_many_crashes(case: Case, queue: Queue) -> None:
    queue.send("app", "poison")
    for crashes in range(MAX_CRASHES):
        delivery = claim_one(queue)
        assert delivery.crashes == crashes
        case.crash(queue)
    record = queue.get(delivery.message.id)
    assert (record.status, record.attempts, record.crashes) == ("failed", 0, MAX_CRASHES)
    assert record.error is not None
    assert record.error.code == "CRASHED"
    assert events(queue, record.message.id) == ["sent", *["claimed", "crashed"] * MAX_CRASHES, "failed"]
    assert queue.claim("app") == []


def test_only_the_poison_among_its_neighbours_dies(case: Case, queue: Queue) -> None:
    queue.send_many("app", ["poison" if n == 3 else n for n in range(10)])
    queue.claim("app", limit=10)
    case.crash(queue)
    done = []
    while found := queue.claim("app", limit=10):
        if "poison" in numbers(found):
            assert len(found) == 1
            case.crash(queue)
        else:
            done += numbers(found)
            queue.ack_many(found)
    assert done == [n for n in range(10) if n != 3]
    assert numbers(queue.list("app", status="failed")) == ["poison"]


def test_crash_is_no_attempt_and_an_attempt_is_no_crash(case: Case, queue: Queue) -> None:
    queue.send("app", 1)
    claim_one(queue).nack("no", retry_in=timedelta(0))
    claim_one(queue)
    case.crash(queue)
    delivery = claim_one(queue)
    assert (delivery.attempt, delivery.crashes) == (2, 1)


def test_replayed_poison_has_all_its_lives_again(case: Case, queue: Queue) -> None:
    queue.send("app", "poison")
    for _ in range(MAX_CRASHES):
        delivery = claim_one(queue)
        case.crash(queue)
    assert queue.replay(delivery.message.id).crashes == 0
    assert claim_one(queue).crashes == 0


def test_suspect_is_seen_in_the_stats(case: Case, queue: Queue) -> None:
    crash_with(case, queue, 1)
    crashed_at = case.clock.now()
    case.clock.advance(timedelta(minutes=5))
    stats = queue.stats("app")["app"]
    assert (stats.ready, stats.oldest_due_at) == (1, crashed_at)
