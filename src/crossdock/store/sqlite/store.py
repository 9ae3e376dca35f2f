"""The Message Store on SQLite: opens a file safely, survives a fork, and offers transactions and reads."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from crossdock.domain.errors import ConfigError, StoreError, StoreUnavailable
from crossdock.domain.events import StoreSafeMode
from crossdock.store.file_locks import turn
from crossdock.store.opened import OpenedStore
from crossdock.store.schema import needs_migration
from crossdock.store.sqlite import schema, shrinking, statistics
from crossdock.store.sqlite.build import OLDEST_USABLE, choose
from crossdock.store.sqlite.examining import Examinations
from crossdock.store.sqlite.handler_transaction import handler_transaction
from crossdock.store.sqlite.open_store import OpenStore
from crossdock.store.transaction import PreparedStatements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection

    from crossdock.domain.delivery import Settlement
    from crossdock.ports.clock import Clock
    from crossdock.ports.notice import Notice
    from crossdock.store.liveness import Presence
    from crossdock.store.settings import StoreSettings
    from crossdock.store.sqlite.build import SQLiteBuild
    from crossdock.store.sqlite.location import StoreLocation
    from crossdock.store.sqlite.reading import SQLiteReader
    from crossdock.store.sqlite.transaction import SQLiteTransaction

T = TypeVar("T")


class SQLiteStore(OpenedStore["StoreLocation", OpenStore]):
    """Messages in one SQLite file (or in memory), shared by any number of processes of this machine.

    Args:
        location: The file.
        settings: How to open it.
        name: What this process is called; together with a boot id it owns leases.
        clock: Tells the time for everything that is stored.
        notice: Is told what a person should know.

    Raises:
        ConfigError: No usable SQLite is installed, or the place cannot hold a store.
        SchemaOutOfDate: The store was made by a newer version.
        StoreError: The file cannot be opened, or is no store.
    """

    many_hosts = False
    journal_mode: str

    def __init__(
        self, location: StoreLocation, settings: StoreSettings, *, name: str, clock: Clock, notice: Notice
    ) -> None:
        super().__init__(location, settings, name=name, clock=clock, notice=notice)
        self.build = choose(settings.sqlite_module)
        self._prepared = PreparedStatements()
        _refuse_old(self.build)
        if location.path is not None:
            location.prepare()
        self._open_first()
        if self.build.affected and location.path is not None:
            notice(StoreSafeMode(reason=_safe_mode_text(self)))
        self._tell_opened()

    @property
    def in_memory(self) -> bool:
        """Whether the store is in this process alone."""
        return self.location.path is None

    @property
    def peers(self) -> Presence | None:
        """The other processes of the store; None for one in memory."""
        return self.open_store.presence

    @property
    def examinations(self) -> Examinations | None:
        """The examinations of the file; None for a store in memory."""
        if self.location.path is None:
            return None
        return Examinations(self.open_store.connections, self._settings)

    def now(self) -> Any:
        """Return the present, aware UTC."""
        return self._clock.now()

    def write(self, work: Callable[[SQLiteTransaction], T]) -> T:
        """Execute ``work`` in a durable transaction and return what it returned, after the commit.

        Concurrent calls share a transaction; if ``work`` raises, its own changes alone are undone.
        """
        return self.open_store.group.run(work)

    async def write_async(self, work: Callable[[SQLiteTransaction], T]) -> T:
        """Do the same without blocking the event loop."""
        return await self.open_store.group.run_async(work)

    def read(self, query: Callable[[SQLiteReader], T]) -> T:
        """Ask something of one consistent snapshot."""
        return self.open_store.read(query)

    async def read_async(self, query: Callable[[SQLiteReader], T]) -> T:
        """Do the same without blocking the event loop."""
        return await asyncio.to_thread(self.open_store.read, query)

    def send_inside(self, connection: Any, work: Callable[[SQLiteTransaction], T]) -> T:
        """Do ``work`` in the transaction of the caller's own connection, which decides whether it counts.

        Raises:
            StoreError: The connection is on another file, or of another SQLite library.
        """
        return self.open_store.send_inside(connection, work)

    def transaction(
        self, settlement: Settlement, message_id: str, settled: Callable[[], None]
    ) -> AbstractContextManager[Connection]:
        """Give a connection; what is written through it commits together with the settlement."""
        if self.location.path is None:
            raise StoreError("transaction() needs a store on disk; give the test a temporary file")
        return handler_transaction(
            self.open_store, settlement, message_id, settled=settled, notice=self._notice
        )

    def keep(self) -> None:
        """Nothing to do: on one host whoever finds a kept lease overdue looks at its owner and renews it."""

    def renew(self, owners: Sequence[str], now: datetime) -> None:
        """Nothing to do, likewise."""

    def tend(self) -> None:
        """Forget what ANALYZE noted about our tables, should somebody have run it since."""
        opened = self.open_store
        if self.location.path is not None and opened.read(lambda reader: reader.has_statistics()):
            opened.exclusive(statistics.forget)

    def alone(self, what: str) -> AbstractContextManager[bool]:
        """Be the only one of the store's processes that does ``what``; False: another is at it."""
        return nullcontext(True) if self.location.path is None else turn(self.location.folder, what)  # noqa: FBT003

    def shrink(self) -> bool:
        """Give back a bounded part of the file's unused space; False: there is not enough to be worth it."""
        opened = self.open_store
        if self.location.path is None or not opened.read(lambda reader: reader.has_free_space()):
            return False
        opened.exclusive(shrinking.shrink)
        return True

    def _make_open(self) -> OpenStore:
        return OpenStore(
            self.location,
            self.build,
            self._settings,
            name=self._name,
            clock=self._clock,
            prepared=self._prepared,
            notice=self._notice,
            adapters=self.adapters,
        )

    def _set_up(self, opened: OpenStore) -> None:
        state = opened.look(schema.read_state)
        if state is None:
            opened.make_compact()
        elif state.outside_writers:
            opened.connections.safe_mode = True
        self.journal_mode = opened.prepare_journal()
        if state is None:
            opened.exclusive(_create_if_empty)
        elif needs_migration(state, str(self.location)):
            from crossdock.store.migrate import upgrade  # noqa: PLC0415 - Alembic is slow to import

            with opened.writing_alone(), opened.engine.begin() as connection:
                upgrade(connection)
        if opened.connections.safe_mode and not (state and state.outside_writers):
            opened.exclusive(schema.remember_outside_writers)
        if state is not None and opened.look(statistics.are_kept):
            with suppress(StoreUnavailable):  # slow claims at worst, and the housekeeper tries again
                opened.exclusive(statistics.forget)

    def _reopen(self) -> None:
        super()._reopen()
        self._set_up(self._open)


def _create_if_empty(database: Any) -> None:
    if schema.read_state(database) is None:
        schema.create(database)


def _refuse_old(build: SQLiteBuild) -> None:
    if not build.usable:
        wanted = ".".join(map(str, OLDEST_USABLE))
        raise ConfigError(
            f"{build} is too old to hold a store; {wanted} is the oldest. Install pysqlite3 0.6.1 or newer"
        )


def _safe_mode_text(store: SQLiteStore) -> str:
    return (
        f"{store.build} can lose committed transactions in WAL mode, so {store.location} runs in the safe mode "
        f"(journal_mode=TRUNCATE, synchronous=EXTRA), which is slower. Install pysqlite3 0.6.1 or newer"
    )
