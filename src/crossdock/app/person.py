"""Who runs a command: what is done with it is told under the name by which the operating system knows that person."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.synchronous.queue import Queue


def for_person(queue: Queue) -> Queue:
    """Return this queue, open as long as it is; but what is written through it is the doing of who runs the command."""
    return queue._acting_as(person())


def person() -> str:
    """Return what the audit log calls who runs the command; no variable can say it otherwise."""
    try:
        from pwd import getpwuid  # noqa: PLC0415 - Windows has none
    except ImportError:
        from getpass import getuser  # noqa: PLC0415 - needed there alone

        return f"cli:{getuser()}"
    number = os.geteuid()
    try:
        return f"cli:{getpwuid(number).pw_name}"
    except KeyError:  # as in a container that was given any number
        return f"cli:{number}"
