"""Waiting for a message: who is woken by what, and that no wait outlasts its time."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.case import BRIEF, PATIENCE, claim_one, numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crossdock import Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)


class Waiting:
    """A claim that waits in a thread of its own."""

    def __init__(self, queue: Queue, app: str = "app") -> None:
        self._found: list[Any] = []
        self._thread = threading.Thread(target=self._claim, args=(queue, app))
        self._thread.start()

    def _claim(self, queue: Queue, app: str) -> None:
        self._found += queue.claim(app, limit=10, wait=PATIENCE)

    def result(self) -> list[Any]:
        self._thread.join(2 * PATIENCE.total_seconds())
        assert not self._thread.is_alive()
        return self._found


@contextmanager
def no_longer_than(limit: timedelta) -> Iterator[None]:
    started = time.monotonic()
    yield
    assert time.monotonic() - started < limit.total_seconds()


class TestWoken:
    def test_send_wakes_the_one_who_waits(self, queue: Queue) -> None:
        waiting = Waiting(queue)
        queue.send("app", 1)
        assert numbers(waiting.result()) == [1]

    def test_send_through_another_queue_object_wakes_too(self, case: Case, queue: Queue) -> None:
        waiting = Waiting(queue)
        (queue if case.in_memory else case.open()).send_many("app", [1, 2])
        assert numbers(waiting.result()) == [1, 2]

    def test_row_of_another_program_is_found_though_it_wakes_nobody(self, case: Case, queue: Queue) -> None:
        waiting = Waiting(queue)
        case.sql(queue, "INSERT INTO data_staging (source_app, target_app, data) VALUES ('x', 'app', '7')")
        assert numbers(waiting.result()) == [7]

    @pytest.mark.parametrize(
        "event",
        [
            lambda queue, held: held.hand_back(),
            lambda queue, held: held.nack("no", retry_in=timedelta(0)),
            lambda queue, held: queue.replay(queue.cancel(held.message.id).message.id),
        ],
        ids=["hand_back", "nack", "replay"],
    )
    def test_message_that_comes_back_is_found(self, queue: Queue, event: Callable[[Queue, Any], Any]) -> None:
        queue.send("app", 1)
        held = claim_one(queue)
        waiting = Waiting(queue)
        event(queue, held)
        assert numbers(waiting.result()) == [1]

    def test_next_of_a_key_is_found_when_the_first_is_done(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2], partition_key="k")
        held = claim_one(queue)
        waiting = Waiting(queue)
        held.ack()
        assert numbers(waiting.result()) == [2]

    def test_message_is_found_when_it_becomes_due(self, case: Case, queue: Queue) -> None:
        queue.send("app", 1, delay=MINUTE)
        waiting = Waiting(queue)
        case.clock.advance(MINUTE)
        assert numbers(waiting.result()) == [1]

    def test_resumed_queue_is_found(self, queue: Queue) -> None:
        queue.send("app", 1)
        queue.pause("app")
        waiting = Waiting(queue)
        queue.resume("app")
        assert numbers(waiting.result()) == [1]

    def test_consumer_without_an_end_gets_what_comes_later(self, queue: Queue) -> None:
        seen: list[Any] = []
        stop = threading.Event()
        arrived = threading.Semaphore(0)

        def work() -> None:
            for delivery in queue.consume("app", stop=stop):
                seen.append(delivery.message.data)
                arrived.release()

        worker = threading.Thread(target=work)
        worker.start()
        for n in range(5):
            queue.send("app", n)
            assert arrived.acquire(timeout=PATIENCE.total_seconds())
        stop.set()
        worker.join(PATIENCE.total_seconds())
        assert seen == [0, 1, 2, 3, 4]
        assert queue.stats("app")["app"].completed == 5


class TestTime:
    @pytest.mark.parametrize("wait", [timedelta(0), BRIEF])
    def test_empty_queue_ends_the_wait(self, queue: Queue, wait: timedelta) -> None:
        with no_longer_than(PATIENCE):
            assert queue.claim("app", wait=wait) == []
            assert list(queue.consume("app", wait=wait)) == []
            with queue.consume_one("app", wait=wait) as delivery:
                assert delivery is None

    @pytest.mark.timeout(30)
    @pytest.mark.parametrize(
        "options", [{}, {"delay": MINUTE}, {"partition_key": "k"}], ids=["ready", "due", "key"]
    )
    def test_paused_queue_ends_the_wait(self, case: Case, queue: Queue, options: dict[str, Any]) -> None:
        queue.send("app", 1, **options)
        case.clock.advance(MINUTE)
        queue.pause("app")
        with no_longer_than(PATIENCE):
            assert queue.claim("app", wait=BRIEF) == []
            assert list(queue.consume("app", wait=BRIEF)) == []

    def test_scheduled_and_blocked_messages_end_the_wait(self, queue: Queue) -> None:
        queue.send("app", 1, delay=MINUTE)
        queue.send("app", 2, partition_key="k", delay=MINUTE)
        queue.send("app", 3, partition_key="k")
        assert queue.claim("app", wait=BRIEF) == []

    def test_message_that_is_there_needs_no_wait(self, queue: Queue) -> None:
        queue.send("app", 1)
        with no_longer_than(timedelta(seconds=5)):
            assert numbers(queue.claim("app", wait=timedelta(hours=1))) == [1]

    def test_waiting_costs_little(self, case: Case, queue: Queue) -> None:
        """A wait that cannot end looks a few times per second; it does not spin."""
        queue.send("app", 1, delay=MINUTE)
        case.clock.advance(MINUTE)
        queue.pause("app")
        spent = time.process_time()
        assert queue.claim("app", wait=timedelta(seconds=1)) == []
        assert time.process_time() - spent < 0.5
