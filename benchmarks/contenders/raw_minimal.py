"""The raw floor: the least SQL that a durable queue with acknowledgements can be made of, and nothing else.

One narrow table, one partial index, prepared statements, no objects. JSON goes in and comes out, because a
queue whose messages are never encoded or decoded carries none. It comes twice: over the standard library's
SQLite, which is the floor that the bars name, and over the build that Crossdock uses, so that the build's
share of a difference shows.
"""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from benchmarks.contenders.contender import (
    BUSY_S,
    Contender,
    Drained,
    Durability,
    Handler,
    Session,
    pragmas,
)
from benchmarks.payload import Payload

BATCH = 100


@dataclass(frozen=True, slots=True)
class Statements:
    """The SQL of one floor. ``complete_batch`` completes ``BATCH`` messages at once, in fused drains."""

    insert: str
    claim: str
    complete: str
    complete_batch: str
    unfinished: str


SCHEMA = """
CREATE TABLE message (
    id INTEGER PRIMARY KEY, app TEXT NOT NULL, data TEXT NOT NULL, status INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ready ON message (app, id) WHERE status = 0;
"""
MINIMAL = Statements(
    insert="INSERT INTO message (app, data) VALUES ('app', ?)",
    claim="UPDATE message SET status = 1 WHERE id IN"
    " (SELECT id FROM message WHERE app = 'app' AND status = 0 ORDER BY id LIMIT ?) RETURNING id, data",
    complete="UPDATE message SET status = 2 WHERE status = 1 AND id = ?",
    complete_batch=f"UPDATE message SET status = 2 WHERE status = 1 AND id IN ({', '.join('?' * BATCH)})",
    unfinished="SELECT count(*) FROM message WHERE status < 2",
)


class RawSession(Session):
    """One connection in autocommit mode; transactions are written out."""

    def __init__(self, module: Any, path: Path, statements: Statements, *, fused: bool) -> None:
        """Connect with the given DB-API module. ``fused``: see the contenders."""
        self._module = module
        self._fused = fused
        self._sql = statements
        self._connection = module.connect(str(path), timeout=BUSY_S, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")

    def durability(self) -> Durability:
        return pragmas(self._connection, self._module.__name__, self._module.sqlite_version)

    def script(self, sql: str) -> None:
        """Run statements that make the schema."""
        self._connection.executescript(sql)

    def send(self, data: Payload) -> None:
        self._connection.execute(self._sql.insert, self.row(data))

    def send_many(self, batch: Sequence[Payload]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._sql.insert, map(self.row, batch))
        self._connection.execute("COMMIT")

    def take(self, handle: Handler) -> bool:
        row = self._connection.execute(self._sql.claim, self.claim_values(1)).fetchone()
        if row is None:
            return False
        handle(json.loads(row[1]))
        self._connection.execute(self._sql.complete, (*self.complete_values(), row[0]))
        return True

    def drain(self, handle: Handler, *, count: int, seconds: float) -> Drained:
        """Take by 100."""
        start = time.perf_counter()
        done = 0
        rows = self._settle_and_claim([])
        while rows:
            for row in rows:
                handle(json.loads(row[1]))
            done += len(rows)
            more = done < count and time.perf_counter() - start < seconds
            rows = self._settle_and_claim([row[0] for row in rows], more=more)
        return Drained(done, time.perf_counter() - start)

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        held: list[int] = []
        while held or not stop.is_set():
            rows = self._settle_and_claim(held, more=not stop.is_set())
            held = [row[0] for row in rows]
            for row in rows:
                handle(json.loads(row[1]))
            if not rows:
                stop.wait(poll_s)

    def unfinished(self) -> int:
        count: int = self._connection.execute(self._sql.unfinished).fetchone()[0]
        return count

    def close(self) -> None:
        self._connection.close()

    def row(self, data: Payload) -> tuple[Any, ...]:
        """Make the parameters of an INSERT."""
        return (json.dumps(data),)

    def claim_values(self, limit: int) -> tuple[Any, ...]:
        """Make the parameters of a claim."""
        return (limit,)

    def complete_values(self) -> tuple[Any, ...]:
        """Make the parameters of a completion that stand before the ids."""
        return ()

    def _settle_and_claim(self, held: list[int], *, more: bool = True) -> list[tuple[int, str]]:
        """Complete what is held and claim the next hundred: in two commits, or fused in one."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._complete(held)
        if not self._fused and held and more:
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN IMMEDIATE")
        rows: list[tuple[int, str]] = []
        if more:
            rows = self._connection.execute(self._sql.claim, self.claim_values(BATCH)).fetchall()
        self._connection.execute("COMMIT")
        return rows

    def _complete(self, held: list[int]) -> None:
        values = self.complete_values()
        if self._fused and len(held) == BATCH:
            self._connection.execute(self._sql.complete_batch, (*values, *held))
        else:
            self._connection.executemany(self._sql.complete, ((*values, row_id) for row_id in held))


class Stdlib(Contender):
    """The floor over the standard library's ``sqlite3``: claim a hundred, commit; complete each, commit."""

    name = "raw-minimal"
    settings = "minimal statements over the standard library's sqlite3; drains by 100, two commits each"
    fused: ClassVar[bool] = False
    module: ClassVar[str] = "sqlite3"
    drain_messages = 150_000

    def create(self, directory: Path) -> None:
        with closing(self.open(directory)) as session:
            session.script(SCHEMA)

    def open(self, directory: Path, *, worker: str | None = None) -> RawSession:
        del worker
        return RawSession(
            importlib.import_module(self.module), directory / "raw.db", MINIMAL, fused=self.fused
        )

    def thread_session(self, shared: Session, directory: Path) -> Session:
        """Open a connection for each thread: the floor has no lock of its own."""
        del shared
        return self.open(directory)


class Pysqlite3(Stdlib):
    """The same over the SQLite build that Crossdock uses."""

    name = "raw-minimal-pysqlite3"
    package = "pysqlite3"
    settings = "the same statements over pysqlite3, the SQLite build that Crossdock uses"
    module = "pysqlite3.dbapi2"


class Fused(Stdlib):
    """The floor with Crossdock's own trick: one commit completes a hundred and claims the next."""

    name = "raw-minimal-fused"
    settings = "as raw-minimal, but one statement completes a hundred, in the commit that claims the next"
    fused = True
