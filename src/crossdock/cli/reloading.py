"""Lets the processes of a hub that runs know that what they work by has changed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

    from crossdock import Queue

_LOOK_EVERY_S: Final = 0.1


def ask_to_reload(queue: Queue) -> int:
    """Ask every process that works by a configuration to read it again between two messages; return how many do.

    Nobody is waited for; ``crossdock reload`` does that.
    """
    from crossdock.app.worker import ask_for_reload, processes_of

    running = len(processes_of(queue))
    if running:
        ask_for_reload(queue)
    return running


def await_all(queue: Queue, generation: int, wait: timedelta) -> None:
    """Wait until every process has applied a generation, but not longer than that."""
    from crossdock.app.worker import lagging

    deadline = time.monotonic() + wait.total_seconds()
    while lagging(queue, generation) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
