"""persist-queue: ``SQLiteAckQueue``, its only SQLite queue that keeps a message until it is acknowledged.

It opens its files in WAL mode; ``synchronous`` stays at SQLite's compiled default, which is FULL and is
checked. Its default serializer (pickle) is its fastest. It has no bulk send, and two processes may take the
same message: the select and the mark are two transactions.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from persistqueue import Empty, SQLiteAckQueue

from benchmarks.contenders.contender import BUSY_S, Contender, Durability, Handler, Session, pragmas
from benchmarks.payload import Payload

UNFINISHED = "SELECT count(*) FROM `ack_queue_default` WHERE status < 5"


class PersistQueueSession(Session):
    """One queue; ``multithreading`` gives it a connection for each direction and lets threads share it."""

    def __init__(self, directory: Path, *, resume: bool) -> None:
        self._queue = SQLiteAckQueue(
            str(directory / "persist"), auto_resume=resume, multithreading=True, timeout=BUSY_S
        )

    def durability(self) -> Durability:
        return pragmas(self._queue._putter, "sqlite3", sqlite3.sqlite_version)  # noqa: SLF001 - it shows it nowhere else

    def send(self, data: Payload) -> None:
        self._queue.put(data)

    def take(self, handle: Handler) -> bool:
        try:
            raw = self._queue.get(block=False, raw=True)
        except Empty:
            return False
        handle(raw["data"])
        self._queue.ack(id=raw["pqid"])
        return True

    def unfinished(self) -> int:
        getter: Any = self._queue._getter  # noqa: SLF001
        count: int = getter.execute(UNFINISHED).fetchone()[0]
        return count

    def close(self) -> None:
        self._queue.close()


class PersistQueue(Contender):
    """persist-queue with acknowledgements."""

    name = "persist-queue"
    package = "persist-queue"
    settings = (
        "SQLiteAckQueue(multithreading=True), WAL and FULL (defaults, checked); polls every 0.1 s when idle"
    )
    drain_messages = 2_500

    def create(self, directory: Path) -> None:
        PersistQueueSession(directory, resume=False).close()

    def open(self, directory: Path, *, worker: str | None = None) -> PersistQueueSession:
        """Open it. A worker resumes what an earlier process left, which is the library's default."""
        return PersistQueueSession(directory, resume=worker is not None)

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Copy a row that persist-queue itself wrote: it has no bulk send."""
        with closing(self.open(directory)) as session:
            session.send({"order": 0})
        with closing(sqlite3.connect(directory / "persist" / "data.db")) as connection:
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                " INSERT INTO `ack_queue_default` (data, timestamp, status)"
                " SELECT data, timestamp, ? FROM `ack_queue_default`, n",
                (count, {"pending": "0", "completed": "5"}[state]),
            )
            connection.commit()
