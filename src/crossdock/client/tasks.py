"""What the client for asyncio is made of; ``threads`` has the same words for the other one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from crossdock.client.address import Address
from crossdock.wire import Wire

__all__ = ["Ending", "Pauses", "Repeating", "Wire", "connect", "whereabouts"]


class Ending:
    """Ends something once, when it is called; when the loop is over, nothing can be said to a server any more.

    Args:
        owner: Has an end.
        end: Is called.
        args: What it is given.
    """

    def __init__(self, owner: object, end: Callable[..., Awaitable[None]], /, *args: Any) -> None:
        del owner
        self._end = end
        self._args = args
        self._done = False

    async def __call__(self) -> None:
        """End it, unless that was done."""
        if not self._done:
            self._done = True
            await self._end(*self._args)


class Pauses:
    """Waits; all of it is over at once, and for good, when that is said.

    Attributes:
        are_over: Whether it was.
    """

    def __init__(self) -> None:
        self.are_over = False
        self._waiting = set[asyncio.Future[None]]()

    async def wait(self, seconds: float) -> None:
        """Wait so long at most."""
        if self.are_over:
            return
        end = asyncio.get_running_loop().create_future()
        self._waiting.add(end)
        try:
            await asyncio.wait([end], timeout=seconds)
        finally:
            self._waiting.discard(end)

    def end(self) -> None:
        """Let nobody wait any more."""
        self.are_over = True
        for one in self._waiting:
            if one.get_loop() is asyncio.get_running_loop() and not one.done():
                one.set_result(None)


def whereabouts() -> asyncio.AbstractEventLoop:
    """Return what connections belong to: those of another loop are of no use in this one."""
    return asyncio.get_running_loop()


async def connect(address: Address, within_s: float) -> Wire:
    """Return a connection that is open.

    Raises:
        OSError: There is none.
    """
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(within_s):
        _, wire = await loop.create_connection(Wire, address.host, address.port, ssl=address.tls)
    return wire


class Repeating:
    """Does something again and again, in a task of its own.

    Args:
        act: Is done; what it raises ends it.
        every: So long after the last time.
    """

    def __init__(self, act: Callable[[], Awaitable[None]], every: timedelta) -> None:
        self._act = act
        self._every_s = every.total_seconds()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="crossdock-leases")

    async def end(self) -> None:
        """Do it no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            if not self._task.cancelled():
                self._task.result()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._act()
