"""The feed itself, looked at step by step."""

from __future__ import annotations

import asyncio
from pathlib import Path

from crossdock import AsyncQueue
from crossdock.api.feed import Feed, Listener, Wanted
from crossdock.domain.following import Place

ALL = Wanted(None, frozenset({"message.sent"}))


def test_a_listener_that_is_ahead_of_this_process_misses_nothing(tmp_path: Path) -> None:
    """It comes from another process, which had told it of messages that this one has yet to see."""
    text = asyncio.run(followed_from_ahead(f"sqlite:///{tmp_path}/work.db"))
    assert [line for line in text.splitlines() if line.startswith("id: ")] == [
        "id: 3-0",
        "id: 4-0",
        "id: 4-0",
    ]


async def followed_from_ahead(url: str) -> str:
    async with AsyncQueue(url, app="tests") as queue:
        feed = Feed(queue, asyncio.Event())
        await feed.run_once()
        listener = Listener(ALL, lambda: None, 10_000)
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(read(listener))
            following = tasks.create_task(feed.follow(listener, Place(2, 0)))
            await asyncio.sleep(0)
            await queue.send_many("app", range(4))
            await feed.run_once()
            await following
            listener.end()
            return await reading


async def read(listener: Listener) -> str:
    chunks = []
    while (chunk := await listener.next()) is not None:
        chunks.append(chunk)
    return b"".join(chunks).decode()
