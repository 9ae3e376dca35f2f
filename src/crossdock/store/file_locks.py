"""Advisory locks on files (flock): the kernel releases them at death, whatever the process was doing."""

from __future__ import annotations

import os
import random
import time
import weakref
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreUnavailable

try:
    import fcntl
except ImportError:  # not a POSIX system: there SQLite's own lock and the leases must do
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

_FIRST_PAUSE_S: Final = 0.00005
_LONGEST_PAUSE_S: Final = 0.001

_open_locks: weakref.WeakSet[LockFile] = weakref.WeakSet()


class LockFile:
    """An open file that can be locked; a forked child lets go of it without releasing the parent's lock."""

    def __init__(self, path: Path | str, *, create: bool = True) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        self.fd = os.open(path, flags, 0o600)
        _open_locks.add(self)

    def try_lock(self) -> bool:
        """Lock it if nobody holds it."""
        if fcntl is None:
            return True
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(self) -> None:
        """Release the lock."""
        if fcntl is not None:
            fcntl.flock(self.fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file, which releases the lock; safe to call twice."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)


class WriteLock:
    """The turn to write, across processes.

    SQLite's own waiting sleeps up to 0.1 s between tries, so that a lock that is free for microseconds at a time
    starves those who have waited longest. This lock is tried often and at random, which gives everyone a turn
    soon; and it can give up, which a blocking flock cannot.
    """

    def __init__(self, path: Path, timeout: timedelta) -> None:
        self._file = LockFile(path)
        self._timeout_s = timeout.total_seconds()
        self._path = path

    def acquire(self) -> None:
        """Wait for the turn.

        Raises:
            StoreUnavailable: It did not come in time.
        """
        if not self._file.try_lock():
            self._wait()

    def release(self) -> None:
        """Give the turn up."""
        self._file.unlock()

    def close(self) -> None:
        """Close the lock file; safe to call twice."""
        self._file.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + self._timeout_s
        pause = _FIRST_PAUSE_S
        while not self._file.try_lock():
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"waited {self._timeout_s:g} s for the turn to write ({self._path}); nothing was changed. "
                    f"Another process of the store holds it: is one stopped, or in a long transaction()?"
                )
            time.sleep(pause * random.random())  # noqa: S311 - spreads the tries, no secret
            pause = min(pause * 1.5, _LONGEST_PAUSE_S)


def _let_go_after_fork() -> None:
    for lock in list(_open_locks):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_fork)
