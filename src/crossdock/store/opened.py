"""A store that is open in one process: opened anew in a forked child, closed once, on either kind of database."""

from __future__ import annotations

import ctypes
import os
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from crossdock.domain.errors import StoreError, StoreUnavailable
from crossdock.domain.events import StoreOpened
from crossdock.store.forking import Mutex

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossdock.ports.clock import Clock
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Ear
    from crossdock.store.settings import StoreSettings


class Ears(Protocol):
    """Wakes who sleeps, and lets sleep."""

    def listen(self, app: str) -> Ear:
        """Return a new ear for one app."""


class Opened(Protocol):
    """What of a store belongs to one process."""

    who: str

    @property
    def waker(self) -> Ears:
        """Who lets consumers sleep until there is something."""

    def close(self) -> None:
        """Close all connections; safe to call twice."""

    def abandoned(self) -> list[Any]:
        """Return the connections, for a forked child to leave alone for ever."""


class Place(Protocol):
    """Where a store is."""

    @property
    def folder(self) -> Path:
        """The folder of the store on this host."""


OpenT = TypeVar("OpenT", bound=Opened)
PlaceT = TypeVar("PlaceT", bound=Place)


class OpenedStore(ABC, Generic[PlaceT, OpenT]):
    """What both stores do alike.

    Args:
        location: Where the store is.
        settings: How to open it.
        name: What this process is called.
        clock: Tells the time for everything that is stored.
        notice: Is told what a person should know.
    """

    _open: OpenT
    _pid: int

    def __init__(
        self, location: PlaceT, settings: StoreSettings, *, name: str, clock: Clock, notice: Notice
    ) -> None:
        self._began = time.monotonic()
        self.location = location
        self._settings = settings
        self._name = name
        self._clock = clock
        self._notice = notice
        self.adapters: dict[str, str] = {}
        self._mutex = Mutex()
        self._closed = False
        self.on_reopen: Callable[[], None] = _nothing
        """Called in a forked child, after the store was opened anew there."""

    @property
    def closed(self) -> bool:
        """Whether the store was closed."""
        return self._closed

    @property
    def owner(self) -> str:
        """This process's name and boot id (and host, where there are several), as it stands in ``lease_owner``."""
        return self.open_store.who

    @property
    def open_store(self) -> OpenT:
        """What is open in this process; made anew in a forked child."""
        if self._closed:
            raise StoreError(f"the queue on {self.location} is closed; open it again to go on")
        if os.getpid() != self._pid:
            self._reopen_after_fork()
        return self._open

    def listen(self, app: str) -> Ear:
        """Return a new ear for one app."""
        try:
            return self.open_store.waker.listen(app)
        except OSError as error:
            raise StoreUnavailable(
                f"{self.location.folder} cannot be used: {error}. It belongs to the store: stop all programs of this "
                f"host that use the store, and start them again"
            ) from error

    def close(self) -> None:
        """Close everything; safe to call twice."""
        with self._mutex:
            closed, self._closed = self._closed, True
            if not closed and os.getpid() == self._pid:
                self._release()

    @abstractmethod
    def _make_open(self) -> OpenT:
        """Open the store for this process."""

    @abstractmethod
    def _set_up(self, opened: OpenT) -> None:
        """Make the tables if there are none, and whatever else comes before the first use."""

    def _open_first(self) -> None:
        """Open the store and set it up; what fails on the way leaves nothing open."""
        self._open = self._make_open()
        self._pid = os.getpid()
        try:
            self._set_up(self._open)
        except BaseException:
            self._open.close()
            raise

    def _tell_opened(self) -> None:
        duration_s = time.monotonic() - self._began
        self._notice(StoreOpened(store=str(self.location), owner=self.owner, duration_s=duration_s))

    def _reopen_after_fork(self) -> None:
        with self._mutex:
            if os.getpid() == self._pid:
                return
            self._reopen()
        self.on_reopen()

    def _reopen(self) -> None:
        """Open the store in a forked child; the connections of the parent stay as they are."""
        self._abandon()
        self._open = self._make_open()
        self._pid = os.getpid()

    def _abandon(self) -> None:
        for connection in self._open.abandoned():
            # SQLite forbids to use or close a connection in a child, and closing one to a server would end the
            # parent's session; a reference for ever keeps it untouched.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))

    def _release(self) -> None:
        self._open.close()


def _nothing() -> None:
    pass
