"""Lets a library that only speaks asyncio be driven from plain functions: one event loop for each session."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any, TypeVar

from benchmarks.contenders.contender import Drained, Handler, Session

T = TypeVar("T")


class LoopSession(Session):
    """A session whose library runs on the event loop of the thread that calls."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end."""
        return self._loop.run_until_complete(work)

    def close_loop(self) -> None:
        """Release the event loop; the last thing that a session does."""
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    @abstractmethod
    async def serve(self, handle: Handler, stop: asyncio.Event, poll_s: float) -> None:
        """Be a worker until ``stop`` is set."""

    def drain(self, handle: Handler, *, count: int, seconds: float) -> Drained:
        """Be a worker until enough is handled or the time, which begins with the first message, is up."""
        return self.run(self._drain(handle, count, seconds))

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        self.run(self._work(handle, stop, poll_s))

    async def _drain(self, handle: Handler, count: int, seconds: float) -> Drained:
        arrivals = 0
        stop = asyncio.Event()
        begin = time.perf_counter()
        limit = begin + 5 * seconds

        def arrive(data: Any) -> None:
            nonlocal arrivals, limit
            handle(data)
            if not arrivals:
                limit = time.perf_counter() + seconds
            arrivals += 1
            if arrivals >= count or time.perf_counter() > limit:
                stop.set()

        worker = asyncio.create_task(self.serve(arrive, stop, 0.01))
        while not stop.is_set() and not worker.done() and time.perf_counter() < limit:  # noqa: ASYNC110 - by time
            await asyncio.sleep(0.01)
        stop.set()
        await worker
        return Drained(arrivals, time.perf_counter() - begin)

    async def _work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        stopped = asyncio.Event()
        worker = asyncio.create_task(self.serve(handle, stopped, poll_s))
        while not stop.is_set() and not worker.done():  # noqa: ASYNC110 - stop is an event of threads
            await asyncio.sleep(0.02)
        stopped.set()
        await worker
