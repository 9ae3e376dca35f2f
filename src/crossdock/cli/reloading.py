"""Lets the processes of a hub that runs know that what they work by has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock import Queue


def ask_to_reload(queue: Queue) -> int:
    """Ask every process that works by a configuration to read it again between two messages; return how many do.

    Nobody is waited for; ``crossdock reload`` does that.
    """
    from crossdock.app.worker import ask_for_reload, processes_of

    running = len(processes_of(queue))
    if running:
        ask_for_reload(queue)
    return running
