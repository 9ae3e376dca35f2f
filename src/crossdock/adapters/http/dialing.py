"""Connects to a host: it is looked up once, every address is checked, and a checked one is what is connected to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv6Address
from typing import Any, TypeAlias

from crossdock.adapters.http.addresses import Allowed
from crossdock.adapters.http.target import Target
from crossdock.addresses import bare, special
from crossdock.domain.errors import NotConnected
from crossdock.wire import Wire

Found: TypeAlias = tuple[int, tuple[Any, ...]]
"""A family, and an address of it as sockets know it."""
Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Found]]]


class AddressRefused(Exception):
    """The host has an address that may not be reached."""


async def look_up(host: str, port: int) -> Sequence[Found]:
    """Return the addresses of a host, as the system knows them.

    Raises:
        OSError: It has none, or nobody can tell now.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


class Dialer:
    """Makes connections to one target.

    Args:
        target: Where to.
        allowed: What may be reached besides the open network.
        tls: Checks its certificate; None: it is reached without TLS.
        within_s: So long looking up and connecting may take together.
        resolve: Looks hosts up.
    """

    def __init__(
        self,
        target: Target,
        allowed: Allowed,
        *,
        tls: ssl.SSLContext | None,
        within_s: float,
        resolve: Resolve = look_up,
    ) -> None:
        self._target = target
        self._allowed = allowed
        self._tls = tls
        self._within_s = within_s
        self._resolve = resolve

    async def dial(self) -> Wire:
        """Connect.

        Raises:
            NotConnected: Nobody is there, or not who should be.
            AddressRefused: The host has an address that may not be reached; nothing was connected to.
        """
        shown = f"{self._target.host} port {self._target.port}"
        limit = asyncio.timeout(self._within_s)
        try:
            async with limit:
                return await self._connect(await self._checked())
        except TimeoutError as error:
            late = f"not done within {self._within_s:g} s (connect)"
            words = late if limit.expired() else str(error) or "no answer in time"
            raise NotConnected(f"cannot connect to {shown}: {words}") from error
        except ssl.SSLCertVerificationError as error:
            raise NotConnected(
                f"cannot connect to {shown}: its certificate is not to be trusted: {error.verify_message}"
            ) from error
        except OSError as error:
            raise NotConnected(f"cannot connect to {shown}: {error.strerror or error}") from error

    async def _checked(self) -> Sequence[Found]:
        found = await self._found()
        if not found:
            raise OSError("it has no address")
        for _, address in found:
            self._check(str(address[0]))
        return found

    async def _found(self) -> Sequence[Found]:
        address, port = self._target.address, self._target.port
        if address is None:
            return await self._resolve(self._target.host, port)
        if isinstance(address, IPv6Address):
            return [(socket.AF_INET6, (str(address), port, 0, 0))]
        return [(socket.AF_INET, (str(address), port))]

    def _check(self, text: str) -> None:
        target = self._target
        address = bare(text)
        if self._allowed.names(target.host, address):
            return
        if what := special(address):
            raise AddressRefused(
                f"{target.host} has the address {address}, which is {what}; it is reached only if allow names it"
            )
        if not target.tls:
            raise AddressRefused(
                f"{target.host} has the address {address}, and without TLS only what allow names is reached"
            )

    async def _connect(self, found: Sequence[Found]) -> Wire:
        """Connect to the first that can be; each has its share of the time that is left."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self._within_s
        failed: OSError = OSError("it has no address")
        for place, (family, address) in enumerate(found):
            share_s = max(0.0, ends - loop.time()) / (len(found) - place)
            try:
                async with asyncio.timeout(share_s):
                    return await self._connect_to(family, address)
            except OSError as error:
                failed = error if str(error) else TimeoutError(f"{address[0]} does not answer")
        raise failed

    async def _connect_to(self, family: int, address: tuple[Any, ...]) -> Wire:
        loop = asyncio.get_running_loop()
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)  # noqa: FBT003 - as sockets have it
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(sock, address)
        except BaseException:
            sock.close()
            raise
        name = None if self._tls is None else self._target.host.rstrip(".")
        _, wire = await loop.create_connection(Wire, sock=sock, ssl=self._tls, server_hostname=name)
        return wire
