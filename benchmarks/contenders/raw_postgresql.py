"""The raw floor on PostgreSQL: psycopg, prepared statements on one narrow table, COPY for bulk, and nothing else."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders import database
from benchmarks.contenders.contender import Drained, Durability, Handler, Session
from benchmarks.contenders.database import PostgresContender
from benchmarks.payload import Payload

BATCH = 100
SCHEMA = """
CREATE TABLE message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app text NOT NULL, data jsonb NOT NULL, status smallint NOT NULL DEFAULT 0
);
CREATE INDEX ready ON message (app, id) WHERE status = 0;
"""
INSERT = "INSERT INTO message (app, data) VALUES ('app', %s)"
COPY = "COPY message (app, data) FROM STDIN"
CLAIM = (
    "UPDATE message SET status = 1 WHERE id = ANY (ARRAY(SELECT id FROM message WHERE app = 'app' AND status = 0"
    " ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)) RETURNING id, data"
)
COMPLETE = "UPDATE message SET status = 2 WHERE status = 1 AND id = ANY (%s)"
UNFINISHED = "SELECT count(*) FROM message WHERE status < 2"


class RawPostgresSession(Session):
    """One connection in autocommit mode; every statement is prepared at its first use."""

    def __init__(self, directory: Path) -> None:
        self._connection = database.connect(directory)
        self._connection.prepare_threshold = 0

    def durability(self) -> Durability:
        return database.durability(lambda ask: self._connection.execute(ask.encode()).fetchone()[0])  # type: ignore[index]

    def send(self, data: Payload) -> None:
        self._connection.execute(INSERT, (json.dumps(data),))

    def send_many(self, batch: Sequence[Payload]) -> None:
        with self._connection.cursor() as cursor, cursor.copy(COPY) as copy:
            for data in batch:
                copy.write_row(("app", json.dumps(data)))

    def take(self, handle: Handler) -> bool:
        rows = self._claim(1)
        self._finish(rows, handle)
        return bool(rows)

    def drain(self, handle: Handler, *, count: int, seconds: float) -> Drained:
        """Take by 100: one commit claims them, one completes them."""
        start = time.perf_counter()
        done = 0
        while done < count and time.perf_counter() - start < seconds:
            rows = self._claim(BATCH)
            if not rows:
                break
            self._finish(rows, handle)
            done += len(rows)
        return Drained(done, time.perf_counter() - start)

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        while not stop.is_set():
            rows = self._claim(BATCH)
            self._finish(rows, handle)
            if not rows:
                stop.wait(poll_s)

    def unfinished(self) -> int:
        found = self._connection.execute(UNFINISHED).fetchone()
        assert found is not None
        return int(found[0])

    def close(self) -> None:
        self._connection.close()

    def _claim(self, limit: int) -> list[Any]:
        return self._connection.execute(CLAIM, (limit,)).fetchall()

    def _finish(self, rows: list[Any], handle: Handler) -> None:
        for _, data in rows:
            handle(data)
        if rows:
            self._connection.execute(COMPLETE, ([row[0] for row in rows],))


class RawPostgres(PostgresContender):
    """The floor."""

    name = "psycopg"
    package = "psycopg"
    settings = "minimal prepared statements on a narrow table; COPY for bulk; drains by 100, two commits each"
    drain_messages = 80_000

    def create(self, directory: Path) -> None:
        super().create(directory)
        with database.connect(directory) as connection:
            connection.execute(SCHEMA.encode())

    def open(self, directory: Path, *, worker: str | None = None) -> RawPostgresSession:
        del worker
        return RawPostgresSession(directory)

    def thread_session(self, shared: Session, directory: Path) -> Session:
        """Open a connection for each thread."""
        del shared
        return self.open(directory)
