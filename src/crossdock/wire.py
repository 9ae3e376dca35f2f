"""The bytes of one connection, in and out, as they come and go."""

from __future__ import annotations

import asyncio
from typing import Final, cast

_MOST_UNREAD: Final = 256 * 1024
_TURNS: Final = 2
"""Of the loop: in one it looks what has come, in the next it has told of it."""


class Wire(asyncio.Protocol):
    """One connection. What has come can be read even when sending has failed meanwhile.

    Attributes:
        error: What broke it; None: nothing, or the far side closed it in good order.
    """

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._ended = False
        self._flushed = True
        self._changed: asyncio.Future[None] | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether it is there, as far as is known, with nothing unread and nothing unsent."""
        return not self._ended and not self._unread and self._flushed

    async def stays_quiet(self) -> bool:
        """Tell whether it is quiet when all that has come by now is known, its end for example."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        return self.is_quiet

    def send(self, data: bytes) -> None:
        """Send bytes; they go while others are read."""
        if self._transport is not None and not self._ended:
            self._transport.write(data)

    async def receive(self, within_s: float) -> bytes:
        """Return what has come, at least a byte; nothing: the connection has ended.

        Args:
            within_s: Counted from when all that was sent is gone.

        Raises:
            TimeoutError: Nothing has come.
        """
        while not self._unread and not self._ended:
            self._changed = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(within_s if self._flushed else None):
                await self._changed
        data = bytes(self._unread)
        self._unread.clear()
        if self._transport is not None and not self._ended:
            self._transport.resume_reading()
        return data

    def abort(self) -> None:
        """End it at once."""
        self._ended = True
        if self._transport is not None:
            self._transport.abort()

    def interrupt(self) -> None:
        """Let whoever waits for bytes know that none come."""
        self.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=1, low=0)  # so that it is known when all is gone

    def data_received(self, data: bytes) -> None:
        """Keep what has come; let the far side wait if it is much."""
        self._unread += data
        if len(self._unread) > _MOST_UNREAD and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        """Know that nothing more comes; the connection is closed."""
        self._end(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Know that it is gone."""
        self._end(exc)

    def pause_writing(self) -> None:
        """Know that something sent is still here."""
        self._flushed = False

    def resume_writing(self) -> None:
        """Know that all that was sent is gone."""
        self._flushed = True
        self._wake()

    def _end(self, error: Exception | None) -> None:
        self.error = self.error or error
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        if self._changed is not None and not self._changed.done():
            self._changed.set_result(None)
