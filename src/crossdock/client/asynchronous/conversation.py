"""One connection to the server: a request, its answer, then the next."""

from __future__ import annotations

from crossdock.client.http_text import (
    END_OF_HEAD,
    MOST_HEAD_BYTES,
    Head,
    NotHttp,
    chunk_size_of,
    head_of,
)
from crossdock.client.tasks import Wire


class Broken(Exception):
    """The answer did not come: the server may have done what was asked, or not."""


class Conversation:
    """Asks over one connection.

    Args:
        wire: Is connected.

    Attributes:
        within_s: How long the server may give no sign of life.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.within_s = 0.0
        self._unread = bytearray()
        self._left = 0
        self._is_over = True
        self._is_chunked = False
        self._until_close = False
        self._keeps_open = True

    async def ask(self, request: bytes) -> Head:
        """Send a request, and return the head of its answer; its body must be read before the next.

        Raises:
            Broken: It did not come.
        """
        self._wire.send(request)
        while (head := await self._next_head()).is_interim:
            pass
        self._left = head.length or 0
        self._is_chunked = head.is_chunked
        self._until_close = head.length is None and not head.is_chunked
        self._keeps_open = head.keeps_open
        self._is_over = head.length == 0
        return head

    async def piece(self) -> bytes:
        """Return the next bytes of the body; none: that was all.

        Raises:
            Broken: Its end did not come.
        """
        if self._is_over:
            return b""
        if self._is_chunked and not self._left:
            self._left = await self._next_size()
            if not self._left:
                self._is_over = True
                return b""
        if not self._unread and not await self._more(or_end=self._until_close):
            self._is_over = True
            return b""
        return await self._taken()

    async def body(self) -> bytes:
        """Return what is left of the body.

        Raises:
            Broken: Its end did not come.
        """
        found = bytearray()
        while piece := await self.piece():
            found += piece
        return bytes(found)

    async def is_usable(self) -> bool:
        """Tell whether another request can be made."""
        if not (self._keeps_open and self._is_over) or self._unread:
            return False
        return await self._wire.stays_quiet()

    def abort(self) -> None:
        """End it at once."""
        self._wire.abort()

    def interrupt(self) -> None:
        """Let whoever waits for the answer know that it does not come."""
        self._wire.interrupt()

    async def _taken(self) -> bytes:
        """Take what is there of the body."""
        if self._until_close:
            data = bytes(self._unread)
            self._unread.clear()
            return data
        data = bytes(self._unread[: self._left])
        del self._unread[: self._left]
        self._left -= len(data)
        if not self._left:
            if self._is_chunked:
                await self._line()
            else:
                self._is_over = True
        return data

    async def _next_head(self) -> Head:
        while (end := self._unread.find(END_OF_HEAD)) < 0:
            if len(self._unread) > MOST_HEAD_BYTES:
                raise Broken(f"the head of the answer has more than {MOST_HEAD_BYTES} bytes")
            await self._more()
        text = bytes(self._unread[: end + len(END_OF_HEAD)])
        del self._unread[: len(text)]
        try:
            return head_of(text)
        except NotHttp as error:
            raise Broken(str(error)) from error

    async def _next_size(self) -> int:
        """Return the size of the next chunk; 0: there is none, and all of the answer is read."""
        try:
            size = chunk_size_of(await self._line())
        except NotHttp as error:
            raise Broken(str(error)) from error
        if not size:
            while await self._line():
                pass
        return size

    async def _line(self) -> bytes:
        while (end := self._unread.find(b"\r\n")) < 0:
            if len(self._unread) > MOST_HEAD_BYTES:
                raise Broken("a line between the chunks of the answer has no end")
            await self._more()
        line = bytes(self._unread[:end])
        del self._unread[: end + 2]
        return line

    async def _more(self, *, or_end: bool = False) -> bool:
        """Wait for bytes. False: the connection ended, where it may."""
        try:
            data = await self._wire.receive(self.within_s)
        except OSError as error:
            raise Broken(f"{type(error).__name__}: {error}") from error
        if not data and not or_end:
            raise Broken("the server hung up")
        self._unread += data
        return bool(data)
