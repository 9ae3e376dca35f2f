"""Calling an app of a hub: its answer comes back, and goes on besides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import AsyncQueue, CallFailed, Hub, Message, Queue

PATIENCE = timedelta(seconds=30)


@asynccontextmanager
async def running(hub: Hub, url: str) -> AsyncIterator[AsyncQueue]:
    """Run a hub in a thread, as another process would, and give a queue to call it through."""
    async with AsyncQueue(url) as queue:
        stop = threading.Event()
        work = asyncio.create_task(asyncio.to_thread(hub.run, stop=stop))
        try:
            yield queue
        finally:
            stop.set()
            await work


def answer_of(tmp_path: Path, returned: Any, *, next: list[str], data: Any = 1) -> tuple[Any, list[Any]]:  # noqa: A002 - its name
    """Return what a caller gets, and what the next app."""
    url = f"sqlite:///{tmp_path}/work.db"
    queue = Queue(url)
    hub = Hub(queue)

    @hub.app("app", next=next)
    def app(message: Message) -> Any:
        return returned(message) if callable(returned) else returned

    async def main() -> tuple[Any, list[Any]]:
        async with running(hub, url) as caller:
            answer = await caller.call("app", data, timeout=PATIENCE)
            return answer, [record.message.data for record in await caller.list("second")]

    try:
        return asyncio.run(main())
    finally:
        queue.close()


@pytest.mark.parametrize("next_apps", [[], ["second"]])
@pytest.mark.parametrize("returned", [{"n": 2}, [{"n": 2}, {"n": 3}], None])
def test_an_answer_comes_back_wherever_it_goes_else(
    tmp_path: Path, returned: Any, next_apps: list[str]
) -> None:
    answer, passed_on = answer_of(tmp_path, returned, next=next_apps)
    expected = returned if isinstance(returned, list) else [] if returned is None else [returned]
    assert answer == returned
    assert passed_on == (expected if next_apps else [])


def test_of_a_whole_message_its_data_comes_back(tmp_path: Path) -> None:
    def returned(message: Message) -> Message:
        return Message(id=message.id, source="app", type="answer", data="text", time=datetime.now(UTC))

    assert answer_of(tmp_path, returned, next=["second"]) == ("text", ["text"])


def test_an_answer_that_is_too_large_fails_the_call_with_words(tmp_path: Path) -> None:
    with pytest.raises(
        CallFailed, match="result: larger than 65536 bytes; store it elsewhere and name it"
    ) as caught:
        answer_of(tmp_path, {"text": "x" * 70_000}, next=["second"])
    assert caught.value.failure.code == "INVALID_MESSAGE"


def test_an_error_comes_back(tmp_path: Path) -> None:
    def returned(message: Message) -> Any:
        from crossdock import PermanentError

        raise PermanentError("no such order")

    with pytest.raises(CallFailed, match="PERMANENT: no such order"):
        answer_of(tmp_path, returned, next=[])


def test_many_callers_get_each_their_own_answer(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/work.db"
    queue = Queue(url)
    hub = Hub(queue)

    @hub.app("app", concurrency=8)
    async def app(message: Message) -> dict[str, Any]:
        await asyncio.sleep(0.001 * (message.data % 7))
        return {"n": message.data}

    async def main() -> None:
        async with running(hub, url) as caller:
            calls = [caller.call("app", number, timeout=PATIENCE) for number in range(50)]
            assert await asyncio.gather(*calls) == [{"n": number} for number in range(50)]

    try:
        asyncio.run(main())
    finally:
        queue.close()
