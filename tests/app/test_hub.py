"""A hub at work: what handlers return and raise, and what becomes of their messages."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import (
    AsyncDelivery,
    AsyncQueue,
    Hub,
    Message,
    Queue,
    RetryPolicy,
    Status,
    Subscription,
)
from crossdock.domain.message import MessageId
from tests.app.case import AT_ONCE, data_of, only, received
from tests.stalls import InTime


class TestAnswers:
    def test_answer_goes_to_every_app_that_follows(self, hub: Hub, queue: Queue) -> None:
        @hub.app("validator", next=["warehouse", "billing"])
        async def validate(message: Message) -> dict[str, Any]:
            return {"checked": message.data}

        sent = queue.send("validator", 17)
        hub.run(wait=AT_ONCE)
        [to_warehouse], [to_billing] = received(queue, "warehouse"), received(queue, "billing")
        assert to_warehouse.data == to_billing.data == {"checked": 17}
        assert to_warehouse.id == to_billing.id != sent.id
        assert to_warehouse.source == "validator"
        assert queue.get(sent.id, app="validator").status is Status.COMPLETED

    def test_list_is_several_messages_in_order(self, hub: Hub, queue: Queue) -> None:
        @hub.app("splitter", next=["lines"])
        def split(message: Message) -> list[Any]:
            return [{"line": line} for line in message.data]

        queue.send("splitter", [1, 2, 3])
        hub.run(wait=AT_ONCE)
        assert data_of(queue, "lines") == [{"line": 1}, {"line": 2}, {"line": 3}]

    def test_copies_of_one_message_in_a_list_are_all_sent_and_again_under_the_same_ids(
        self, hub: Hub, queue: Queue
    ) -> None:
        @hub.app("splitter", next=["lines"])
        def split(message: Message) -> list[Message]:
            first, *others = (replace(message, data={"line": line}) for line in message.data)
            return [first, replace(first, id=MessageId("a-2")), *others]

        queue.send("splitter", [1, 2, 3], message_id="a")
        hub.run(wait=AT_ONCE)
        assert data_of(queue, "lines") == [{"line": 1}, {"line": 1}, {"line": 2}, {"line": 3}]
        assert [record.message.id for record in queue.list("lines")] == ["a", "a-2", "a-3", "a-4"]
        queue.replay("a", app="splitter")
        hub.run(wait=AT_ONCE)
        assert len(queue.list("lines")) == 4

    def test_none_sends_nothing(self, hub: Hub, queue: Queue) -> None:
        @hub.app("filter", next=["rest"])
        async def drop(message: Message) -> None: ...

        queue.send("filter", 1)
        hub.run(wait=AT_ONCE)
        assert received(queue, "rest") == []

    def test_message_brings_its_own_envelope(self, hub: Hub, queue: Queue) -> None:
        @hub.app("router", next=["out"])
        async def route(message: Message) -> Message:
            return replace(message, type="order.urgent", priority=9, partitionkey="k", subject="s")

        sent = queue.send("router", {"n": 1}, source="elsewhere", extensions={"tenant": "a"})
        hub.run(wait=AT_ONCE)
        [message] = received(queue, "out")
        assert (message.id, message.source, message.type) == (sent.id, "elsewhere", "order.urgent")
        assert (message.priority, message.partitionkey, message.subject) == (9, "k", "s")
        assert message.extensions == {"tenant": "a"}

    def test_correlation_and_trace_carry_on(self, hub: Hub, queue: Queue) -> None:
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

        @hub.app("first", next=["second"])
        async def first(message: Message) -> dict[str, Any]:
            return {}

        @hub.app("second", next=["third"])
        async def second(message: Message) -> Message:
            return replace(message, data="whole", correlationid=None, traceparent=None)

        plain = queue.send("first", 1, traceparent=trace)
        queue.send("first", 2, correlation_id="exchange-7")
        hub.run(wait=AT_ONCE)
        assert [message.correlationid for message in received(queue, "third")] == [plain.id, "exchange-7"]
        assert [message.traceparent for message in received(queue, "third")] == [trace, None]

    def test_subscribers_receive_what_matches(self, hub: Hub, queue: Queue) -> None:
        @hub.app("shop", next=["warehouse"])
        async def shop(message: Message) -> Message:
            return replace(message, type=message.data)

        @hub.app("audit", subscribe=Subscription(type="order.*"))
        async def audit(message: Message) -> dict[str, Any]:
            return {"never": "comes back"}

        queue.send_many("shop", ["order.paid", "visit", "order.sent"])
        hub.run(wait=AT_ONCE)
        assert data_of(queue, "audit") == ["order.paid", "order.sent"]
        assert data_of(queue, "warehouse") == ["order.paid", "visit", "order.sent"]

    def test_what_nobody_receives_is_kept_as_the_result(self, hub: Hub, queue: Queue) -> None:
        @hub.app("adder")
        async def add(message: Message) -> dict[str, Any]:
            return {"sum": sum(message.data)}

        sent = queue.send("adder", [1, 2, 3])
        hub.run(wait=AT_ONCE)
        assert queue.get(sent.id).result == {"sum": 6}

    @pytest.mark.parametrize("returned", ["text", 7, [{"n": 1}, "text"], ({"n": 1},)], ids=repr)
    def test_anything_else_makes_a_dead_letter(self, hub: Hub, queue: Queue, returned: Any) -> None:
        @hub.app("app", next=["out"])
        async def wrong(message: Message) -> Any:
            return returned

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        record = only(queue, "app")
        assert (record.status, record.error.code) == (Status.FAILED, "PERMANENT")
        assert "it may return a dict, a Message, a list of these, or None" in record.error.message
        assert received(queue, "out") == []

    def test_answer_that_is_no_json_sets_the_message_aside(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app", next=["out"])
        async def wrong(message: Message) -> Any:
            return {"at": object()}

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").error.code == "INVALID_MESSAGE"

    def test_answer_is_not_sent_if_the_lease_was_lost(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app", next=["out"])
        def cancelled_meanwhile(message: Message) -> dict[str, Any]:
            queue.cancel(message.id)
            return {"late": True}

        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert received(queue, "out") == []
        assert only(queue, "app").error.code == "CANCELLED"

    def test_answer_the_store_refuses_takes_no_neighbour_with_it(self, hub: Hub, queue: Queue) -> None:
        """Its id stands for another message of the same sender at the receiver."""
        taken = queue.send("out", "first", source_app="app", source="one")

        @hub.app("app", next=["out"])
        async def answer(message: Message) -> Message:
            chosen = taken.id if message.data == 3 else message.id
            return replace(message, id=chosen, source="two")

        queue.send_many("app", range(8))
        hub.run(wait=AT_ONCE)
        by_status = {record.message.data: record.status for record in queue.list("app")}
        assert by_status.pop(3) is Status.FAILED
        assert set(by_status.values()) == {Status.COMPLETED}
        assert data_of(queue, "out") == ["first", 0, 1, 2, 4, 5, 6, 7]


class TestConcurrency:
    @pytest.mark.parametrize("kind", ["async", "thread"])
    def test_as_many_as_allowed_are_worked_on_at_a_time(self, hub: Hub, queue: Queue, kind: str) -> None:
        now, most = set[int](), list[int]()

        async def work(message: Message) -> None:
            now.add(message.data)
            most.append(len(now))
            await asyncio.sleep(0.005)
            now.discard(message.data)

        def work_in_thread(message: Message) -> None:
            now.add(message.data)
            most.append(len(now))
            time.sleep(0.005)
            now.discard(message.data)

        hub.app("app", concurrency=7)(work if kind == "async" else work_in_thread)
        queue.send_many("app", range(60))
        hub.run(wait=AT_ONCE)
        assert max(most) == 7
        assert queue.stats("app")["app"].completed == 60

    def test_messages_of_one_key_are_worked_on_in_order_and_never_together(
        self, hub: Hub, queue: Queue
    ) -> None:
        seen: list[tuple[str, int]] = []
        busy: set[str] = set()

        @hub.app(
            "app", concurrency=8, retry=RetryPolicy(max_attempts=2, backoff_min=AT_ONCE, backoff_max=AT_ONCE)
        )
        async def work(message: Message, delivery: AsyncDelivery) -> None:
            key = message.data["key"]
            assert key not in busy
            busy.add(key)
            try:
                await asyncio.sleep(0.001)
                if message.data["n"] % 7 == 3 and delivery.attempt == 1:
                    raise OSError
                seen.append((key, message.data["n"]))
            finally:
                busy.discard(key)

        for number in range(20):
            for key in "abc":
                queue.send("app", {"key": key, "n": number}, partition_key=key)
        hub.run(wait=AT_ONCE)
        assert len(seen) == 60
        for key in "abc":
            assert [number for one, number in seen if one == key] == list(range(20))

    def test_slow_message_does_not_keep_lanes_from_new_ones(self, hub: Hub, queue: Queue) -> None:
        arrived = threading.Event()

        @hub.app("app", concurrency=2)
        def work(message: Message) -> None:
            if message.data == "slow":
                assert arrived.wait(20)
            else:
                arrived.set()

        queue.send("app", "slow")
        sender = threading.Timer(0.3, queue.send, ("app", "quick"))
        sender.start()
        hub.run(wait=timedelta(milliseconds=50))
        sender.join()
        assert queue.stats("app")["app"].completed == 2

    def test_only_the_apps_that_are_named_run(self, hub: Hub, queue: Queue) -> None:
        @hub.app("one", next=["two"])
        async def one(message: Message) -> dict[str, Any]:
            return {}

        @hub.app("two")
        async def two(message: Message) -> None: ...

        queue.send("one", 1)
        hub.run("one", wait=AT_ONCE)
        assert only(queue, "two").status is Status.PENDING

    def test_paused_queue_is_left_alone(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app")
        async def work(message: Message) -> None: ...

        queue.pause("app")
        queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").status is Status.PENDING
        queue.resume("app")
        hub.run(wait=AT_ONCE)
        assert only(queue, "app").status is Status.COMPLETED


class TestStopping:
    def test_what_is_unfinished_is_handed_back_with_nothing_spent(
        self, hub: Hub, queue: Queue, tmp_path: Path
    ) -> None:
        begun, stop = threading.Event(), threading.Event()

        @hub.app("app")
        async def work(message: Message) -> None:
            begun.set()
            await asyncio.sleep(60)

        queue.send_many("app", range(3))
        killer = threading.Thread(target=lambda: begun.wait(20) and stop.set())
        killer.start()
        with InTime(tmp_path, 10, os.getpid()):
            hub.run(stop=stop, drain=timedelta(seconds=2.2))
        killer.join()
        assert {(record.status, record.attempts) for record in queue.list("app")} == {(Status.PENDING, 0)}

    def test_what_is_begun_may_end_within_the_time_to_drain(self, hub: Hub, queue: Queue) -> None:
        stop = threading.Event()

        @hub.app("app", next=["out"])
        async def work(message: Message) -> dict[str, Any]:
            stop.set()
            await asyncio.sleep(0.3)
            return {}

        queue.send_many("app", range(3))
        hub.run(stop=stop)
        assert [record.status for record in queue.list("app")] == [Status.COMPLETED, *[Status.PENDING] * 2]
        assert len(received(queue, "out")) == 1

    def test_hub_that_waits_for_messages_ends_at_once(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app")
        async def handle(message: Message) -> None:
            pass

        took_s = []
        for _ in range(5):
            began = time.monotonic()
            hub.run(wait=AT_ONCE)
            took_s.append(time.monotonic() - began)
        assert min(took_s) < 0.2  # it looks by itself every quarter of a second

    def test_hub_runs_again(self, hub: Hub, queue: Queue) -> None:
        @hub.app("app")
        def work(message: Message) -> None: ...

        for number in range(3):
            queue.send("app", number)
            hub.run(wait=AT_ONCE)
        assert queue.stats("app")["app"].completed == 3


def test_hub_serves_in_a_loop_that_runs_already(tmp_path: Path) -> None:
    async def main() -> int:
        async with AsyncQueue(f"sqlite:///{tmp_path}/work.db") as queue:
            hub = Hub(queue)

            @hub.app("app")
            async def work(message: Message) -> None: ...

            await queue.send("app", 1)
            await hub.serve(wait=AT_ONCE)
            return (await queue.stats("app"))["app"].completed

    assert asyncio.run(main()) == 1


def test_hub_opens_what_the_configuration_says(tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text('[store]\nurl = "sqlite:///orders.db"\n[queue]\nretry = { max_attempts = 1 }\n')
    with Hub(file) as hub:

        @hub.app("app")
        async def fail(message: Message) -> None:
            raise OSError

        hub.queue.send("app", 1)
        hub.run(wait=AT_ONCE)
        assert only(hub.queue, "app").status is Status.FAILED
    assert (tmp_path / "orders.db").exists()


def test_making_a_hub_opens_no_store(tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text("")
    Hub(file)
    assert [path.name for path in tmp_path.iterdir()] == ["crossdock.toml"]
