"""A fork waits until no other thread is inside SQLite, and leaves the child no lock of ours that nobody will release.

The library has locks of its own, one around every allocation among them. A child inherits a locked one of a thread
that it does not have, and would wait for it for ever. Source: POSIX, fork().
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from threading import get_ident
from typing import Final

_PATIENCE_S: Final = 5.0
"""A thread that waits for a disk or for another program's lock is inside, too; who forks does not wait for ever."""
_POLL_S: Final = 0.0002


class _Section:
    """The parts of the code that no fork may cut in two; a thread may enter one inside another."""

    def __init__(self) -> None:
        self._depths: dict[int, int] = {}
        self._forker: int | None = None
        self._gate = threading.Lock()

    def renew(self) -> None:
        """Begin anew, in a forked child: the other threads are not there, and who forked while inside is so still."""
        thread = get_ident()
        self._depths = {thread: self._depths[thread]} if thread in self._depths else {}
        self._forker = None
        self._gate = threading.Lock()

    def __enter__(self) -> None:
        thread = get_ident()
        depths = self._depths
        depths[thread] = depths.get(thread, 0) + 1
        if self._forker is not None:
            self._give_way(thread)

    def __exit__(self, *_: object) -> None:
        thread = get_ident()
        depths = self._depths
        depth = depths[thread] - 1
        if depth:
            depths[thread] = depth
        else:
            del depths[thread]

    def _give_way(self, thread: int) -> None:
        while self._forker not in {None, thread} and self._depths[thread] == 1:
            del self._depths[thread]
            with self._gate:
                pass
            self._depths[thread] = 1

    def stop_others(self) -> None:
        """Wait until no other thread is inside, and let none in."""
        self._gate.acquire()
        self._forker = get_ident()
        deadline = time.monotonic() + _PATIENCE_S
        while self._depths.keys() - {self._forker} and time.monotonic() < deadline:
            time.sleep(_POLL_S)

    def let_in(self) -> None:
        """Let the others go on."""
        self._forker = None
        self._gate.release()


uninterrupted_by_fork: Final = _Section()
"""Around every use of SQLite, and where a descriptor is opened that a child must close."""

_mutexes: weakref.WeakSet[Mutex] = weakref.WeakSet()


class Mutex:
    """A lock that is free in a forked child: whoever else held it is not there.

    What it guards must bear to be left half done.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held = self._lock
        _mutexes.add(self)

    def renew(self) -> None:
        """Begin anew, in a forked child."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        lock = self._lock
        lock.acquire()
        self._held = lock  # which is the parent's to the end, if this thread forks meanwhile

    def __exit__(self, *_: object) -> None:
        self._held.release()


def _renew_in_child() -> None:
    uninterrupted_by_fork.renew()
    for mutex in list(_mutexes):
        mutex.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=uninterrupted_by_fork.stop_others,
        after_in_parent=uninterrupted_by_fork.let_in,
        after_in_child=_renew_in_child,
    )
