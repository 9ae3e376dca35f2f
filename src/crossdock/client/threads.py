"""What the client for threads is made of, in the words of ``tasks``."""

from __future__ import annotations

import os
import socket
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from crossdock.client.address import Address
from crossdock.readable import is_readable

_MOST_AT_ONCE: Final = 256 * 1024

Ending = weakref.finalize
"""Ends something once: when it is called, or when its owner or the process ends."""


class Pauses:
    """Waits; all of it is over at once, and for good, when that is said."""

    def __init__(self) -> None:
        self._end = threading.Event()

    @property
    def are_over(self) -> bool:
        """Whether it was said."""
        return self._end.is_set()

    def wait(self, seconds: float) -> None:
        """Wait so long at most."""
        self._end.wait(seconds)

    def end(self) -> None:
        """Let nobody wait any more."""
        self._end.set()


def whereabouts() -> int:
    """Return what connections belong to: after a fork those made before are the parent's."""
    return os.getpid()


def connect(address: Address, within_s: float) -> Wire:
    """Return a connection that is open.

    Raises:
        OSError: There is none.
    """
    sock = socket.create_connection((address.host, address.port), within_s)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.tls is not None:
            sock = address.tls.wrap_socket(sock, server_hostname=address.host)
    except BaseException:
        sock.close()
        raise
    return Wire(sock)


class Wire:
    """The bytes of one connection, in and out.

    Args:
        sock: Is connected.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def send(self, data: bytes) -> None:
        """Send bytes; if they cannot go, what has come meanwhile can still be read, and its end tells."""
        with suppress(ConnectionError):
            self._sock.sendall(data)

    def receive(self, within_s: float) -> bytes:
        """Return what has come, at least a byte; nothing: the connection has ended.

        Raises:
            OSError: Nothing has come in time, or it broke.
        """
        self._sock.settimeout(within_s)
        return self._sock.recv(_MOST_AT_ONCE)

    def stays_quiet(self) -> bool:
        """Tell whether it is there, and nothing has come over it unasked, its end for example."""
        return not is_readable(self._sock)

    def abort(self) -> None:
        """End it at once."""
        self._sock.close()

    def interrupt(self) -> None:
        """Let another thread that waits for bytes know that none come; that one closes it."""
        with suppress(OSError):  # the far side was faster
            socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # of TLS nothing is said: it is being read


class Repeating:
    """Does something again and again, in a thread of its own.

    Args:
        act: Is done; what it raises ends it.
        every: So long after the last time.
    """

    def __init__(self, act: Callable[[], None], every: timedelta) -> None:
        self._act = act
        self._every_s = every.total_seconds()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crossdock-leases", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Do it no more; what is being done is done to its end."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(self._every_s):
            self._act()
