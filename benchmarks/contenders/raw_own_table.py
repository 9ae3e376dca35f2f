"""The raw floor on Crossdock's own table: what its columns, checks, indexes and triggers cost by themselves.

The store is made by Crossdock. The INSERT fills the columns that a plain ``send`` fills, the claim and the
completion set what Crossdock's set, ``revision`` included, so that the triggers for other programs stay as
quiet as they do for Crossdock. A floor with the published three-column INSERT would be slower, and the bar
lower. Nothing else is done: no validation, no objects, no waking, no fair queue of writers.
"""

from __future__ import annotations

import importlib
import itertools
import json
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.contenders import crossdock_queue
from benchmarks.contenders.contender import Contender, Session
from benchmarks.contenders.raw_minimal import BATCH, RawSession, Statements
from benchmarks.payload import Payload

COMPLETE = (
    "UPDATE data_staging SET status = 'completed', processed_at = ?, updated_at = ?, blocked = 0,"
    " error = NULL, lease_owner = NULL, lease_token = NULL, lease_until = NULL, lease_keep_s = NULL,"
    " revision = revision + 1 WHERE status = 'processing' AND lease_token = ? AND id"
)
INSERT = (
    "INSERT INTO data_staging"
    " (message_id, data, source_app, target_app, created_at, updated_at, created_by, revision) VALUES"
)
ROW = "(?, ?, 'python', 'app', ?, ?, 'bench', 1)"
ROWS = 256
INSERT_MANY = f"{INSERT} {', '.join([ROW] * ROWS)}"
"""Many rows a statement: on a table with triggers each statement inside a transaction opens a journal."""
OWN_TABLE = Statements(
    insert=f"{INSERT} {ROW}",
    claim="UPDATE data_staging SET status = 'processing', claimed_at = ?, updated_at = ?,"
    " lease_owner = 'bench', lease_token = ?, lease_until = ?, lease_keep_s = 30.0,"
    " attempts = attempts + 1, revision = revision + 1"
    " WHERE id IN (SELECT id FROM data_staging WHERE target_app = 'app' AND status = 'pending'"
    " AND available_at IS NULL AND blocked = 0 AND crashes = 0 ORDER BY priority DESC, id LIMIT ?)"
    " RETURNING id, data",
    complete=f"{COMPLETE} = ?",
    complete_batch=f"{COMPLETE} IN ({', '.join('?' * BATCH)})",
    unfinished="SELECT count(*) FROM data_staging WHERE status IN ('pending', 'processing')",
)
TOKEN = "0" * 32
"""One for all claims: nobody competes here for a row that another session holds."""


class OwnTableSession(RawSession):
    """A raw connection to a store that Crossdock made, with the SQLite build that Crossdock uses on it."""

    def __init__(self, path: Path) -> None:
        super().__init__(importlib.import_module("pysqlite3.dbapi2"), path, OWN_TABLE, fused=True)
        self._prefix = str(uuid.uuid4())[:24]
        self._numbers = itertools.count()

    def send_many(self, batch: Sequence[Payload]) -> None:
        """Insert 256 rows a statement, and what remains row by row."""
        whole = len(batch) - len(batch) % ROWS
        self._connection.execute("BEGIN IMMEDIATE")
        for first in range(0, whole, ROWS):
            rows = map(self.row, batch[first : first + ROWS])
            self._connection.execute(INSERT_MANY, list(itertools.chain.from_iterable(rows)))
        self._connection.executemany(self._sql.insert, map(self.row, batch[whole:]))
        self._connection.execute("COMMIT")

    def row(self, data: Payload) -> tuple[Any, ...]:
        """Give ids as long and as unique as UUIDs, in ascending order, without the cost of making them."""
        now = _text(datetime.now(UTC))
        return f"{self._prefix}{next(self._numbers):012x}", json.dumps(data), now, now

    def claim_values(self, limit: int) -> tuple[Any, ...]:
        now = datetime.now(UTC)
        return _text(now), _text(now), TOKEN, _text(now + timedelta(seconds=30)), limit

    def complete_values(self) -> tuple[Any, ...]:
        now = _text(datetime.now(UTC))
        return now, now, TOKEN


class RawOwnTable(Contender):
    """The raw floor on Crossdock's table."""

    name = "raw-own-table"
    settings = "minimal statements over pysqlite3 on a store that Crossdock made; drains by 100, fused"
    drain_messages = 100_000

    def create(self, directory: Path) -> None:
        crossdock_queue.Crossdock().create(directory)

    def open(self, directory: Path, *, worker: str | None = None) -> OwnTableSession:
        del worker
        return OwnTableSession(crossdock_queue.path(directory))

    def thread_session(self, shared: Session, directory: Path) -> Session:
        """Open a connection for each thread: the floor has no lock of its own."""
        del shared
        return self.open(directory)


def _text(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%d %H:%M:%S.%f")
