"""How much of what a connection was given its client has still to take."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if sys.platform == "linux":
    import fcntl
    import termios

if TYPE_CHECKING:
    from asyncio import WriteTransport


def unsent_bytes(transport: WriteTransport) -> int:
    """Return how many bytes wait here, and, where the system tells, in its own buffer for the client to confirm them.

    That buffer asks for more only when a good part of it is empty, which takes a slow client long.
    Source: tcp(7), SIOCOUTQ.
    """
    unsent = transport.get_write_buffer_size()
    sock = transport.get_extra_info("socket")
    if sys.platform == "linux" and sock is not None:
        with suppress(OSError, ValueError):  # it is closed
            found = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
            unsent += int.from_bytes(found, sys.byteorder)
    return unsent
