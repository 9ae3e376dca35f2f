"""Posts messages: the adapter itself."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from crossdock.adapters.http.connection import BrokenOff, Connection, Head, Request, TooLarge
from crossdock.adapters.http.connections import Connections
from crossdock.adapters.http.dialing import AddressRefused, Dialer, Resolve, look_up
from crossdock.adapters.http.replies import MOST_WORDS, Replies
from crossdock.adapters.http.requests import Requests
from crossdock.domain.errors import ConfigError, NotConnected, PermanentError, TransientError
from crossdock.ports.outbound import Batch, Handover, OutboundCapabilities, Reply

if TYPE_CHECKING:
    from crossdock.adapters.http.settings import HttpOutbound
    from crossdock.ports.surroundings import Surroundings

_WORDS_WITHIN_S: Final = 1.0
_COMES_AGAIN: Final = "whether the message arrived is unknown, and it comes again with the same webhook-id"


class PostOutbound:
    """Posts each message; what is answered says what becomes of it.

    Args:
        settings: Where to, and how.
        around: Where it works.
        resolve: Looks hosts up.

    Raises:
        ConfigError: A secret, or the file of the authorities, is not there or cannot be used.
    """

    def __init__(self, settings: HttpOutbound, around: Surroundings, resolve: Resolve = look_up) -> None:
        self._settings = settings
        self._now = around.now
        self._url = settings.target.shown
        self._requests = Requests(settings, around.folder)
        dialer = Dialer(
            settings.target,
            settings.allowed,
            tls=_tls(settings, around),
            within_s=settings.connect.total_seconds(),
            resolve=resolve,
        )
        self._connections = Connections(dialer, read_s=settings.read.total_seconds())
        self._replies = Replies(
            app=around.app,
            url=self._url,
            answers=settings.answer == "json",
            max_wait=settings.max_wait,
            now=around.now,
            hide=self._requests.without_secrets,
        )

    @property
    def capabilities(self) -> OutboundCapabilities:
        """It answers, unless its answers are ignored."""
        return OutboundCapabilities(answers=self._settings.answer == "json")

    async def connect(self) -> None:
        """Make the first connection.

        Raises:
            NotConnected: Nobody is there, or not who should be.
            ConfigError: A secret is not there, or the host has an address that may not be reached.
        """
        self._requests.check()
        try:
            await self._connections.renew()
        except AddressRefused as error:
            raise ConfigError(str(error)) from error

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        """Post one message."""
        return [await self._deliver(handover) for handover in batch.handovers]

    async def close(self) -> None:
        """End the connections."""
        self._connections.close()

    async def _deliver(self, handover: Handover) -> Reply:
        try:
            request = self._requests.of(handover.message, self._now())
            connection = await self._connections.take()
        except (ConfigError, AddressRefused) as error:
            raise NotConnected(str(error)) from error  # connecting again tells a person what is wrong
        try:
            head, body = await self._ask(connection, request)
        finally:
            self._connections.give_back(connection)
        return self._replies.of(head, body)

    async def _ask(self, connection: Connection, request: Request) -> tuple[Head, bytes]:
        """Return the answer.

        Raises:
            TransientError: None came, or not all of it; nobody knows whether the request arrived.
            PermanentError: The answer is too large.
        """
        total_s = self._settings.total.total_seconds()
        limit = asyncio.timeout(total_s)
        try:
            async with limit:
                head = await connection.ask(request)
                if self._replies.needs_body(head):
                    return head, await connection.body(self._settings.max_answer)
        except BrokenOff as error:
            raise TransientError(f"{self._url}: {error}; {_COMES_AGAIN}") from error
        except TimeoutError as error:
            name, waited_s = (
                ("total", total_s) if limit.expired() else ("read", self._settings.read.total_seconds())
            )
            raise TransientError(
                f"{self._url}: no answer within {waited_s:g} s ({name}); {_COMES_AGAIN}"
            ) from error
        except TooLarge as error:
            raise PermanentError(
                f"{self._url} took the message; its answer is larger than max_answer, "
                f"{self._settings.max_answer} bytes"
            ) from error
        return head, await _words(connection)


async def _words(connection: Connection) -> bytes:
    """Return the beginning of a body that only people read, if it comes soon."""
    try:
        async with asyncio.timeout(_WORDS_WITHIN_S):
            return await connection.body(MOST_WORDS)
    except TooLarge as error:
        return error.read
    except (BrokenOff, TimeoutError):
        return b""


def _tls(settings: HttpOutbound, around: Surroundings) -> ssl.SSLContext | None:
    if not settings.target.tls:
        return None
    if settings.ca is None:
        return ssl.create_default_context()
    path = around.folder / settings.ca
    try:
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ConfigError(f"ca: {path} cannot be used: {error.strerror or error}") from error
