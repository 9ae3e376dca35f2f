"""Waking a sleeping consumer of any process: one datagram to its socket in ``<store>.d/wake``.

Who sleeps stands in a map of bytes that all processes share, ``<store>.d/asleep``: a sender wakes one sleeper of the
app, unless a consumer of it is about to look anyway, and a consumer that found as much as it asked for wakes the
next. All this is only a hint; consumers also look every quarter of a second, so a wake that goes astray costs no more.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import select
import socket
import threading
import time
import weakref
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreError
from crossdock.durable_files import FOLDER_MODE
from crossdock.store.file_locks import shared_bytes

if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterable
    from pathlib import Path

_HEADER: Final = 8
"""Bytes of the map that change whenever a consumer begins to listen: so a sender knows that its list is old."""
_SLOTS: Final = 4096
_BUSY: Final = 0
_ASLEEP: Final = 1
_LOOKING: Final = 2
"""The first of the values that say until when a consumer is sure to look: one for each tick, over and over."""
_TICKS: Final = 256 - _LOOKING
_TICK_S: Final = 0.016
_FARTHEST_TICK: Final = 16
_PROC_FD: Final = "/proc/self/fd"

_sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()


def _tick() -> int:
    return int(time.monotonic() / _TICK_S)


def _looks_soon(state: int) -> bool:
    """Tell whether a consumer is sure to look soon; one who was killed or stopped on the way is not, after a while."""
    return state >= _LOOKING and (state - _LOOKING - _tick()) % _TICKS <= _FARTHEST_TICK


@lru_cache(maxsize=4096)
def _digest(app: str) -> str:
    return hashlib.sha256(app.encode()).hexdigest()[:16]


class Ear:
    """One consumer's socket; it hears when something of its app may have become ready."""

    def __init__(self, address: str, path: Path, asleep: mmap.mmap, slot: int) -> None:
        self._path = path
        self._asleep = asleep
        self._slot = slot
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's signature
        try:
            self._socket.bind(address)
        except OSError:
            self._socket.close()
            raise
        self._heard: asyncio.Event | None = None
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        _sockets.add(self._socket)

    def listen(self) -> None:
        """Forget all that was heard and count as asleep; to be called before looking for messages, never after."""
        self._flag(_ASLEEP)
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(16)

    def rest(self) -> None:
        """Count as busy: wake others instead."""
        self._flag(_BUSY)

    def announce(self, within_s: float) -> None:
        """Count as sure to look within so many seconds (a quarter at most): nobody needs to be woken until then."""
        self._flag(_LOOKING + (_tick() + 1 + int(within_s / _TICK_S)) % _TICKS)

    def _flag(self, state: int) -> None:
        with suppress(ValueError):  # the store was closed meanwhile, and its map with it
            self._asleep[self._slot] = state

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is heard; False: nothing was, for so many seconds."""
        return bool(self._poll.poll(max(0.0, timeout_s) * 1000))

    async def wait_async(self, timeout_s: float) -> bool:
        """Do the same without blocking the event loop."""
        loop = asyncio.get_running_loop()
        heard = self._heard = asyncio.Event()
        loop.add_reader(self._socket, heard.set)
        try:
            await asyncio.wait_for(heard.wait(), max(0.0, timeout_s))
        except TimeoutError:
            return False
        finally:
            self._heard = None
            loop.remove_reader(self._socket)
        return True

    def tell(self) -> None:
        """Let who waits with it in this event loop hear something."""
        if self._heard is not None:
            self._heard.set()

    def close(self) -> None:
        """Stop listening; safe to call twice."""
        self.rest()
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self._socket.close()


class MemoryEar:
    """Hears the senders of a store in memory, which are all in this process."""

    def __init__(self) -> None:
        self._heard = threading.Event()

    def tell(self) -> None:
        """Be heard."""
        self._heard.set()

    def listen(self) -> None:
        """Forget all that was heard."""
        self._heard.clear()

    def rest(self) -> None:
        """Nothing to do: all are woken."""

    def announce(self, within_s: float) -> None:
        """Nothing to do: all are woken."""

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is heard."""
        return self._heard.wait(max(0.0, timeout_s))

    async def wait_async(self, timeout_s: float) -> bool:
        """Do the same without blocking the event loop."""
        return await asyncio.to_thread(self.wait, timeout_s)

    def close(self) -> None:
        """Stop listening."""


class MemoryWaker:
    """Wakes the consumers of a store in memory."""

    def __init__(self) -> None:
        self._ears: weakref.WeakSet[MemoryEar] = weakref.WeakSet()

    def listen(self, app: str) -> MemoryEar:  # noqa: ARG002 - few enough to wake them all
        """Return a new ear."""
        ear = MemoryEar()
        self._ears.add(ear)
        return ear

    def wake(self, apps: Iterable[str]) -> None:  # noqa: ARG002 - few enough to wake them all
        """Tell every consumer to look."""
        for ear in list(self._ears):
            ear.tell()

    def close(self) -> None:
        """Nothing to release."""


class Waker:
    """Finds the sockets of sleeping consumers, and makes those of our own."""

    def __init__(self, folder: Path, boot_id: str) -> None:
        folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        self._folder = folder
        self._boot_id = boot_id
        self._count = 0
        self._lock = threading.Lock()
        self._fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's signature
        _sockets.add(self._socket)
        self._asleep = shared_bytes(folder.with_name("asleep"), _SLOTS)
        self._by_digest: dict[str, list[tuple[str, int]]] = {}
        self._seen = b""

    def listen(self, app: str) -> Ear:
        """Return a new ear for one app.

        Raises:
            StoreError: The waker is closed, perhaps in this very moment by another thread.
        """
        with self._lock:
            if self._fd < 0:
                raise StoreError("the queue is closed; open it again to go on")
            self._count += 1
            slot = random.randrange(_HEADER, _SLOTS)  # noqa: S311 - two ears in one slot only share their luck
            name = f"{_digest(app)}.{slot}.{self._boot_id}-{self._count}"
            ear = Ear(self._address(name), self._folder / name, self._asleep, slot)
            self._asleep[:_HEADER] = os.urandom(_HEADER)  # only now: who saw this finds the socket
            return ear

    def knows(self, app: str) -> bool:
        """Tell whether any process of this host has an ear for an app."""
        return _digest(app) in self._by_digest

    def wake(self, apps: Iterable[str]) -> None:
        """Tell one sleeping consumer of each of these apps, in whatever process, to look."""
        self._look()
        if not self._by_digest:
            return
        for app in apps:
            ears = [(name, slot, self._asleep[slot]) for name, slot in self._by_digest.get(_digest(app), ())]
            if not any(_looks_soon(state) for _, _, state in ears):
                self._wake_one([(name, slot) for name, slot, state in ears if state == _ASLEEP])

    def _wake_one(self, sleepers: list[tuple[str, int]]) -> None:
        while sleepers:
            name, slot = sleepers.pop(random.randrange(len(sleepers)))  # noqa: S311 - any one will do
            self._asleep[slot] = _BUSY  # the next sender wakes another
            if self._tell(name):
                return
            self._seen = b""  # list the folder anew: one of it died

    def close(self) -> None:
        """Release the descriptors; safe to call twice."""
        with self._lock:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)
                self._socket.close()
                self._asleep.close()

    def _address(self, name: str) -> str:
        """Return a short path: a socket's may have 107 bytes. Source: unix(7)."""
        return f"{_PROC_FD}/{self._fd}/{name}" if os.path.isdir(_PROC_FD) else str(self._folder / name)

    def _tell(self, name: str) -> bool:
        """Tell one; False: nobody is there."""
        try:
            self._socket.sendto(b"!", self._address(name))
        except BlockingIOError:
            return True  # its buffer is full of earlier calls
        except (ConnectionRefusedError, FileNotFoundError):
            (self._folder / name).unlink(missing_ok=True)  # its process died
            return False
        except OSError:
            return False
        return True

    def _look(self) -> None:
        seen = self._asleep[:_HEADER]
        if seen == self._seen:
            return
        self._by_digest.clear()
        for name in os.listdir(self._fd):
            digest, slot, _ = name.split(".", 2)
            self._by_digest.setdefault(digest, []).append((name, int(slot)))
        self._seen = seen


def _let_go_after_fork() -> None:
    for inherited in list(_sockets):
        inherited.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_after_fork)
