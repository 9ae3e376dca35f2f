"""A connection that requests go over, one after the other: HTTP/1.1."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import h11

from crossdock.wire import Wire

MOST_HEADER_BYTES: Final = 64 * 1024
_MOST_INTERIM: Final = 16


class BrokenOff(ConnectionError):
    """The connection ended, or made no sense, before the answer was there; nobody knows whether the request arrived."""


class TooLarge(Exception):
    """The body is larger than what is read.

    Attributes:
        read: The beginning of it.
    """

    def __init__(self, read: bytes) -> None:
        super().__init__(f"more than {len(read)} bytes")
        self.read = read


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted.

    Attributes:
        resource: The path and the query.
        headers: All of them, in order.
        body: Is sent as it is.
    """

    resource: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What an answer begins with.

    Attributes:
        reason: The words behind the status.
        headers: By names in lower case; of several of one name the last.
    """

    status: int
    reason: str
    headers: Mapping[str, str]


class Connection:
    """Sends a request and reads its answer, then the next.

    Args:
        wire: Is connected.
        read_s: How long the far side may say nothing.
    """

    def __init__(self, wire: Wire, *, read_s: float) -> None:
        self._wire = wire
        self._read_s = read_s
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEADER_BYTES)
        self.idle_since = time.monotonic()

    async def ask(self, request: Request) -> Head:
        """Send a request, and return the head of its answer; an answer may come before all of it is sent.

        Raises:
            BrokenOff: Or TimeoutError: nobody knows whether it arrived.
        """
        self._wire.send(
            self._bytes(h11.Request(method="POST", target=request.resource, headers=request.headers))
            + self._bytes(h11.Data(data=request.body))
            + self._bytes(h11.EndOfMessage())
        )
        for _ in range(_MOST_INTERIM):
            event = await self._next(in_head=True)
            if isinstance(event, h11.Response):
                return Head(
                    event.status_code,
                    event.reason.decode("ascii", "replace"),
                    {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers},
                )
            if not isinstance(event, h11.InformationalResponse):
                raise BrokenOff("what came is no answer")
        raise BrokenOff(f"{_MOST_INTERIM} interim answers came, and none that counts")

    async def body(self, limit: int) -> bytes:
        """Return the body of the answer whose head was read last.

        Raises:
            BrokenOff: Or TimeoutError: its end did not come.
            TooLarge: It has more bytes than ``limit``.
        """
        found = bytearray()
        while isinstance(event := await self._next(), h11.Data):
            found += event.data
            if len(found) > limit:
                raise TooLarge(bytes(found[:limit]))
        return bytes(found)

    def rest(self) -> bool:
        """Make ready for the next request; False: this connection cannot take one."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        if self._http.trailing_data[0] or not self._wire.is_quiet:
            return False
        self._http.start_next_cycle()
        self.idle_since = time.monotonic()
        return True

    async def is_usable(self) -> bool:
        """Tell whether it is still there, and nothing has come over it unasked."""
        return await self._wire.stays_quiet()

    def abort(self) -> None:
        """End it at once."""
        self._wire.abort()

    def _bytes(self, event: h11.Event) -> bytes:
        return self._http.send(event) or b""

    async def _next(self, *, in_head: bool = False) -> object:
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                data = await self._wire.receive(self._read_s)
                if not data and (in_head or self._wire.error is not None):
                    raise BrokenOff(f"the connection ended: {self._wire.error or 'closed by the far side'}")
                self._http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise BrokenOff(f"what came is no HTTP: {error}") from error
        return event
