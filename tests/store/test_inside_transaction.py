"""Who may write while a handler's transaction() is open: everyone else waits for it, it itself is refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from crossdock import AsyncDelivery, AsyncQueue, Queue, StoreError

BRIEF_S = 0.05
PATIENCE_S = 4.0
"""Less than a transaction() lasts at most: a deadlock must not be mistaken for it."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/work.db"


def run(url: str, body: Callable[[AsyncQueue, AsyncDelivery], Coroutine[Any, Any, None]]) -> list[str]:
    """Run ``body`` with a delivery in hand; return the data of what is in the queue ``other`` afterwards."""

    async def main() -> list[str]:
        async with AsyncQueue(url) as queue:
            await queue.send("app", 1)
            (delivery,) = await queue.claim("app")
            await asyncio.wait_for(body(queue, delivery), PATIENCE_S)
            return [record.message.data for record in await queue.list("other")]

    return asyncio.run(main())


def test_another_task_of_the_loop_waits_until_it_is_over(url: str) -> None:
    async def body(queue: AsyncQueue, delivery: AsyncDelivery) -> None:
        begun = asyncio.Event()

        async def neighbour() -> None:
            await begun.wait()
            await queue.send("other", "neighbour")

        task = asyncio.create_task(neighbour())
        with delivery.transaction():
            begun.set()
            await asyncio.sleep(BRIEF_S)
            assert not task.done()
        await task

    assert run(url, body) == ["neighbour"]


def test_its_own_send_is_refused(url: str) -> None:
    async def body(queue: AsyncQueue, delivery: AsyncDelivery) -> None:
        with delivery.transaction() as connection:
            with pytest.raises(StoreError, match="pass its connection"):
                await queue.send("other", "mine")
            await queue.send("other", "on its connection", connection=connection)

    assert run(url, body) == ["on its connection"]


def test_task_that_it_waits_for_is_refused_and_one_that_outlives_it_is_not(url: str) -> None:
    async def body(queue: AsyncQueue, delivery: AsyncDelivery) -> None:
        over = asyncio.Event()

        async def later() -> None:
            await over.wait()
            await queue.send("other", "later")

        with delivery.transaction():
            task = asyncio.create_task(later())
            with pytest.raises(StoreError, match="pass its connection"):
                await asyncio.create_task(queue.send("other", "child"))
        over.set()
        await task

    assert run(url, body) == ["later"]


def test_thread_that_it_waits_for_is_refused(url: str) -> None:
    async def body(queue: AsyncQueue, delivery: AsyncDelivery) -> None:
        with Queue(url) as blocking:
            group = queue._store.open_store.group
            with delivery.transaction(), pytest.raises(StoreError, match="pass its connection"):
                await asyncio.to_thread(group.run, lambda _: None)
            blocking.send("other", "afterwards")

    assert run(url, body) == ["afterwards"]


def test_blocking_call_of_another_task_is_refused_since_it_would_stop_the_loop(url: str) -> None:
    async def main() -> None:
        with Queue(url) as queue:
            queue.send("app", 1)
            (delivery,) = queue.claim("app")
            begun = asyncio.Event()

            async def neighbour() -> None:
                await begun.wait()
                with pytest.raises(StoreError, match="pass its connection"):
                    queue.send("other", "neighbour")

            task = asyncio.create_task(neighbour())
            with delivery.transaction():
                begun.set()
                await task

    asyncio.run(asyncio.wait_for(main(), PATIENCE_S))
