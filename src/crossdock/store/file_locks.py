"""Advisory locks on files (flock): the kernel releases them at death, whatever the process was doing."""

from __future__ import annotations

import mmap
import os
import sys
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreUnavailable
from crossdock.durable_files import FILE_MODE
from crossdock.store.forking import uninterrupted_by_fork

try:
    import fcntl
except ImportError:  # not a POSIX system: there SQLite's own lock and the leases must do
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta
    from pathlib import Path

_SLICE_NS: Final = 20_000_000
"""So long a process may write again and again while another waits: some sixty commits."""
_GONE_NS: Final = 250_000_000
"""Who is first in line looks every few milliseconds; if it has not done so for this long, it was stopped or killed."""
_LINE_PATIENCE_S: Final = 0.25
"""So often who waits in the line makes sure that its first is there; if not, it tries without the line."""
_IDLE_NS: Final = 150_000
"""Who has not written for so long while others wait does not write on at once: it needs the turn no more."""
_EARLY_POLL_S: Final = 0.00025
"""So often the first in line looks while others may still take the turn past it."""
_FIRST_POLL_S: Final = 0.0001
"""And so soon after that: its turn comes at the end of the next commit."""
_LAST_POLL_S: Final = 0.002
_POLL_GROWTH: Final = 1.2
_ROOM: Final = 0.25
_LONGEST_ROOM_S: Final = 0.05
_SINCE: Final = slice(0, 8)
_SEEN: Final = slice(8, 16)
_USED: Final = slice(16, 24)
_STAMPS_BYTES: Final = 24
_NOBODY: Final = bytes(8)
_TRY: Final = 0 if fcntl is None else fcntl.LOCK_EX | fcntl.LOCK_NB

_open_locks: weakref.WeakSet[LockFile] = weakref.WeakSet()


class LockFile:
    """An open file that can be locked; a forked child lets go of it without releasing the parent's lock."""

    def __init__(self, path: Path | str, *, create: bool = True) -> None:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0)
        with uninterrupted_by_fork:
            self.fd = os.open(path, flags, FILE_MODE)
            _open_locks.add(self)

    @classmethod
    def inherited(cls, fd: int) -> LockFile:
        """Return a file that another process opened, and perhaps locked, and handed to us."""
        lock = object.__new__(cls)
        lock.fd = fd
        _open_locks.add(lock)
        return lock

    def try_lock(self) -> bool:
        """Lock it if nobody holds it."""
        if fcntl is None:
            return True
        try:
            fcntl.flock(self.fd, _TRY)
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


@contextmanager
def turn(folder: Path, what: str) -> Iterator[bool]:
    """Be the only process that does ``what`` with a store on this host; False: another is at it."""
    file = LockFile(folder / f"{what}.turn")
    try:
        yield file.try_lock()
    finally:
        file.close()


class WriteLock:
    """The turn to write, across processes.

    SQLite's own waiting sleeps up to 0.1 s between tries, so that a lock that is free for microseconds at a time
    starves those who have waited longest. Passing the turn on after each commit is fair and slow: every commit then
    waits for another process to wake up. So a process may take the turn again and again for a slice of time while
    others wait; they stand in a line that the kernel keeps, and the first of it makes known since when it waits. It
    does not take the turn in the moment between two commits of another: who writes makes known when it last did.

    Args:
        path: The lock file; its first bytes say since when the first in line waits, when it was last seen to, and
            when somebody else last wrote meanwhile. The line is a file beside it.
        timeout: How long to wait at most.
    """

    def __init__(self, path: Path, timeout: timedelta) -> None:
        self._file = LockFile(path)
        self._stamps = shared_bytes(path, _STAMPS_BYTES)
        self._line = _Line(path.with_suffix(".line"))
        self._timeout_s = timeout.total_seconds()
        self._path = path
        self._since_s = 0.0
        self.leaves_room = False
        """Keep the turn, but not SQLite's lock, a quarter longer than the writing took: programs of others know
        nothing of the turn, and SQLite lets them try ten times a second."""

    def acquire(self) -> None:
        """Wait for the turn; one thread at a time may.

        Raises:
            StoreUnavailable: It did not come in time.
        """
        free = self._stamps[_SINCE] == _NOBODY or self._is_ours_to_take()
        if not (free and self._file.try_lock()):
            self._wait()
        if self.leaves_room:
            self._since_s = time.monotonic()

    def _wait(self) -> None:
        deadline = time.monotonic() + self._timeout_s
        first = self._become_first(deadline)
        try:
            if first:
                self._stamps[_SINCE] = _stamp()
            self._poll(deadline, first=first)
        finally:
            if first:
                self._stamps[_SINCE] = _NOBODY
                self._line.release()

    def _become_first(self, deadline: float) -> bool:
        """Stand in the line; False: its first is not there any more, or the time is up."""
        while (left := deadline - time.monotonic()) > 0:
            if self._line.acquire(min(left, _LINE_PATIENCE_S)):
                return True
            if self._ago_ns(_SEEN) > _GONE_NS:
                return False
        return False

    def release(self) -> None:
        """Give the turn up."""
        if self.leaves_room:
            time.sleep(min(_LONGEST_ROOM_S, _ROOM * (time.monotonic() - self._since_s)))
        if self._stamps[_SINCE] != _NOBODY:
            self._stamps[_USED] = _stamp()
        self._file.unlock()

    def close(self) -> None:
        """Close the lock files; safe to call twice."""
        self._file.close()
        self._line.close()
        self._stamps.close()

    def _is_ours_to_take(self) -> bool:
        """Tell whether the turn may be taken past those who wait; one who died or was stopped counts for nothing."""
        return self._ago_ns(_SINCE) <= _SLICE_NS or self._ago_ns(_SEEN) > _GONE_NS

    def _is_due(self) -> bool:
        """Tell whether the first in line may take the turn: it has waited long enough, or nobody uses it."""
        return self._ago_ns(_SINCE) >= _SLICE_NS or self._ago_ns(_USED) >= _IDLE_NS

    def _ago_ns(self, which: slice) -> int:
        return time.monotonic_ns() - int.from_bytes(self._stamps[which], sys.byteorder)

    def _poll(self, deadline: float, *, first: bool) -> None:
        pause_s = _FIRST_POLL_S
        while not ((not first or self._is_due()) and self._file.try_lock()):
            if first:
                self._stamps[_SEEN] = _stamp()
            if time.monotonic() >= deadline:
                raise StoreUnavailable(
                    f"waited {self._timeout_s:g} s for the turn to write ({self._path}); nothing was changed. "
                    f"Another process of the store holds it: is one stopped, or in a long transaction()?"
                )
            early_s = (_SLICE_NS - self._ago_ns(_SINCE)) / 1e9 if first else 0.0
            if early_s > 0:
                time.sleep(min(_EARLY_POLL_S, early_s))
            else:
                time.sleep(pause_s)
                pause_s = min(_LAST_POLL_S, pause_s * _POLL_GROWTH)


def _stamp() -> bytes:
    return time.monotonic_ns().to_bytes(len(_NOBODY), sys.byteorder)


class _Line:
    """A place in a line of processes. A thread of its own waits for it, since only so a caller can give up."""

    def __init__(self, path: Path) -> None:
        self._file = LockFile(path)
        self._wanted = _closed_gate()
        self._got = _closed_gate()
        self._mutex = threading.Lock()
        self._waiting = False
        self._given_up = False
        self._thread: threading.Thread | None = None
        self._closed = False

    def acquire(self, timeout_s: float) -> bool:
        """Wait to become the first; False: it took too long."""
        if not self._waiting and self._file.try_lock():
            return True
        with self._mutex:
            if self._waiting:  # the thread still waits for one who gave up: this place is ours
                self._given_up = False
            else:
                self._waiting, self._given_up = True, False
                self._start()
                self._wanted.release()
        try:
            got = self._got.acquire(timeout=timeout_s)
        except BaseException:  # Ctrl-C: the place must not be kept by one who left
            if self._give_up():
                self.release()
            raise
        return got or self._give_up()

    def release(self) -> None:
        """Let the next be first."""
        self._file.unlock()

    def close(self) -> None:
        """Close the file; safe to call twice."""
        with self._mutex:
            self._closed = True
            if not self._waiting:  # otherwise the thread may be in the middle of locking it, and closes it
                self._file.close()
            if self._thread is not None and self._wanted.locked():
                self._wanted.release()

    def _give_up(self) -> bool:
        """Wait no more; True: the place came at the last moment."""
        with self._mutex:
            self._given_up = not self._got.acquire(blocking=False)
            return not self._given_up

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="crossdock-write-line", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.acquire()
            if not self._closed:
                self._file.lock()
            with self._mutex:
                self._waiting = False
                if self._closed:
                    self._file.close()
                    return
                if self._given_up:
                    self._file.unlock()
                else:
                    self._got.release()


def shared_bytes(path: Path, size: int) -> mmap.mmap:
    """Map the first ``size`` bytes of a file, zeros at first, which all processes share; made if it is not there.

    It has a descriptor of its own: a map keeps a duplicate of its descriptor, and in a forked child a duplicate of one
    that is locked would keep the lock of a parent that has died.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        if os.fstat(fd).st_size < size:
            os.ftruncate(fd, size)
        return mmap.mmap(fd, size)
    finally:
        os.close(fd)


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
