"""What handlers raise, how long they take, and what they do with their deliveries themselves."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock import (
    AsyncDelivery,
    CredentialError,
    Delivery,
    Hub,
    Message,
    PermanentError,
    Queue,
    QueueStats,
    RateLimited,
    RetryPolicy,
    Status,
)
from crossdock.domain.message import AppId
from tests.app.case import AT_ONCE, ONCE, data_of, only


class Panic(BaseException):
    """As libraries written in Rust raise it."""


class TestErrors:
    def test_error_class_decides(self, hub: Hub, queue: Queue) -> None:
        @hub.app(
            "app",
            retry=RetryPolicy(max_attempts=2, backoff_min=timedelta(hours=1), backoff_max=timedelta(hours=1)),
        )
        async def fail(message: Message) -> None:
            raise {
                "rate": RateLimited(retry_after=timedelta(hours=1)),
                "permanent": PermanentError("no"),
                "else": OSError("gone"),
            }[message.data]

        queue.send_many("app", ["permanent", "else", "rate"])
        hub.run(wait=AT_ONCE)
        found = {
            record.message.data: (record.status, record.attempts, record.error.code)
            for record in queue.list("app")
        }
        assert found == {
            "rate": (Status.PENDING, 0, "RATE_LIMITED"),
            "permanent": (Status.FAILED, 1, "PERMANENT"),
            "else": (Status.PENDING, 1, "TRANSIENT"),
        }

    def test_policy_of_the_app_holds(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app", retry=ONCE)
        def fail(message: Message) -> None:
            raise OSError

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").error.code == "ATTEMPTS_EXHAUSTED"

    @pytest.mark.parametrize("kind", ["async", "thread"])
    @pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration, MemoryError, Panic])
    def test_handler_cannot_end_its_worker_by_an_exception(
        self, hub: Hub, queue: Queue, kind: str, error: type[BaseException]
    ) -> None:
        async def fail(message: Message) -> None:
            if message.data == 1:
                raise error

        def fail_in_thread(message: Message) -> None:
            if message.data == 1:
                raise error

        hub.app("app", retry=ONCE)(fail if kind == "async" else fail_in_thread)
        queue.send_many("app", [1, 2])
        hub.run(wait=AT_ONCE)
        assert [record.status for record in queue.list("app")] == [Status.FAILED, Status.COMPLETED]

    def test_cancellation_that_comes_from_the_handler_itself_ends_no_lane(
        self, hub: Hub, queue: Queue
    ) -> None:
        @hub.app("app", retry=ONCE)
        async def await_cancelled(message: Message) -> None:
            if message.data == 1:
                task = asyncio.ensure_future(asyncio.sleep(60))
                task.cancel()
                await task

        queue.send_many("app", [1, 2])
        hub.run(wait=AT_ONCE)
        assert [record.status for record in queue.list("app")] == [Status.FAILED, Status.COMPLETED]

    def test_task_that_takes_too_long_is_cancelled(self, hub: Hub, queue: Queue) -> None:
        ended = []

        @hub.app("app", retry=ONCE, timeout=timedelta(milliseconds=50))
        async def sleep(message: Message) -> None:
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(message.data)

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert ended == [1]
        assert "took longer than its timeout of 0.05 s" in only(queue, "app").error.message

    def test_timeout_error_of_the_handler_itself_is_told_as_such(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app", retry=ONCE, timeout=timedelta(minutes=1))
        async def fail(message: Message) -> None:
            raise TimeoutError("no answer")

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert "TimeoutError: no answer" in only(queue, "app").error.message

    def test_thread_that_takes_too_long_is_left_behind(self, hub: Hub, queue: Queue) -> None:
        release = threading.Event()

        @hub.app("app", retry=ONCE, timeout=timedelta(milliseconds=50))
        def wait(message: Message) -> None:
            if message.data == 1:
                release.wait(60)

        queue.send_many("app", [1, 2])
        hub.run(wait=AT_ONCE)
        release.set()
        assert [record.status for record in queue.list("app")] == [Status.FAILED, Status.COMPLETED]


class TestHaltedQueues:
    def test_rate_limit_parks_the_whole_queue_with_nothing_spent(self, hub: Hub, queue: Queue) -> None:
        asked = []

        @hub.app("app", concurrency=2)
        async def limited(message: Message) -> None:
            asked.append(message.data)
            raise RateLimited("slowly", retry_after=timedelta(hours=1))

        queue.send_many("app", range(20))
        hub.run(wait=AT_ONCE)
        queue.send("app", "later")
        hub.run(wait=AT_ONCE)
        assert len(asked) <= 2
        stats = queue.stats("app")["app"]
        assert (stats.paused, stats.note) == (False, "slowly")
        assert stats.parked_until is not None
        assert timedelta(minutes=59) < stats.parked_until - datetime.now(UTC) <= timedelta(hours=1)
        assert {(record.status, record.attempts) for record in queue.list("app")} == {(Status.PENDING, 0)}
        assert queue.claim("app") == []

    def test_parked_queue_goes_on_by_itself(self, hub: Hub, queue: Queue) -> None:
        asked = []

        @hub.app("app")
        async def limited(message: Message) -> None:
            asked.append(message.data)
            if len(asked) == 1:
                raise RateLimited("slowly", retry_after=timedelta(milliseconds=300))

        queue.send_many("app", range(3))
        hub.run(wait=timedelta(seconds=1))
        assert queue.stats("app")["app"] == QueueStats(app=AppId("app"), completed=3)
        assert sorted(asked) == [0, 0, 1, 2]

    def test_parked_queue_can_be_resumed(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app")
        async def limited(message: Message) -> None:
            raise RateLimited("slowly", retry_after=timedelta(hours=1))

        queue.send_many("app", range(2))
        hub.run(wait=AT_ONCE)
        queue.resume("app")
        assert [delivery.message.data for delivery in queue.claim("app", limit=5)] == [1]
        assert queue.stats("app")["app"].note is None

    def test_longer_wait_is_not_cut_short_by_a_shorter_one(self, hub: Hub, queue: Queue) -> None:
        together = asyncio.Barrier(2)

        @hub.app("app", concurrency=2)
        async def limited(message: Message) -> None:
            await together.wait()
            await asyncio.sleep(0.02 * message.data)
            raise RateLimited(f"{message.data}", retry_after=timedelta(hours=3 - message.data))

        queue.send_many("app", [1, 2])
        hub.run(wait=AT_ONCE)
        parked_until = queue.stats("app")["app"].parked_until
        assert parked_until is not None
        assert parked_until - datetime.now(UTC) > timedelta(minutes=119)

    def test_refused_credentials_pause_the_queue_and_say_what_to_do(self, hub: Hub, queue: Queue) -> None:
        asked = []

        @hub.app("app")
        def refused(message: Message) -> None:
            asked.append(message.data)
            raise CredentialError("make a new token, then resume the queue")

        queue.send_many("app", range(20))
        hub.run(wait=AT_ONCE)
        stats = queue.stats("app")["app"]
        assert asked == [0]
        assert (stats.paused, stats.note, stats.ready) == (
            True,
            "make a new token, then resume the queue",
            20,
        )
        assert {record.attempts for record in queue.list("app")} == {0}
        queue.resume("app")
        assert queue.stats("app")["app"].note is None

    def test_other_queues_go_on(self, hub: Hub, queue: Queue) -> None:
        @hub.app("limited")
        async def limited(message: Message) -> None:
            raise RateLimited(retry_after=timedelta(hours=1))

        @hub.app("free")
        async def free(message: Message) -> None: ...

        queue.send_many("limited", range(3))
        queue.send_many("free", range(3))
        hub.run(wait=AT_ONCE)
        assert queue.stats("free")["free"].completed == 3


class TestDeliveries:
    def test_handler_may_settle_by_itself(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app")
        async def work(message: Message, delivery: AsyncDelivery) -> None:
            await delivery.fail("not for us")

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").error.message == "not for us"

    def test_thread_gets_the_delivery_of_threads(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app")
        def work(message: Message, delivery: Delivery) -> None:
            delivery.ack({"attempt": delivery.attempt})

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").result == {"attempt": 1}

    def test_result_set_on_the_delivery_stays_with_the_message(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app", next=["out"])
        async def work(message: Message, delivery: AsyncDelivery) -> dict[str, Any]:
            delivery.result = "kept"
            return {"sent": True}

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").result == "kept"
        assert data_of(queue, "out") == [{"sent": True}]
