"""The feed itself, looked at step by step."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path

from crossdock import AsyncQueue
from crossdock.api.feed import _AT_A_TIME, Feed, Listener, Wanted
from crossdock.domain.following import Place

MANY = 2_000
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


def test_thousands_are_told_in_slices_between_which_others_have_their_turn(tmp_path: Path) -> None:
    told, texts = asyncio.run(told_to_many(f"sqlite:///{tmp_path}/work.db"))
    assert max(after - before for before, after in pairwise(told)) <= _AT_A_TIME
    assert told[-1] == MANY
    (text,) = texts
    assert [line for line in text.splitlines() if line.startswith("id: ")] == [
        "id: 0-0",
        "id: 1-0",
        "id: 2-0",
    ]


async def told_to_many(url: str) -> tuple[list[int], set[str]]:
    """Return how many were told something whenever another task had its turn, and what they were told."""
    told = [0]
    async with AsyncQueue(url, app="tests") as queue:
        feed = Feed(queue, asyncio.Event())
        await feed.run_once()
        listeners = [Listener(ALL, lambda: None, 10_000) for _ in range(MANY)]
        for listener in listeners:
            await feed.follow(listener, None)
        begun = [len(listener._chunks) for listener in listeners]

        async def watch() -> None:
            while told[-1] < MANY:
                await asyncio.sleep(0)
                told.append(sum(len(one._chunks) > had for one, had in zip(listeners, begun, strict=True)))

        await queue.send_many("app", range(2))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            await feed.run_once()
        for listener in listeners:
            listener.end()
        return told, {await read(listener) for listener in listeners}


async def read(listener: Listener) -> str:
    chunks = []
    while (chunk := await listener.next()) is not None:
        chunks.append(chunk)
    return b"".join(chunks).decode()
