"""What a hub adds to the cost of a message."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crossdock import AsyncQueue, Hub, Message, Queue
from tests.app.case import AT_ONCE

MESSAGES = 20_000
"""So many that the end of a run, which takes up to a quarter of a second, matters little."""


@pytest.mark.slow
def test_empty_handler_costs_at_most_half_as_much_again_as_a_loop_over_consume(tmp_path: Path) -> None:
    with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
        hub = Hub(queue)

        @hub.app("app", concurrency=8)
        async def nothing(message: Message) -> None: ...

        by_hub: list[float] = []
        by_loop: list[float] = []
        for _ in range(3):
            by_hub.append(_timed(queue, lambda: hub.run(wait=AT_ONCE)))
            by_loop.append(_timed(queue, lambda: asyncio.run(_drain(f"sqlite:///{tmp_path}/work.db"))))
    assert min(by_hub) <= 1.5 * min(by_loop), (by_hub, by_loop)


def _timed(queue: Queue, drain: Callable[[], object]) -> float:
    queue.send_many("app", range(MESSAGES))
    began = time.perf_counter()
    drain()
    spent = time.perf_counter() - began
    assert queue.stats("app")["app"].ready == 0
    return spent


async def _drain(url: str) -> None:
    async with AsyncQueue(url) as queue:
        async for _ in queue.consume("app", wait=AT_ONCE):
            pass
