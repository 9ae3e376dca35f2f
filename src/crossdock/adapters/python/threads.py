"""Threads for handlers that are plain functions."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeAlias

_Job: TypeAlias = tuple[Callable[[], Any], "asyncio.Future[Any] | None"]


class Threads:
    """Runs functions in threads, each of which is kept for the next.

    A caller that is cancelled leaves its thread behind, which ends when its function does; since it is a daemon, it
    keeps no process from ending.

    Args:
        name: What the threads are called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._idle: list[WorkThread] = []

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in a thread of its own; raises what it raises."""
        thread = self._idle.pop() if self._idle else WorkThread(self._name)
        try:
            return await thread.run(function, *arguments)
        finally:
            if thread.is_free:
                self._idle.append(thread)
            else:
                thread.end()

    def close(self) -> None:
        """Let the threads end."""
        for thread in self._idle:
            thread.end()
        self._idle.clear()


class WorkThread:
    """A daemon thread that does one job after the other.

    Attributes:
        is_free: Whether it has nothing to do.
    """

    def __init__(self, name: str) -> None:
        self.is_free = True
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        threading.Thread(target=self._work, name=name, daemon=True).start()

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function in the thread; raises what it raises."""
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        context = contextvars.copy_context()
        self.is_free = False
        self._jobs.put((lambda: context.run(function, *arguments), done))
        return await done

    def end(self, last: Callable[[], object] | None = None) -> None:
        """Let the thread end when it has done what it does, and ``last`` after that."""
        if last is not None:
            self._jobs.put((last, None))
        self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            work, done = job
            result: Any = None
            error: BaseException | None = None
            try:
                result = work()
            except BaseException as raised:  # noqa: BLE001 - it is raised to the one who waits
                error = _raisable(raised)
            if done is not None:
                with suppress(RuntimeError):  # the loop was closed: nobody is waiting any more
                    done.get_loop().call_soon_threadsafe(self._tell, done, result, error)

    def _tell(self, done: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        self.is_free = True
        if done.done():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)


def _raisable(error: BaseException) -> BaseException:
    """Return an error that a future can hold: StopIteration would end the generator that waits for it."""
    return RuntimeError(f"StopIteration: {error}") if isinstance(error, StopIteration) else error
