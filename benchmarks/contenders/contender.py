"""The one interface through which every workload drives every contender."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from benchmarks.payload import Payload

Handler: TypeAlias = Callable[[Payload], None]

FULL = 2
"""What ``PRAGMA synchronous`` answers for FULL."""

BUSY_S = 30.0
"""How long peers wait for SQLite's lock: long enough that a slow send is measured, not refused."""

POLL_S = 0.1
"""How often an idle peer that cannot be woken looks for work: huey's own default."""


THREADS = "64 threads"
COROUTINES = "64 coroutines"


class NotSupportedError(Exception):
    """The contender cannot do this at all; the workload leaves it out and says so."""


class Durability(ABC):
    """What a contender's own connection answers about itself; a dataclass."""

    __slots__ = ()

    @property
    @abstractmethod
    def is_equal(self) -> bool:
        """Whether this is what all are compared at: a commit survives a power failure."""


@dataclass(frozen=True, slots=True)
class FileDurability(Durability):
    """What a connection to SQLite answers."""

    sqlite_module: str
    sqlite_version: str
    journal_mode: str
    synchronous: int

    @property
    def is_equal(self) -> bool:
        """Whether this is what all are compared at: WAL with ``synchronous=FULL``."""
        return self.journal_mode == "wal" and self.synchronous == FULL


@dataclass(frozen=True, slots=True)
class Drained:
    """How many messages a drain handled and settled, and in how many seconds."""

    count: int
    seconds: float


def pragmas(connection: Any, module: str, version: str) -> FileDurability:
    """Ask a connection for its durability. It must be the one that the contender writes with."""
    (journal_mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    return FileDurability(module, version, journal_mode, synchronous)


class Session(ABC):
    """One process's open handle on a contender's store."""

    @abstractmethod
    def durability(self) -> Durability:
        """Report the settings of the connection that this session writes with."""

    @abstractmethod
    def send(self, data: Payload) -> str | None:
        """Send one message and return once it is committed.

        Returns:
            A reference by which ``redeliveries`` finds it, if the contender has one.
        """

    def send_many(self, batch: Sequence[Payload]) -> None:
        """Send many messages in as few commits as the contender offers."""
        raise NotSupportedError("has no bulk send")

    @abstractmethod
    def take(self, handle: Handler) -> bool:
        """Take one message, handle it and settle it. False if none is ready."""

    def drain(self, handle: Handler, *, count: int, seconds: float) -> Drained:
        """Handle messages one after another until ``count`` are settled or the time is up."""
        start = time.perf_counter()
        done = 0
        while done < count and time.perf_counter() - start < seconds and self.take(handle):
            done += 1
        return Drained(done, time.perf_counter() - start)

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        """Be a worker until ``stop``: handle what comes, wait while nothing does."""
        while not stop.is_set():
            if not self.take(handle):
                stop.wait(poll_s)

    def join(self, state: str) -> None:
        """Give what is sent from now on the options of a state of ``growth``, if it needs any."""
        del state

    def redeliveries(self, reference: str) -> int:
        """Count how often the contender's own records say that it handed this message out again."""
        del reference
        return 0

    @abstractmethod
    def unfinished(self) -> int:
        """Count the messages that the store still holds as not settled, whoever has them."""

    @abstractmethod
    def close(self) -> None:
        """Release everything."""


class Contender(ABC):
    """One way to have a persistent queue."""

    name: ClassVar[str]
    package: ClassVar[str | None] = None
    """The distribution whose version is reported."""
    settings: ClassVar[str]
    """How it was set up, in one sentence for the report."""
    drain_messages: ClassVar[int] = 5_000
    """How many messages a drain starts from: about what it can handle in a second or two."""
    bulk_messages: ClassVar[int] = 50_000
    """How many messages one bulk send holds."""
    takes_by_batch: ClassVar[bool] = False
    """Whether ``drain`` takes messages in another way than ``take``."""
    keeps_history: ClassVar[bool] = False
    """Whether ``Session.redeliveries`` knows why a message was handed out again."""

    @abstractmethod
    def create(self, directory: Path) -> None:
        """Make an empty store in an existing, empty directory."""

    @abstractmethod
    def open(self, directory: Path, *, worker: str | None = None) -> Session:
        """Open the store made by ``create``. ``worker`` names a process that will take messages."""

    def remove(self, directory: Path) -> None:
        """Remove what is not in the directory, which is removed anyway."""
        del directory

    def thread_session(self, shared: Session, directory: Path) -> Session:
        """Give one of many threads its session: the shared one, if the library says that it may be shared."""
        del directory
        return shared

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Put ``count`` messages into the store in one of the states of ``growth``, as fast as can be."""
        with closing(self.open(directory)) as session:
            for first in range(0, count, 10_000):
                session.send_many([{"order": n} for n in range(first, min(first + 10_000, count))])
        del state
