"""huey: ``SqliteHuey``, the long-established SQLite task queue.

Set up for the least work at the compared durability: ``fsync=True`` is its documented switch for
``synchronous=FULL`` (its default journal mode is WAL), ``results=False`` skips the result store, and tasks
are taken by the very two calls that its worker makes, without the worker's thread around them. It deletes a
task when it takes it, so it runs each task at most once: its drain commits once where an acknowledging queue
must commit twice.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from huey import SqliteHuey
from huey.consumer import Worker

from benchmarks.contenders.contender import BUSY_S, Contender, Durability, Handler, Session, pragmas
from benchmarks.payload import Payload


class HueySession(Session):
    """A ``SqliteHuey`` with one registered task, which calls whatever handler is current."""

    def __init__(self, directory: Path) -> None:
        logging.getLogger("huey").setLevel(logging.CRITICAL)  # Its INFO line per task would cost it time.
        self._huey = SqliteHuey(
            "bench", filename=str(directory / "huey.db"), fsync=True, results=False, timeout=BUSY_S
        )
        self._handle: Handler = _ignore
        self._task = self._huey.task(name="deliver")(self._deliver)

    def durability(self) -> Durability:
        return pragmas(self._huey.storage.conn, "sqlite3", sqlite3.sqlite_version)

    def send(self, data: Payload) -> None:
        self._task(data)

    def take(self, handle: Handler) -> bool:
        self._handle = handle
        task = self._huey.dequeue()
        if task is None:
            return False
        self._huey.execute(task)
        return True

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        """Run huey's own worker. A back-off of 1 keeps it polling every ``poll_s``, however long it idles."""
        self._handle = handle
        worker = Worker(self._huey, stop, default_delay=poll_s, max_delay=poll_s, backoff=1)
        while not stop.is_set():
            worker.loop()

    def unfinished(self) -> int:
        count: int = self._huey.storage.queue_size()
        return count

    def close(self) -> None:
        self._huey.storage.close()

    def _deliver(self, data: Payload) -> None:
        self._handle(data)


class HueySqlite(Contender):
    """huey on SQLite."""

    name = "huey"
    package = "huey"
    settings = (
        "SqliteHuey(fsync=True, results=False), journal mode WAL (its default); polls every 0.1 s when idle"
    )

    def create(self, directory: Path) -> None:
        HueySession(directory).close()

    def open(self, directory: Path, *, worker: str | None = None) -> HueySession:
        del worker
        return HueySession(directory)

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Copy a row that huey itself wrote: it has no bulk send, and a million commits take minutes."""
        with closing(self.open(directory)) as session:
            session.send({"order": 0})
        copy = {
            "pending": "INSERT INTO task (queue, data, priority) SELECT queue, data, priority FROM task, n",
            "scheduled": "INSERT INTO schedule (queue, data, timestamp)"
            " SELECT queue, data, unixepoch() + 86400 FROM task, n",
        }[state]
        with closing(sqlite3.connect(directory / "huey.db")) as connection:
            recursive = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            connection.execute(f"{recursive} {copy}", (count,))
            connection.commit()


def _ignore(data: Payload) -> None:
    """Stand in until a handler is given."""
    del data
