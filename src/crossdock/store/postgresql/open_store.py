"""One PostgreSQL store, open in one process: its connections, its transactions, its presence on this host."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crossdock.domain.errors import StoreUnavailable
from crossdock.ports.clock import SystemClock
from crossdock.store.group_commit import GroupCommit
from crossdock.store.known_limits import KnownLimits
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.connections import (
    COMMITTED,
    SNAPSHOT,
    Connections,
    discard,
    roll_back,
    session_name,
)
from crossdock.store.postgresql.hosts import HostPresence
from crossdock.store.postgresql.reading import PostgreSQLReader
from crossdock.store.postgresql.transaction import PostgreSQLTransaction
from crossdock.store.postgresql.vacuuming import Vacuuming
from crossdock.store.postgresql.waking import HostWaker
from crossdock.store.postgresql.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from crossdock.domain.events import Event
    from crossdock.ports.clock import Clock
    from crossdock.ports.notice import Notice
    from crossdock.store.postgresql.driver import Database
    from crossdock.store.postgresql.location import DatabaseLocation
    from crossdock.store.settings import StoreSettings
    from crossdock.store.transaction import PreparedStatements

T = TypeVar("T")
_APART: Final = 4
"""So many units of work may wait for keys at a time, each with a connection."""
_SMALLEST_LEAD: Final = timedelta(milliseconds=50)
"""Clocks that differ by less count as equal."""


class OpenDatabase:
    """Everything of a store that belongs to one process and must be made anew after a fork."""

    def __init__(
        self,
        location: DatabaseLocation,
        settings: StoreSettings,
        *,
        name: str,
        clock: Clock,
        prepared: PreparedStatements,
        notice: Notice,
        adapters: Mapping[str, str],
    ) -> None:
        self._notice = notice
        self.location = location
        self._clock = clock
        self._prepared = prepared
        self.limits = KnownLimits()
        self._patience_s = settings.lock_timeout.total_seconds()
        self._claim_check_bytes = settings.claim_check_bytes
        self._adapters = adapters
        with ExitStack() as opening:
            self.presence = HostPresence(location.folder, name)
            opening.callback(self.presence.leave)
            self.who = self.presence.owner
            self.connections = Connections(location, self._patience_s, session_name(self.who))
            self.waker = HostWaker(location, self.presence.boot_id, self.connections)
            opening.callback(self.waker.close)
            opening.callback(self.connections.close)
            self.vacuuming = Vacuuming(self.connections, location.folder)
            opening.callback(self.vacuuming.close)
            self._writer = Writer(self.connections, self.transaction_on, self.after_commit, hurried=True)
            opening.callback(self._writer.close)
            self._writer.connect()
            self._clean_up = opening.pop_all()
        self._apart = threading.BoundedSemaphore(_APART)
        self.group = GroupCommit(self._writer.commit, self._writer.commit_one)

    def now(self) -> datetime:
        """Return the present by the database's clock, so that hosts agree on when a lease ends; aware UTC."""
        now = self._clock.now()
        facts = self.connections.facts
        if facts is None or not isinstance(self._clock, SystemClock) or abs(facts.ahead) < _SMALLEST_LEAD:
            return now
        return now + facts.ahead

    def write_apart(self, work: Callable[[PostgreSQLTransaction], T]) -> T:
        """Execute work that must wait for a partition key on a connection of its own, so that nobody waits with it.

        Raises:
            StoreUnavailable: The key was kept for longer than our patience.
        """
        if not self._apart.acquire(timeout=self._patience_s):
            raise StoreUnavailable(
                f"{self.location}: partition keys are kept by other transactions for too long"
            )
        writer = Writer(self.connections, self.transaction_on, self.after_commit, hurried=False)
        try:
            return writer.commit_one(work)
        finally:
            writer.close()
            self._apart.release()

    def read(self, query: Callable[[PostgreSQLReader], T]) -> T:
        """Ask something of one consistent snapshot; asked again if the server went away meanwhile.

        Raises:
            StoreUnavailable: The server is away, and our patience is over.
        """
        deadline = time.monotonic() + self._patience_s
        while True:
            database = self.connections.borrow(deadline)
            try:
                database.begin(SNAPSHOT)
                result = query(PostgreSQLReader(database, self._prepared, self.presence.ours))
                database.command(COMMITTED)
            except errors.Error as error:
                if not errors.is_lost(error) or time.monotonic() >= deadline:
                    raise errors.translate(error, self.location) from error
                discard(database)
                self.connections.forget_idle()
            else:
                return result
            finally:
                roll_back(database)
                self.connections.give_back(database)

    def exclusive(self, action: Callable[[Any], T]) -> T:
        """Run ``action`` on a plain connection of the driver, in a transaction that finds our tables by name."""
        database = self.connections.open()
        connection = database.connection
        try:
            connection.prepare_threshold = None
            with connection.transaction():
                connection.execute("SET LOCAL search_path = integration, public")
                return action(connection)
        except errors.Error as error:
            raise errors.translate(error, self.location) from error
        finally:
            discard(database)

    def look(self, question: Callable[[Any], T]) -> T:
        """Ask something outside a transaction, through the connection that writes: opening another takes long."""
        with self.group.alone():
            try:
                database, _ = self._writer.connect()
                return question(database.connection)
            except errors.Error as error:
                raise errors.translate(error, self.location) from error

    def transaction_on(self, database: Database) -> PostgreSQLTransaction:
        """Return the verbs on a connection that is inside a transaction."""
        transaction = PostgreSQLTransaction(
            database,
            self._prepared,
            who=self.who,
            limits=self.limits,
            hears=self._notice.hears,
            now=self.now,
        )
        transaction.claim_check_bytes = self._claim_check_bytes
        transaction.adapters = self._adapters
        return transaction

    def after_commit(self, woken: set[str], events: Sequence[Event]) -> None:
        """Wake who has got something to do, and tell what happened."""
        if woken:
            self.waker.wake(woken)
        for event in events:
            self._notice(event)

    def close(self) -> None:
        """Close all connections and leave; safe to call twice."""
        self.group.close()
        self._clean_up.close()

    def abandoned(self) -> list[Any]:
        """Return the connections, for a forked child to leave alone for ever: closing them would end the parent's."""
        return [*self._writer.abandoned(), *self.connections.abandoned(), *self.waker.abandoned()]
