"""Whether something has come over a socket, without taking it."""

from __future__ import annotations

import select
from typing import Protocol


class Descriptor(Protocol):
    """What stands for an open socket."""

    def fileno(self) -> int:
        """Return its number."""


def is_readable(sock: Descriptor) -> bool:
    """Tell whether there is something to take: bytes, an end, or, where it listens, somebody who has connected."""
    if hasattr(select, "poll"):  # select itself takes no descriptor over 1023
        poll = select.poll()
        poll.register(sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([sock], [], [], 0)[0])
