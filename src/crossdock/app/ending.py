"""The end of a process whose handlers do not let its work end: what it holds is handed back first."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from crossdock.app.running import Running
    from crossdock.queue_core import QueueCore

TERMINATED: Final = 143
"""The exit code of a process that SIGTERM has ended."""
TO_GIVE_BACK_S: Final = 1.0
"""So long it may take at most to hand back what is unfinished."""
_OF_IT: Final = 0.8
"""So much of that it may take at most: to end the process takes a moment, too."""
_LAST_SIGNAL: Final = 3
"""The first asks, the second insists."""


class Ending:
    """Ends the process, nothing spent of what it held.

    The loop cannot do so while a handler blocks it, so a thread does: it hands everything back first. Another ends the
    process if the store takes too long for that, or the end of the work does.

    Args:
        queue: Whose messages are handed back.
        left_s: How long that may take, in seconds.
    """

    def __init__(self, queue: QueueCore, left_s: float = TO_GIVE_BACK_S) -> None:
        self._queue = queue
        self._left_s = left_s

    def begin(self, delay_s: float = 0.0) -> None:
        """End the process after so long. May be called from a signal handler, and again."""
        _after(delay_s, self._end)
        _after(delay_s + self._left_s * _OF_IT, self._break_off)

    def _end(self) -> None:
        with suppress(Exception):  # whatever is wrong with the store, the leases decide then
            self._queue._housekeeper.flush()
            self._queue._gateway.hand_back_all()
        os._exit(TERMINATED)

    def _break_off(self) -> None:
        """End with the hands full; whoever takes it back then counts no crash."""
        with suppress(Exception):
            peers = self._queue._store.peers
            if peers is not None:
                peers.give_up(os.getpid())
        os._exit(TERMINATED)


class Deadline:
    """The wish to stop; when the time to drain is over, so is the process.

    Args:
        queue: Whose messages are handed back.
        drain: How long the end may take.
    """

    def __init__(self, queue: QueueCore, drain: timedelta) -> None:
        left_s = min(TO_GIVE_BACK_S, drain.total_seconds() / 10)
        self._ending = Ending(queue, left_s)
        self._drain_s = drain.total_seconds() - left_s
        self._wanted = False

    def is_set(self) -> bool:
        """Tell whether to stop."""
        return self._wanted

    def set(self) -> None:
        """Stop; called again, at once. May be called from a signal handler."""
        begin_s = 0.0 if self._wanted else self._drain_s
        self._wanted = True
        self._ending.begin(begin_s)


class Urgency:
    """Signals to a run in a program of somebody else: each is more urgent than the one before.

    Args:
        running: The first lets what is in work end, the second hands it back.
        queue: The third ends the process: a handler blocks it, or goes on though it was cancelled.
    """

    def __init__(self, running: Running, queue: QueueCore) -> None:
        self._running = running
        self._ending = Ending(queue)
        self._told = 0

    def rise(self) -> None:
        """Note another signal. May be called from a signal handler."""
        self._told += 1
        self._running.stop()
        if self._told >= _LAST_SIGNAL:
            self._ending.begin()


def _after(delay_s: float, act: Callable[[], object]) -> None:
    timer = threading.Timer(delay_s, act)
    timer.daemon = True
    timer.start()
