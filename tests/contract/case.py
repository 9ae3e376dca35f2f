"""What a test of the contract works with: a queue on some store, its clock, and ways to play the others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from crossdock import AsyncQueue, Queue, StoreSettings
from tests.contract.blocking import LoopThread
from tests.postgresql_databases import execute, is_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock import Delivery
    from crossdock.testing import FakeClock

PATIENCE = timedelta(seconds=20)
"""For waits that end by themselves; only a failing test uses it up."""
BRIEF = timedelta(milliseconds=20)
"""For waits that must find nothing."""
MAX_CRASHES = 3
STORES: dict[str, tuple[str, dict[str, Any]]] = {
    "wal": ("sqlite:///{folder}/work.db", {}),
    "safe-mode": ("sqlite:///{folder}/work.db", {"outside_writers": True}),
    "memory": ("sqlite://", {}),
    "postgresql": ("", {}),  # a database of its own for each test
}
"""name -> (URL, settings); a further store joins by its line here and one in ``SQLITE`` or its like."""
SQLITE = [("wal", "sync"), ("safe-mode", "sync"), ("wal", "async")]
POSTGRESQL = [
    pytest.param(("postgresql", "sync"), marks=pytest.mark.needs_postgresql),
    # Both queues run the same code but for their last layer, and that is shown on SQLite already.
    pytest.param(("postgresql", "async"), marks=[pytest.mark.needs_postgresql, pytest.mark.slow]),
]
ON_DISK = [*SQLITE, *POSTGRESQL]
IN_MEMORY = [("memory", "sync"), ("memory", "async")]


def on(stores: list[Any]) -> pytest.MarkDecorator:
    """Run a test on these stores only."""
    return pytest.mark.parametrize("case", stores, ids="-".join, indirect=True)


on_one_of_each = on([("wal", "sync"), ("memory", "async"), POSTGRESQL[0]])
"""For what is the same code for all stores but for its statements."""
on_memory = on([("memory", "sync")])
"""For what is decided before the store is asked."""
on_disk = on(ON_DISK)
"""For what only a store on disk can do."""


@dataclass
class Case:
    """One store and the queue under test on it.

    Attributes:
        url: The store's; ``sqlite://`` is in memory.
        asynchronous: Whether the queue under test is an ``AsyncQueue``.
    """

    url: str
    clock: FakeClock
    settings: dict[str, Any]
    asynchronous: bool
    _opened: list[Any] = field(default_factory=list)
    _loops: list[LoopThread] = field(default_factory=list)

    @property
    def in_memory(self) -> bool:
        """Whether the store is in memory, and so in this one queue object alone."""
        return self.url == "sqlite://"

    @property
    def on_postgresql(self) -> bool:
        """Whether the store is a database on a server."""
        return is_postgresql(self.url)

    def open(self, **options: Any) -> Queue:
        """Open one more queue object on the store, as another process would."""
        settings = StoreSettings(**self.settings)
        options = {"clock": self.clock, "settings": settings, "max_crashes": MAX_CRASHES, **options}
        if self.asynchronous:
            loop = LoopThread()
            self._loops.append(loop)
            opened = cast("Queue", loop.call(AsyncQueue, self.url, **options))
        else:
            opened = Queue(self.url, **options)
        self._opened.append(opened)
        return opened

    def close(self) -> None:
        """Close every queue that was opened."""
        for opened in reversed(self._opened):
            opened.close()
        for loop in self._loops:
            loop.close()

    def rescue(self, queue: Queue) -> None:
        """Let the queue look at all leases and schedules now; by itself it does so a few times per second."""
        queue._housekeeper.run_once()

    def let_pass(self, queue: Queue, time: timedelta) -> None:
        """Let time pass, and the queue look at schedules and leases."""
        self.clock.advance(time)
        self.rescue(queue)

    def lapse(self, queue: Queue, after: timedelta = timedelta(seconds=30)) -> None:
        """Let the time pass and the leases that end within it run out."""
        self.let_pass(queue, after + timedelta(microseconds=1))

    def crash(self, queue: Queue) -> None:
        """Let the queue's process die, as the others see it: what it holds is taken back as from the dead."""
        store = queue._store
        store.write(lambda tx: tx.crash(store.owner, max_crashes=MAX_CRASHES, limit=1000))

    def sql(self, queue: Queue, statement: str, parameters: Any = ()) -> list[Any]:
        """Run a statement of another program: what it writes did not pass through our code."""
        if self.on_postgresql:
            return execute(self.url, statement, parameters)
        with strict(queue):
            return queue._store.open_store.exclusive(
                lambda database: database.execute(statement, parameters).fetchall()
            )


@contextmanager
def strict(queue: Queue) -> Iterator[None]:
    """Let the writing connection of an SQLite store be as strict as that of another program: the CHECKs count."""
    store = queue._store.open_store
    store.look(lambda database: database.execute("PRAGMA ignore_check_constraints = OFF"))
    try:
        yield
    finally:
        store.look(lambda database: database.execute("PRAGMA ignore_check_constraints = ON"))


def claim_one(queue: Queue, app: str = "app", **options: Any) -> Delivery:
    """Claim exactly one message."""
    (delivery,) = queue.claim(app, **options)
    return delivery


def ids(found: Any) -> list[str]:
    """Return the message ids of deliveries or records, in order."""
    return [one.message.id for one in found]


def numbers(found: Any) -> list[Any]:
    """Return the data of deliveries or records, in order."""
    return [one.message.data for one in found]


def drain(queue: Queue, app: str = "app") -> list[Any]:
    """Consume everything there is and return its data, in order."""
    return [delivery.message.data for delivery in queue.consume(app, wait=timedelta(0))]


def events(queue: Queue, message_id: str, **options: Any) -> list[str]:
    """Return the events of a message's timeline without their common prefix."""
    return [entry.event.removeprefix("message.") for entry in queue.timeline(message_id, **options)]
