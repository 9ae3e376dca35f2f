"""The socket that the API listens on: how it is made, and how it is given up without turning anybody away."""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import ConfigError
from crossdock.readable import is_readable

if TYPE_CHECKING:
    from crossdock.config.api_table import ApiTable

_BACKLOG: Final = 2048
_LINGER_S: Final = 0.1
"""Whoever has begun to connect has done so by then."""
_LONGEST_S: Final = 1.0
_SO_ATTACH_FILTER: Final = 26
_LEAVE_OUT_SYN: Final = (
    (0x30, 0, 0, 13),  # load the byte of the flags
    (0x54, 0, 0, 0x12),  # of them SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone asks for a new connection:
    (0x06, 0, 0, 0),  # it is left out,
    (0x06, 0, 0, 0xFFFFFFFF),  # and everything else goes through
)
"""A program for the kernel's packet filter; it sees a TCP segment. Source: RFC 9293, section 3.1; socket(7)."""


def listening(host: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """Return a socket that listens, and whose connections send at once what they are given.

    An answer is sent in two parts. The second would wait until the client has acknowledged the first, which it does
    40 ms later, and asyncio cares only for sockets that were made with the number of their protocol.
    Source: tcp(7), TCP_NODELAY.

    Args:
        host: An address, or a name that has one.
        port: 0: any that is free.
        is_shared: Others who say so, too, may listen there as well; the kernel gives each its part of the connections.

    Raises:
        OSError: Nobody may listen there, or somebody else does.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG, reuse_port=is_shared)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # its connections inherit it
    return listener


def listener_of(table: ApiTable) -> socket.socket:
    """Return a socket that listens where the configuration says.

    Raises:
        ConfigError: It cannot.
    """
    try:
        return listening(table.host, table.port, is_shared=table.share_port)
    except OSError as error:
        raise ConfigError(
            f"api.host, api.port: cannot listen on {table.host}:{table.port}: {error.strerror}"
        ) from error
    except ValueError as error:
        raise ConfigError(f"api.share_port: {error}") from error


async def accept_the_last(listener: socket.socket) -> None:
    """Wait until the server of a socket has accepted everybody who has connected to it.

    A listener that is closed resets the connections that nobody has accepted yet, and a client may have sent its
    request over one. So, where the system can, from now on nobody new is let in, who tries again a second later by
    himself and comes to whoever listens then; and those who are there already are accepted.
    """
    if _let_nobody_in(listener):
        await asyncio.sleep(_LINGER_S)
    end = time.monotonic() + _LONGEST_S
    while is_readable(listener) and time.monotonic() < end:  # noqa: ASYNC110 - in each turn the loop accepts
        await asyncio.sleep(0)


def url_of(listener: socket.socket, *, tls: bool) -> str:
    """Return where the API is."""
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if tls else 'http'}://{shown}:{port}/api/v1"


def _let_nobody_in(listener: socket.socket) -> bool:
    """Tell whether the system has been made to answer nobody who wants to connect."""
    if sys.platform != "linux":
        return False
    program = b"".join(struct.pack("HBBI", *one) for one in _LEAVE_OUT_SYN)
    held = ctypes.create_string_buffer(program)
    with suppress(OSError):
        given = struct.pack("HP", len(_LEAVE_OUT_SYN), ctypes.addressof(held))
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, given)
        return True
    return False
