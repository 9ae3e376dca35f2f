"""Connections to one PostgreSQL store: made with patience, never in a burst."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreError, StoreUnavailable
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.driver import Database, psycopg
from crossdock.store.postgresql.watch import Watch, Watched

if TYPE_CHECKING:
    from crossdock.store.postgresql.location import DatabaseLocation

PLANS: Final = "; ".join(
    f"SET LOCAL {way} = off" for way in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "jit")
)
"""A queue is never as the statistics say: whatever they say, each statement is to use its index.

And that by a plain scan, which marks the entries of dead rows, so that the next one passes them over.
"""
ONE_PLAN: Final = (
    "SET plan_cache_mode = force_generic_plan; SET enable_hashjoin = off; SET enable_mergejoin = off"
)
"""What is prepared is planned once, and not at each of its first uses, which takes longer than to claim.

A plan that knows no parameters takes a LIMIT for a tenth of the queue, for which it would read the whole table.
"""
SNAPSHOT: Final = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
COMMITTED: Final = "COMMIT"
"""The command, and what the server says when it was obeyed."""
_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 2.0
_IDLE_LIMIT: Final = 8
"""Connections for reading that are kept for the next who reads."""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a connection learns of its server.

    Attributes:
        pooled: A pooler stands between us and the server: no session of ours lasts longer than a transaction.
        durable: A commit survives a power cut.
        ahead: By how much the server's clock is ahead of ours.
    """

    pooled: bool
    durable: bool
    version: str
    ahead: timedelta


class Connections:
    """Makes the connections of one process.

    Args:
        location: The database.
        patience_s: How long a caller waits for a server that is away.
        name: What the server calls our sessions, unless the URL says so.
    """

    def __init__(self, location: DatabaseLocation, patience_s: float, name: str) -> None:
        self.location = location
        self._arguments = {"application_name": name, **location.arguments(patience_s)}
        self._watch = Watch(self._arguments, patience_s)
        self.patience_s = patience_s
        self.facts: ServerFacts | None = None
        self._mutex = threading.Lock()
        self._pause_s = 0.0
        self._not_before = 0.0
        self._idle: list[Database] = []
        self._closed = False

    def open(self, deadline: float | None = None) -> Database:
        """Return a new connection in autocommit mode, as soon as the server takes one.

        Callers of one process try one after the other, after pauses that grow and differ by chance, so that a server
        that comes back is not run over.

        Args:
            deadline: By ``time.monotonic``; default: after our patience.

        Raises:
            StoreUnavailable: The server is away, and our patience is over.
            StoreError: It refuses us for good.
        """
        if deadline is None:
            deadline = time.monotonic() + self.patience_s
        while True:
            if not self._mutex.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise StoreUnavailable(
                    f"{self.location} has been away for {self.patience_s:g} s; nothing was changed"
                )
            try:
                self._await_turn(deadline)
                database = self._connect()
            except errors.Error as error:
                self._pause_s = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, 2 * self._pause_s))
                self._not_before = time.monotonic() + self._pause_s * random.uniform(0.5, 1.5)  # noqa: S311 - spreads attempts
                if errors.is_hopeless(error):
                    raise StoreError(f"{self.location}: {' '.join(str(error).split())}") from error
                if time.monotonic() >= deadline:
                    raise errors.translate(error, self.location) from error
            else:
                self._pause_s = self._not_before = 0.0
                return database
            finally:
                self._mutex.release()

    def borrow(self, deadline: float | None = None) -> Database:
        """Return a connection that nobody else uses, for reading."""
        with suppress(IndexError):
            return self._idle.pop()
        return self.open(deadline)

    def give_back(self, database: Database) -> None:
        """Keep a connection for the next who reads, if it is any good."""
        good = not database.connection.closed and database.connection.info.transaction_status == _IDLE
        if good and not self._closed and len(self._idle) < _IDLE_LIMIT:
            self._idle.append(database)
        else:
            discard(database)

    def forget_idle(self) -> None:
        """Drop the connections that are kept: the server they lead to is gone."""
        while self._idle:
            with suppress(IndexError):
                discard(self._idle.pop())

    def close(self) -> None:
        """Close what is kept; what is given back later is closed then."""
        self._closed = True
        self._watch.close()
        self.forget_idle()

    def abandoned(self) -> list[Any]:
        """Return what is kept, for a forked child to leave alone for ever: it is the parent's."""
        return [database.connection for database in self._idle]

    def _await_turn(self, deadline: float) -> None:
        wait_s = min(self._not_before, deadline) - time.monotonic()
        if wait_s > 0:
            time.sleep(wait_s)

    def watch(self, connection: Watched) -> None:
        """See to it that nobody waits for ever on a connection that was made elsewhere."""
        self._watch.add(connection)

    def _connect(self) -> Database:
        connection = Watched.open(**self._arguments, autocommit=True)
        self._watch.add(connection)
        try:
            database = Database(connection, ours=connection)
            facts = _learn(database)
            if facts.pooled:
                # The next transaction may be on another server connection.
                connection.prepare_threshold = None
                database.settings = f"; {PLANS}"
            else:
                database.command(f"{PLANS.replace('SET LOCAL', 'SET')}; {ONE_PLAN}")
        except BaseException:
            connection.close()
            raise
        self.facts = facts
        self._watch.pooled = facts.pooled
        return database


_IDLE: Final = psycopg.pq.TransactionStatus.IDLE
_LEARN: Final = (
    "SELECT pg_backend_pid(), current_setting('synchronous_commit'), current_setting('fsync'),"
    " current_setting('server_version'), clock_timestamp(), pg_is_in_recovery(),"
    " current_setting('default_transaction_read_only')"
)


def _learn(database: Database) -> ServerFacts:
    began = datetime.now().astimezone()
    database.connection.prepare_threshold, threshold = None, database.connection.prepare_threshold
    cursor = database.connection.execute(_LEARN)
    database.connection.prepare_threshold = threshold
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - a SELECT without a table has one row
    pid, synchronous, fsync, version, told, standby, read_only = row
    if standby or read_only == "on":
        raise psycopg.errors.ReadOnlySqlTransaction("the server is a standby, or takes no writes")
    ended = datetime.now().astimezone()
    # Between the two is all that is known of when it was told: only what lies outside is a difference of clocks.
    ahead = told - min(max(told, began), ended)
    return ServerFacts(
        pooled=pid != database.connection.info.backend_pid,
        durable=fsync == "on" and synchronous != "off",
        version=version,
        ahead=ahead,
    )


def session_name(owner: str) -> str:
    """Return what the sessions of a process are called, by which others end them when it is dead."""
    return f"crossdock {owner.rpartition('/')[2]}"


def discard(database: Database) -> None:
    """Close a connection, whatever state it is in."""
    with suppress(Exception):
        database.connection.close()


def roll_back(database: Database) -> None:
    """Undo the transaction that is open, if the connection still stands."""
    with suppress(errors.Error):
        if not database.connection.closed and database.connection.info.transaction_status != _IDLE:
            database.command("ROLLBACK")
