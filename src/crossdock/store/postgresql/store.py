"""The Message Store on PostgreSQL: shared by any number of hosts, survives a fork and a server that goes away."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crossdock.domain.errors import SchemaOutOfDate
from crossdock.domain.events import StoreNotDurable
from crossdock.ports.clock import SystemClock
from crossdock.store.file_locks import turn
from crossdock.store.opened import OpenedStore
from crossdock.store.outbox import after_commit
from crossdock.store.postgresql import errors, schema
from crossdock.store.postgresql.dialect import PostgreSQLStatements
from crossdock.store.postgresql.engine import engine_on
from crossdock.store.postgresql.handler_transaction import HandlerTransactions, refuse_inside
from crossdock.store.postgresql.keeper import ensure_keeper
from crossdock.store.postgresql.open_store import OpenDatabase
from crossdock.store.postgresql.outbox import driver_connection
from crossdock.store.postgresql.statements import renew
from crossdock.store.postgresql.transaction import TakesLong
from crossdock.store.schema import needs_migration
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection, Engine

    from crossdock.domain.delivery import Settlement
    from crossdock.ports.clock import Clock
    from crossdock.ports.notice import Notice
    from crossdock.store.postgresql.hosts import HostPresence
    from crossdock.store.postgresql.location import DatabaseLocation
    from crossdock.store.postgresql.reading import PostgreSQLReader
    from crossdock.store.postgresql.transaction import PostgreSQLTransaction
    from crossdock.store.postgresql.watch import Watched
    from crossdock.store.settings import StoreSettings

T = TypeVar("T")
_LOOK_FOR_KEEPER_S: Final = 5.0


class PostgreSQLStore(OpenedStore["DatabaseLocation", OpenDatabase]):
    """Messages in one PostgreSQL database, shared by any number of processes on any number of hosts.

    Args:
        location: The database.
        settings: How to open it.
        name: What this process is called; together with the host's id and a boot id it owns leases.
        clock: Tells the time for everything that is stored; the machine's own is set by the database's.
        notice: Is told what a person should know.

    Raises:
        ConfigError: psycopg is not installed.
        SchemaOutOfDate: The store was made by a newer version, or must be migrated first.
        StoreError: The database refuses us.
        StoreUnavailable: It cannot be reached.
    """

    in_memory = False
    many_hosts = True
    examinations = None
    _store_id: str

    def __init__(
        self, location: DatabaseLocation, settings: StoreSettings, *, name: str, clock: Clock, notice: Notice
    ) -> None:
        super().__init__(location, settings, name=name, clock=clock, notice=notice)
        self._prepared = PostgreSQLStatements()
        self._look_for_keeper_at = float("inf")
        self._engine: Engine | None = None
        location.prepare()
        self._open_first()
        facts = self._open.connections.facts
        if facts is not None and not facts.durable:
            notice(StoreNotDurable(reason=_not_durable_text(location)))
        self._tell_opened()

    @property
    def peers(self) -> HostPresence:
        """The other processes of the store on this host."""
        return self.open_store.presence

    def now(self) -> Any:
        """Return the present by the database's clock, aware UTC."""
        return self._open.now()

    def write(self, work: Callable[[PostgreSQLTransaction], T]) -> T:
        """Execute ``work`` in a durable transaction and return what it returned, after the commit.

        Concurrent calls share a transaction; if ``work`` raises, its own changes alone are undone. Work is executed
        again if the server went away before the commit, or undid the transaction in favour of another.
        """
        refuse_inside()
        opened = self.open_store
        try:
            return opened.group.run(work)
        except TakesLong:
            return opened.write_apart(work)

    async def write_async(self, work: Callable[[PostgreSQLTransaction], T]) -> T:
        """Do the same without blocking the event loop."""
        refuse_inside()
        opened = self.open_store
        try:
            return await opened.group.run_async(work)
        except TakesLong:
            return await asyncio.to_thread(opened.write_apart, work)

    def read(self, query: Callable[[PostgreSQLReader], T]) -> T:
        """Ask something of one consistent snapshot."""
        return self.open_store.read(query)

    async def read_async(self, query: Callable[[PostgreSQLReader], T]) -> T:
        """Do the same without blocking the event loop."""
        return await asyncio.to_thread(self.open_store.read, query)

    def send_inside(self, connection: Any, work: Callable[[PostgreSQLTransaction], T]) -> T:
        """Do ``work`` in the transaction of the caller's own connection, which decides whether it counts.

        Raises:
            StoreError: The connection is on another database, or of another driver.
        """
        opened = self.open_store
        try:
            transaction = opened.transaction_on(driver_connection(connection, self.location, self._store_id))
            result = work(transaction)
        except errors.Error as error:
            raise errors.translate(error, self.location) from error
        after_commit(connection, lambda: opened.after_commit(transaction.woken, transaction.events))
        return result

    @property
    def engine(self) -> Engine:
        """A SQLAlchemy engine on this store, for transactions of handlers."""
        if self._engine is None:
            self._engine = engine_on(self.location, self._settings.lock_timeout.total_seconds(), self._watch)
        return self._engine

    def transaction(
        self, settlement: Settlement, message_id: str, settled: Callable[[], None]
    ) -> AbstractContextManager[Connection]:
        """Give a connection; what is written through it commits together with the settlement."""
        transactions = HandlerTransactions(self.open_store, self.engine, self._store_id)
        return transactions.begin(settlement, message_id, settled=settled)

    def keep(self) -> None:
        """Make sure that somebody on this host renews leases while user code keeps our own threads from running."""
        if isinstance(self._clock, SystemClock):
            self._look_for_keeper_at = time.monotonic() + _LOOK_FOR_KEEPER_S
            ensure_keeper(self.location)

    def renew(self, owners: Sequence[str], now: datetime) -> None:
        """Renew kept leases of this host's processes that live and run, long before they run out."""
        opened = self.open_store
        if time.monotonic() >= self._look_for_keeper_at:
            self.keep()
        for owner in owners:
            if owner == opened.who or opened.presence.condition(owner) == "running":
                opened.group.run(partial(_renew, owner=owner, now=to_text(now)))

    def tend(self) -> None:
        """Let the server forget dead versions of rows, if there are many."""
        self.open_store.vacuuming.begin()

    def alone(self, what: str) -> AbstractContextManager[bool]:
        """Be the only one of this host's processes that does ``what``; False: another is at it."""
        return turn(self.location.folder, what)

    def shrink(self) -> bool:
        """Nothing to do: the database's autovacuum frees what is not used."""
        return False

    def _watch(self, connection: Watched) -> None:
        self.open_store.connections.watch(connection)  # those of this process, after a fork, too

    def _make_open(self) -> OpenDatabase:
        return OpenDatabase(
            self.location,
            self._settings,
            name=self._name,
            clock=self._clock,
            prepared=self._prepared,
            notice=self._notice,
            adapters=self.adapters,
        )

    def _set_up(self, opened: OpenDatabase) -> None:
        state = opened.look(schema.read_state)
        if state is None:
            opened.exclusive(_create_if_empty)
        elif needs_migration(state, str(self.location)):
            raise SchemaOutOfDate(
                f"{self.location} has schema {state.number}, which is too old for this version of Crossdock. Run "
                f"'crossdock store migrate'; nothing was changed"
            )
        self._store_id = opened.look(schema.read_store_id)

    def _abandon(self) -> None:
        super()._abandon()
        if self._engine is not None:
            self._engine.dispose(close=False)

    def _release(self) -> None:
        super()._release()
        if self._engine is not None:
            self._engine.dispose()


def _renew(transaction: PostgreSQLTransaction, *, owner: str, now: str) -> None:
    transaction.run(renew, {"owner": owner, "now": now})


def _create_if_empty(connection: Any) -> None:
    schema.lock(connection)
    if schema.read_state(connection) is None:
        schema.create(connection)


def _not_durable_text(location: DatabaseLocation) -> str:
    return (
        f"{location}: fsync or synchronous_commit is off, so a message that was acknowledged can be lost when the "
        f"server's power fails. Set both to on"
    )
