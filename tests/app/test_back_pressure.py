"""An app whose answers find no room waits; what is answered already is never lost."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from crossdock import Hub, Message, Queue, Status, Subscription
from tests.app.case import AT_ONCE, data_of

WITHIN_S = 60


def test_app_waits_while_the_queue_of_its_next_is_full(hub: Hub, queue: Queue) -> None:
    @hub.app("first", next=["second"])
    async def pass_on(message: Message) -> dict[str, Any]:
        return {"n": message.data}

    queue.set_rules("second", max_depth=2)
    queue.send_many("second", [-1, -2])
    queue.send_many("first", range(5))
    hub.run(wait=AT_ONCE)
    assert queue.stats("first")["first"].ready == 5
    assert queue.stats("second")["second"].depth == 2


def test_answers_that_are_given_go_out_whatever_the_depth(hub: Hub, queue: Queue) -> None:
    @hub.app("first", next=["second"])
    async def split(message: Message) -> list[dict[str, Any]]:
        return [{"n": n} for n in range(5)]

    queue.set_rules("second", max_depth=2)
    queue.send("first", 1)
    hub.run(wait=AT_ONCE)
    assert [record.status for record in queue.list("first")] == [Status.COMPLETED]
    assert len(data_of(queue, "second")) == 5


def test_app_that_waits_for_room_looks_now_and_then(
    hub: Hub, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    @hub.app("first", next=["second"])
    async def split(message: Message) -> list[dict[str, Any]]:
        return [{"n": n} for n in range(5)]

    looks: list[Any] = []
    write_async = queue._store.write_async

    async def counted(work: Any) -> Any:
        looks.append(work)
        return await write_async(work)

    monkeypatch.setattr(queue._store, "write_async", counted)
    queue.set_rules("second", max_depth=2)
    queue.send("first", 1)
    hub.run(wait=timedelta(seconds=0.5))  # held up by its own answers
    assert 0 < len(looks) < 12


def test_all_goes_through_when_there_is_room_again(hub: Hub, queue: Queue) -> None:
    seen: list[int] = []
    deepest: list[int] = []

    @hub.app("first", subscribe=Subscription(type="start"))
    async def pass_on(message: Message) -> dict[str, Any]:
        return {"n": message.data}

    @hub.app("second", subscribe=Subscription(source="first"), max_depth=10)
    async def take(message: Message) -> None:
        deepest.append(queue.stats("second")["second"].depth)
        seen.append(message.data["n"])

    queue.send_many("first", range(60))
    stop = threading.Event()
    runner = threading.Thread(target=hub.run, kwargs={"stop": stop})
    runner.start()
    deadline = time.monotonic() + WITHIN_S
    while len(seen) < 60 and time.monotonic() < deadline:
        time.sleep(0.02)
    stop.set()
    runner.join(WITHIN_S)
    assert sorted(seen) == list(range(60))


def test_full_queues_in_a_circle_do_not_wait_for_each_other(hub: Hub, queue: Queue) -> None:
    @hub.app("ping", next=["pong"], max_depth=1)
    async def ping(message: Message) -> dict[str, Any] | None:
        return {"n": message.data["n"] - 1} if message.data["n"] else None

    @hub.app("pong", next=["ping"], max_depth=1)
    async def pong(message: Message) -> dict[str, Any] | None:
        return {"n": message.data["n"] - 1} if message.data["n"] else None

    queue.send("ping", {"n": 20})
    queue.send("pong", {"n": 20})
    hub.run(wait=AT_ONCE)
    assert all(record.status is Status.COMPLETED for record in queue.list(limit=1000))


def test_run_that_waits_for_room_can_be_stopped(hub: Hub, queue: Queue) -> None:
    @hub.app("first", next=["second"])
    async def pass_on(message: Message) -> dict[str, Any]:
        return {"n": message.data}

    queue.set_rules("second", max_depth=1)
    queue.send("second", 0)
    queue.send("first", 1)
    stop = threading.Event()
    runner = threading.Thread(target=hub.run, kwargs={"stop": stop, "drain": timedelta(seconds=30)})
    runner.start()
    stop.set()
    runner.join(WITHIN_S)
    assert not runner.is_alive()
    assert queue.stats("first")["first"].ready == 1
