"""A queue that has a ``max_depth`` refuses what would make it deeper."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from crossdock import ConfigError, InvalidMessage, QueueFull, RetryPolicy, create_engine
from tests.contract.case import claim_one, drain

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case

HOUR = timedelta(hours=1)
LONG = timedelta(seconds=60)


@pytest.fixture
def queue(case: Case) -> Queue:
    opened = case.open(app="tests", retry=RetryPolicy(max_attempts=2))
    opened.set_rules("app", max_depth=3)
    return opened


def fill(queue: Queue) -> None:
    for number in range(3):
        queue.send("app", number)


def takes_in_at_most(queue: Queue, until: float = float("inf")) -> QueueFull | None:
    """Send until the queue refuses; None: it never did."""
    while time.monotonic() < until:
        try:
            queue.send("app", 1)
        except QueueFull as error:
            return error
    return None


def test_send_that_would_make_it_deeper_is_refused_and_stores_nothing(queue: Queue) -> None:
    fill(queue)
    with pytest.raises(
        QueueFull, match="no room for one more: 3 messages wait in it, and max_depth is 3"
    ) as caught:
        queue.send("app", 4)
    assert (caught.value.code, caught.value.app, caught.value.depth, caught.value.max_depth) == (
        "QUEUE_FULL",
        "app",
        3,
        3,
    )
    stats = queue.stats("app")["app"]
    assert (stats.depth, stats.max_depth) == (3, 3)
    queue.send("other", 1)


def test_there_is_room_again_when_one_is_claimed(queue: Queue) -> None:
    fill(queue)
    claim_one(queue).ack()
    queue.send("app", 4, wait=LONG)
    with pytest.raises(QueueFull):
        queue.send("app", 5)


def test_whatever_waits_counts(case: Case, queue: Queue) -> None:
    queue.send("app", 1, delay=HOUR)
    queue.send_many("app", [2, 3], partition_key="k")
    with pytest.raises(QueueFull):
        queue.send("app", 4)
    delivery = claim_one(queue)
    queue.send("app", 5, wait=LONG)  # where a count takes long, that it was full is believed for a moment
    delivery.nack("once more")  # what comes back is never refused
    assert queue.stats("app")["app"].depth == 4


def test_message_that_is_there_already_is_a_duplicate_and_no_trouble(queue: Queue) -> None:
    for number in range(3):
        queue.send("app", number, message_id=f"m{number}")
    assert queue.send("app", 1, message_id="m1").duplicate


def test_many_are_taken_in_together_or_not_at_all(queue: Queue) -> None:
    queue.send("app", 0)
    with pytest.raises(QueueFull, match="no room for 3 more: 1 messages wait"):
        queue.send_many("app", [1, 2, 3])
    with pytest.raises(QueueFull, match="Send fewer at a time"):
        queue.send_many("app", [1, 2, 3, 4], wait=LONG)
    queue.send_many("app", [1, 2])
    assert drain(queue) == [0, 1, 2]


def test_whole_messages_are_counted_too(queue: Queue) -> None:
    messages = queue.send_many("elsewhere", [1, 2, 3, 4])
    with pytest.raises(QueueFull):
        queue.send_many("app", messages)
    assert queue.list("app") == []


def test_sender_may_wait_for_room(case: Case, queue: Queue) -> None:
    fill(queue)
    worker = case.open(app="worker")

    def work() -> None:
        while queue.stats("app")["app"].depth:
            time.sleep(0.05)
            for delivery in worker.claim("app"):
                delivery.ack()

    if not case.in_memory:
        thread = threading.Thread(target=work)
        thread.start()
        queue.send("app", 4, wait=LONG)
        thread.join()
    else:
        with pytest.raises(QueueFull):
            queue.send("app", 4, wait=timedelta(milliseconds=50))


def test_limit_can_be_taken_away(queue: Queue) -> None:
    fill(queue)
    queue.set_rules("app", max_depth=None)
    queue.send("app", 4)
    assert queue.stats("app")["app"].max_depth is None


@pytest.mark.parametrize("wrong", [0, -1, True, 2.5, "many"])
def test_limit_is_a_whole_number(queue: Queue, wrong: object) -> None:
    with pytest.raises(ConfigError, match="max_depth of 'app' is"):
        queue.set_rules("app", max_depth=wrong)  # type: ignore[typeddict-item]  # what a user may write


def test_other_processes_learn_of_the_limit(case: Case, queue: Queue) -> None:
    if case.in_memory:
        return  # it has no other process
    other = case.open(app="other")
    other.send("app", 0)
    queue.set_rules("app", max_depth=1)
    assert takes_in_at_most(other, until=time.monotonic() + 60) is not None


def test_full_queue_undoes_no_transaction_of_the_caller(case: Case, queue: Queue) -> None:
    if case.in_memory:
        return  # it takes no connection
    fill(queue)
    engine = create_engine(case.url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mine (n INTEGER)"))
        with pytest.raises(QueueFull):
            queue.send("app", 4, connection=connection)
        with pytest.raises(InvalidMessage, match="wait: cannot be given with connection"):
            queue.send("app", 4, connection=connection, wait=LONG)
        connection.execute(text("INSERT INTO mine VALUES (1)"))
    with engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM mine")).scalar() == 1
    engine.dispose()
    assert queue.stats("app")["app"].depth == 3


@pytest.mark.parametrize("depth", [1, 63, 1000, 5000])
def test_one_sender_is_exact(case: Case, depth: int) -> None:
    """A single sender never sends one too many, however it counts, and none too few."""
    queue = case.open(app="tests")
    queue.set_rules("app", max_depth=depth)
    if depth > 100:
        queue.send_many("app", range(depth - 100))
    assert takes_in_at_most(queue) is not None
    assert queue.stats("app")["app"].depth == depth
