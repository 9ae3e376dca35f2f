"""Advisory locks on files (flock): the kernel releases them at death, whatever the process was doing."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING

from crossdock.domain.errors import StoreUnavailable

try:
    import fcntl
except ImportError:  # not a POSIX system: there SQLite's own lock and the leases must do
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path

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

    def lock(self) -> None:
        """Lock it, waiting for as long as it takes."""
        if fcntl is not None:
            fcntl.flock(self.fd, fcntl.LOCK_EX)

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
    starves those who have waited longest. Here the kernel passes the lock on. A thread of its own waits for it, since
    only so the caller can give up after a time.
    """

    def __init__(self, path: Path, timeout: timedelta) -> None:
        self._file = LockFile(path)
        self._timeout_s = timeout.total_seconds()
        self._path = path
        self._wanted = _closed_gate()
        self._got = _closed_gate()
        self._mutex = threading.Lock()
        self._waiting = False
        self._given_up = False
        self._thread: threading.Thread | None = None
        self._closed = False

    def acquire(self) -> None:
        """Wait for the turn; one thread at a time may.

        Raises:
            StoreUnavailable: It did not come in time.
        """
        if self._waiting or not self._file.try_lock():
            self._wait()

    def release(self) -> None:
        """Give the turn up."""
        self._file.unlock()

    def close(self) -> None:
        """Close the lock file; safe to call twice."""
        self._closed = True
        if self._thread is None or not self._waiting:
            self._file.close()
        if self._thread is not None and self._wanted.locked():
            self._wanted.release()

    def _wait(self) -> None:
        with self._mutex:
            if self._waiting:  # the thread still waits for one who gave up: this turn is ours
                self._given_up = False
            else:
                self._waiting, self._given_up = True, False
                self._start()
                self._wanted.release()
        try:
            got = self._got.acquire(timeout=self._timeout_s)
        except BaseException:  # Ctrl-C: the turn must not be kept by one who left
            if self._give_up():
                self.release()
            raise
        if not got and not self._give_up():
            raise StoreUnavailable(
                f"waited {self._timeout_s:g} s for the turn to write ({self._path}); nothing was changed. "
                f"Another process of the store holds it: is one stopped, or in a long transaction()?"
            )

    def _give_up(self) -> bool:
        """Wait no more; True: the turn came at the last moment."""
        with self._mutex:
            self._given_up = not self._got.acquire(blocking=False)
            return not self._given_up

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="crossdock-write-lock", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.acquire()
            if self._closed:
                return
            self._file.lock()
            with self._mutex:
                self._waiting = False
                if self._given_up or self._closed:
                    self._file.unlock()
                else:
                    self._got.release()


def _closed_gate() -> threading.Lock:
    """Return a lock that one thread opens for another; three times as fast as a semaphore."""
    gate = threading.Lock()
    gate.acquire()
    return gate


def _let_go_after_fork() -> None:
    for lock in list(_open_locks):
        lock.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_fork)
