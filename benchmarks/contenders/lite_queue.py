"""litequeue: one table, one message at a time, marked done by its id.

Its constructor sets ``synchronous=NORMAL``, which loses the last commits in a power failure; the session
raises it to FULL on its own connection. Several ``put`` in one of its transactions are its bulk send. It has
no recovery: what a killed worker held stays locked until somebody calls ``retry``.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import litequeue

from benchmarks.contenders.contender import BUSY_S, Contender, Durability, FileDurability, Handler, Session
from benchmarks.payload import Payload

STATUS = {"pending": 0, "completed": 2}


class LiteQueueSession(Session):
    """One queue object on one connection."""

    def __init__(self, directory: Path) -> None:
        self._queue = litequeue.LiteQueue(directory / "lite.db", timeout=BUSY_S)
        self._queue.conn.execute("PRAGMA synchronous = FULL")
        self._lock = threading.Lock()

    def durability(self) -> Durability:
        journal_mode = self._queue.conn.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = self._queue.conn.execute("PRAGMA synchronous").fetchone()[0]
        return FileDurability("sqlite3", sqlite3.sqlite_version, journal_mode, synchronous)

    def send(self, data: Payload) -> None:
        self._queue.put(json.dumps(data))

    def send_many(self, batch: Sequence[Payload]) -> None:
        with self._queue.transaction():
            for data in batch:
                self._queue.put(json.dumps(data))

    def take(self, handle: Handler) -> bool:
        message = self._queue.pop()
        if message is None:
            return False
        handle(json.loads(message.data))
        self._queue.done(message.message_id)
        return True

    def unfinished(self) -> int:
        count: int = self._queue.qsize()
        return count

    def close(self) -> None:
        self._queue.close()


class LiteQueue(Contender):
    """litequeue."""

    name = "litequeue"
    package = "litequeue"
    settings = (
        "LiteQueue in WAL (its default), synchronous raised from NORMAL to FULL; polls every 0.1 s when idle"
    )
    drain_messages = 2_500

    def create(self, directory: Path) -> None:
        LiteQueueSession(directory).close()

    def open(self, directory: Path, *, worker: str | None = None) -> LiteQueueSession:
        del worker
        return LiteQueueSession(directory)

    def thread_session(self, shared: Session, directory: Path) -> Session:
        """Open one per thread: on a shared connection a thread's transaction takes in another's writes."""
        del shared
        return self.open(directory)

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Write the rows as ``put`` and ``done`` leave them: its bulk send takes a minute for a million."""
        with closing(sqlite3.connect(directory / "lite.db")) as connection:
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                " INSERT INTO [Queue] (data, message_id, status, in_time)"
                " SELECT json_object('order', i), printf('00000000-0000-7000-8000-%012x', i), ?, i FROM n",
                (count, STATUS[state]),
            )
            connection.commit()
