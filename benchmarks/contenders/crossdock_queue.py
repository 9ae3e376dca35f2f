"""Crossdock itself, as an application would use it: public names only, default settings, nothing tuned."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.contenders.contender import Contender, Drained, Durability, Handler, Session, pragmas
from benchmarks.payload import Payload
from crossdock import AsyncQueue, Queue

APP = "app"
OPTIONS: dict[str, dict[str, Any]] = {
    "empty, one key": {"partition_key": "one-key"},
    "behind one key": {"partition_key": "one-key"},
    "beside one key": {"priority": 9},
}
FILLS: dict[str, dict[str, Any]] = {
    "pending": {},
    "completed": {},
    "scheduled": {"delay": timedelta(days=1)},
    "behind one key": {"partition_key": "one-key"},
    "beside one key": {"partition_key": "one-key"},
}
REDELIVERED = frozenset(
    {"message.crashed", "message.lapsed", "message.nacked", "message.handed_back", "message.replayed"}
)


class CrossdockSession(Session):
    """One ``Queue``. Every handler is given ``delivery.message.data``, which is what decodes it."""

    def __init__(self, directory: Path, queue: Queue | None = None) -> None:
        self.queue = queue or Queue(url(directory))
        self._options: dict[str, Any] = {}

    def durability(self) -> Durability:
        return queue_durability(self.queue)

    def send(self, data: Payload) -> str:
        return str(self.queue.send(APP, data, **self._options).id)

    def send_many(self, batch: Sequence[Payload]) -> None:
        self.queue.send_many(APP, batch, **self._options)

    def join(self, state: str) -> None:
        self._options = OPTIONS.get(state, {})

    def take(self, handle: Handler) -> bool:
        deliveries = self.queue.claim(APP)
        for delivery in deliveries:
            handle(delivery.message.data)
            delivery.ack()
        return bool(deliveries)

    def drain(self, handle: Handler, *, count: int, seconds: float) -> Drained:
        """Drain through ``consume``. The clock stops when the loop has ended, so all settling is inside."""
        stop = threading.Event()
        done = 0
        start = time.perf_counter()
        for delivery in self.queue.consume(APP, wait=timedelta(0), stop=stop):
            handle(delivery.message.data)
            done += 1
            if done >= count or (done % 100 == 0 and time.perf_counter() - start > seconds):
                stop.set()
        return Drained(done, time.perf_counter() - start)

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        """Consume; ``poll_s`` is for those who must poll."""
        del poll_s
        for delivery in self.queue.consume(APP, stop=stop):
            handle(delivery.message.data)

    def redeliveries(self, reference: str) -> int:
        return sum(entry.event in REDELIVERED for entry in self.queue.timeline(reference, app=APP))

    def unfinished(self) -> int:
        stats = self.queue.stats(APP).get(APP)
        return 0 if stats is None else stats.ready + stats.scheduled + stats.blocked + stats.processing

    def close(self) -> None:
        self.queue.close()


class Crossdock(Contender):
    """Crossdock on SQLite."""

    name = "crossdock"
    package = "crossdock"
    settings = "Queue(url) with every setting at its default; drains through consume()"
    drain_messages = 80_000
    takes_by_batch = True
    keeps_history = True

    def create(self, directory: Path) -> None:
        self.open(directory).close()

    def open(self, directory: Path, *, worker: str | None = None) -> CrossdockSession:
        del worker
        return CrossdockSession(directory)

    def open_async(self, directory: Path) -> AsyncQueue:
        """Open the store for coroutines."""
        return AsyncQueue(url(directory))

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Send, and for ``completed`` consume, as applications do: no row is made by other means."""
        with closing(self.open(directory)) as session:
            for first in range(0, count, 20_000):
                batch = [{"order": n} for n in range(first, min(first + 20_000, count))]
                session.queue.send_many(APP, batch, **FILLS[state])
            if state == "completed":
                session.drain(_ignore, count=count, seconds=3600)


def path(directory: Path) -> Path:
    """Name the store's file in a directory."""
    return directory / "crossdock.db"


def url(directory: Path) -> str:
    """Name the store in a directory as ``Queue`` wants it."""
    return f"sqlite:///{path(directory)}"


def queue_durability(queue: Any) -> Durability:
    """Ask the connection that the queue writes with, inside one of its write transactions."""
    store = queue._store  # noqa: SLF001 - it shows its connection to nobody
    module = store.build.module

    def ask(transaction: Any) -> Durability:
        return pragmas(transaction._database, module.__name__, module.sqlite_version)  # noqa: SLF001

    answer: Durability = store.write(ask)
    return answer


def _ignore(data: Payload) -> None:
    del data
