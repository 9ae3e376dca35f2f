"""The connections to one target: one that rests is used again, another is made when none does."""

from __future__ import annotations

import time
from typing import Final

from crossdock.adapters.http.connection import Connection
from crossdock.adapters.http.dialing import Dialer

REST_S: Final = 4.0
"""Many servers close what rests for five seconds; a request that meets such a close is lost on the way."""


class Connections:
    """Gives out connections, each to one request at a time; there are as many as there are requests.

    Args:
        dialer: Makes them.
        read_s: How long the far side may say nothing.
    """

    def __init__(self, dialer: Dialer, *, read_s: float) -> None:
        self._dialer = dialer
        self._read_s = read_s
        self._resting: list[Connection] = []
        self._closed = False

    async def renew(self) -> None:
        """Let go what rests, and make one anew; raises what dialling raises."""
        self._let_go()
        self._closed = False
        self._resting.append(await self._made())

    async def take(self) -> Connection:
        """Return a connection that nobody else has; raises what dialling raises."""
        while self._resting:
            connection = self._resting.pop()  # the one that has rested least
            try:
                if time.monotonic() - connection.idle_since < REST_S and await connection.is_usable():
                    return connection
            except BaseException:
                connection.abort()
                raise
            connection.abort()
        return await self._made()

    def give_back(self, connection: Connection) -> None:
        """Let a connection rest; end it if it cannot take another request."""
        if not self._closed and connection.rest():
            self._resting.append(connection)
        else:
            connection.abort()

    def close(self) -> None:
        """End all that rest, and those that are given back from now on."""
        self._closed = True
        self._let_go()

    async def _made(self) -> Connection:
        return Connection(await self._dialer.dial(), read_s=self._read_s)

    def _let_go(self) -> None:
        while self._resting:
            self._resting.pop().abort()
