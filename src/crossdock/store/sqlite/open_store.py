"""One SQLite store, open in one process: its connections, its turn to write, its presence among the processes."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from crossdock.domain.errors import CrossdockError, StoreDamaged, StoreError, StoreUnavailable
from crossdock.store.file_locks import WriteLock
from crossdock.store.forking import uninterrupted_by_fork
from crossdock.store.group_commit import GroupCommit, Unit, fail_all
from crossdock.store.known_limits import KnownLimits
from crossdock.store.liveness import LEFT_OPEN, Presence
from crossdock.store.outbox import after_commit
from crossdock.store.sqlite.connections import Connections, lenient
from crossdock.store.sqlite.disk import DiskGuard
from crossdock.store.sqlite.engine import engine_on
from crossdock.store.sqlite.errors import damaged, is_corruption, is_no_text, is_of_one_statement, translate
from crossdock.store.sqlite.outbox import driver_connection
from crossdock.store.sqlite.place import Place
from crossdock.store.sqlite.reading import SQLiteReader
from crossdock.store.sqlite.transaction import SQLiteTransaction
from crossdock.store.waking import MemoryWaker, Waker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Engine

    from crossdock.domain.events import Event
    from crossdock.ports.clock import Clock
    from crossdock.ports.notice import Notice
    from crossdock.store.settings import StoreSettings
    from crossdock.store.sqlite.build import SQLiteBuild
    from crossdock.store.sqlite.location import StoreLocation
    from crossdock.store.transaction import PreparedStatements

T = TypeVar("T")


class OpenStore:
    """Everything of a store that belongs to one process and must be made anew after a fork."""

    def __init__(
        self,
        location: StoreLocation,
        build: SQLiteBuild,
        settings: StoreSettings,
        *,
        name: str,
        clock: Clock,
        prepared: PreparedStatements,
        notice: Notice,
        adapters: Mapping[str, str],
    ) -> None:
        self.location = location
        self._notice = notice
        self.connections = Connections(location, build, settings)
        self._clock = clock
        self._prepared = prepared
        self._claim_check_bytes = settings.claim_check_bytes
        self._adapters = adapters
        self.limits = KnownLimits()
        self._readers: list[Any] = []
        self._damage: StoreDamaged | None = None
        self._closed = False
        self._engine: Engine | None = None
        self._clean_up = ExitStack()
        with ExitStack() as opening:
            self.presence = self._enter_folder(opening, name, settings)
            self.who = self.presence.owner if self.presence else f"{name}/memory"
            self._disk = DiskGuard(location.path.parent if location.path else None, settings.min_free_bytes)
            self.connections.register()
            opening.callback(self.connections.unregister)
            self._place = None if location.path is None else Place(location)
            self._check_place()
            self._writer = self.connections.open_writer()
            self._clean_up = opening.pop_all()
        self._transaction = self.transaction_on(self._writer)
        self.group = GroupCommit(self._commit, self._commit_one)

    def _enter_folder(self, opening: ExitStack, name: str, settings: StoreSettings) -> Presence | None:
        """Take our place among the processes of the store; what fails on the way leaves nothing behind."""
        self.write_lock: WriteLock | None = None
        if self.location.path is None:
            self.waker: Waker | MemoryWaker = MemoryWaker()
            return None
        folder = self.location.folder
        presence = Presence(folder, name, deaths=folder / LEFT_OPEN)
        opening.callback(presence.leave)
        self.waker = Waker(folder / "wake", presence.boot_id)
        opening.callback(self.waker.close)
        self.write_lock = WriteLock(folder / "write.lock", settings.lock_timeout)
        opening.callback(self.write_lock.close)
        return presence

    def read(self, query: Callable[[SQLiteReader], T]) -> T:
        """Ask something of one consistent snapshot.

        Raises:
            StoreError: The store cannot be read.
        """
        if self.location.path is None:
            return self.group.run(lambda _: self._query(self._writer, query))
        self._check_place()
        connection = self._readers.pop() if self._readers else self.connections.open()
        try:
            with uninterrupted_by_fork:
                connection.execute("BEGIN")
                try:
                    return self._query(connection, query)
                finally:
                    if connection.in_transaction:
                        connection.execute("COMMIT")
        except self.connections.errors as error:
            raise self.explain(error) from error
        finally:
            if self._closed:
                connection.close()
            else:
                self._readers.append(connection)

    def _query(self, connection: Any, query: Callable[[SQLiteReader], T]) -> T:
        reader = SQLiteReader(connection, self._prepared)
        try:
            return query(reader)
        except self.connections.errors as error:
            if not is_no_text(error):
                raise
            with lenient(connection):
                return query(reader)

    @property
    def engine(self) -> Engine:
        """A SQLAlchemy engine on this store, for transactions of handlers."""
        if self._engine is None:
            self._engine = engine_on(self.connections)
        return self._engine

    @contextmanager
    def writing_alone(self) -> Iterator[None]:
        """Keep all other writers waiting, those of this process and of others."""
        with self.group.alone():
            self._check_place()
            if self.write_lock:
                self.write_lock.acquire()
            try:
                yield
            finally:
                self._release()
            self._check_place()

    def let_others_write(self) -> None:
        """End the turn of ``writing_alone`` before its block ends."""
        self._release()

    def exclusive(self, action: Callable[[Any], T]) -> T:
        """Run ``action`` on the writing connection inside a transaction, alone among all processes."""
        try:
            with self.writing_alone(), uninterrupted_by_fork:
                self._writer.execute("BEGIN IMMEDIATE")
                try:
                    result = action(self._writer)
                    self._writer.execute("COMMIT")
                finally:
                    self._roll_back()
        except self.connections.errors as error:
            raise self.explain(error) from error
        return result

    def send_inside(self, connection: Any, work: Callable[[SQLiteTransaction], T]) -> T:
        """Do ``work`` in the caller's own transaction, which decides whether it counts."""
        dbapi = driver_connection(connection, self.connections)
        transaction = self.transaction_on(dbapi)
        try:
            with uninterrupted_by_fork:
                result = work(transaction)
        except self.connections.errors as error:
            raise self.explain(error) from error
        after_commit(connection, lambda: self.after_commit(transaction.woken, transaction.events))
        return result

    def look(self, question: Callable[[Any], T]) -> T:
        """Ask something through the writing connection, outside a transaction."""
        try:
            with uninterrupted_by_fork:
                return question(self._writer)
        except self.connections.errors as error:
            raise self.explain(error) from error

    def make_compact(self) -> None:
        """Let the file of a new store give back the space of what is removed; only an empty file takes it."""
        self.look(lambda database: database.execute("PRAGMA auto_vacuum = INCREMENTAL").fetchall())

    def prepare_journal(self) -> str:
        """Set the journal mode of the file and return it."""
        mode = self.look(self.connections.set_journal)
        if self.write_lock:
            self.write_lock.leaves_room = self.connections.safe_mode
        return mode

    def close(self) -> None:
        """Close all connections and leave; safe to call twice."""
        self.group.close()
        self._closed = True
        with uninterrupted_by_fork:
            for connection in (*self._readers, self._writer):
                with suppress(*self.connections.errors):  # a broken disk; what was acknowledged is on it
                    connection.close()
        self._readers.clear()
        self._clean_up.close()

    def abandoned(self) -> list[Any]:
        """Return the connections, for a forked child to leave alone for ever: closing them would undo locks."""
        return [*self._readers, self._writer]

    def _commit(self, units: Sequence[Unit]) -> None:
        """Execute units in one transaction; each ends with its result or its error."""
        done: tuple[set[str], list[Event]] = (set(), [])
        try:
            if self._damage is not None:
                raise self._damage
            if self.write_lock:
                self.write_lock.acquire()
            try:
                with uninterrupted_by_fork:
                    done = self._transact_anyhow(units)
            finally:
                self._release()
            self._check_place()
        except self.connections.errors as error:
            fail_all(units, self.explain(error))
        except CrossdockError as error:
            fail_all(units, error)
        except OSError as error:
            fail_all(units, self._explain_os(error))
        self.after_commit(*done)

    def _commit_one(self, work: Callable[[SQLiteTransaction], T]) -> T:
        """Do the same for one, with as little ado as can be: a lone sender waits for every microsecond of it."""
        if self._damage is not None:
            raise self._damage
        lock = self.write_lock
        transaction = self._transaction
        try:
            if lock:
                lock.acquire()
            try:
                with uninterrupted_by_fork:
                    result = self._transact_one(work, transaction)
            finally:
                if lock:
                    lock.release()
            self._check_place()
        except self.connections.errors as error:
            raise self.explain(error) from error
        except OSError as error:
            raise self._explain_os(error) from error
        if transaction.woken:
            self.waker.wake(transaction.woken)
        for event in transaction.events:
            self._notice(event)
        return result

    def after_commit(self, woken: set[str], events: Sequence[Event]) -> None:
        """Wake who has got something to do, and tell what happened."""
        if woken:
            self.waker.wake(woken)
        for event in events:
            self._notice(event)

    def _transact_one(self, work: Callable[[SQLiteTransaction], T], transaction: SQLiteTransaction) -> T:
        writer = self._writer
        is_simple = transaction.changes_by_one_statement(work)  # which is a transaction by itself
        try:
            if not is_simple:
                writer.execute("BEGIN IMMEDIATE")
            transaction.renew(self._clock.now(), self._disk.error())
            result = work(transaction)
            if not is_simple:
                writer.execute("COMMIT")
        except self.connections.errors as error:
            self._roll_back()
            if not is_no_text(error) or writer.text_factory is not str:
                raise
        except BaseException:
            self._roll_back()
            raise
        else:
            return result
        with lenient(writer):
            return self._transact_one(work, transaction)

    def _release(self) -> None:
        if self.write_lock:
            self.write_lock.release()

    def _transact_anyhow(self, units: Sequence[Unit]) -> tuple[set[str], list[Event]]:
        """Do it again if there was text in a row that is no UTF-8, which then is read as far as it goes."""
        try:
            return self._transact(units)
        except self.connections.errors as error:
            if not is_no_text(error):
                raise
            with lenient(self._writer):
                return self._transact(units)

    def _transact(self, units: Sequence[Unit]) -> tuple[set[str], list[Event]]:
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            transaction = self._transaction
            transaction.renew(self._clock.now(), self._disk.error())
            errors = [self._execute_apart(unit, transaction) for unit in units]
            writer.execute("COMMIT")
        finally:
            self._roll_back()
        for unit, error in zip(units, errors, strict=True):
            unit.error = error  # only now: before the commit, an exception in the leader must fail them all
        return transaction.woken, transaction.events

    def _execute(self, unit: Unit, transaction: SQLiteTransaction) -> BaseException | None:
        """Execute a unit and return why it failed; what would fail its neighbours too is raised."""
        assert unit.work is not None  # noqa: S101 - units without work commit nothing
        try:
            unit.result = unit.work(transaction)
        except self.connections.errors as error:
            if is_no_text(error) and self._writer.text_factory is str:
                raise
            if isinstance(error, UnicodeDecodeError) or not is_of_one_statement(error):
                raise
            return translate(error, self.location)
        except Exception as error:  # noqa: BLE001 - it is raised to the one whose unit it is
            return error
        return None

    def _execute_apart(self, unit: Unit, transaction: SQLiteTransaction) -> BaseException | None:
        """Execute a unit in a savepoint, so that a bad one fails alone; a single statement does so by itself."""
        if transaction.changes_by_one_statement(unit.work):
            return self._execute(unit, transaction)
        self._writer.execute("SAVEPOINT unit")
        known = len(transaction.events)
        error = self._execute(unit, transaction)
        if error is not None:
            del transaction.events[known:]
            self._writer.execute("ROLLBACK TO unit")
        self._writer.execute("RELEASE unit")
        return error

    def transaction_on(self, database: Any) -> SQLiteTransaction:
        """Return the verbs on a connection that is inside a write transaction."""
        options: dict[str, Any] = {"who": self.who, "limits": self.limits, "hears": self._notice.hears}
        transaction = SQLiteTransaction(database, self._prepared, **options)
        transaction.claim_check_bytes = self._claim_check_bytes
        transaction.adapters = self._adapters
        transaction.renew(self._clock.now(), self._disk.error())
        return transaction

    def _roll_back(self) -> None:
        if self._writer.in_transaction:
            self._writer.execute("ROLLBACK")

    def _check_place(self) -> None:
        """Make sure that the file is still the one that was opened, and not known to be damaged.

        Raises:
            StoreDamaged: It vanished, was replaced or was found damaged, now or earlier.
        """
        if self._damage is not None:
            raise self._damage
        if self._place is not None:
            fault = self._place.fault(wal=self.connections.journal_mode == "wal")
            if fault is not None:
                raise self._note(damaged(self.location, fault))

    def explain(self, error: BaseException) -> StoreError:
        """Return our error for one of the driver's; a file that is gone explains whatever follows from it."""
        cause = getattr(error, "orig", None) or error
        if self._place is not None and self._place_error() is None and is_corruption(cause):
            from crossdock.domain.examiner_events import StoreDamageFound  # noqa: PLC0415 - hardly ever needed

            told = damaged(self.location, self._place.note_damage(cause, self._clock.now()))
            self._notice(StoreDamageFound(cause="met at work", reason=str(told)))
        return self._place_error() or self._note(translate(cause, self.location))

    def _explain_os(self, error: OSError) -> StoreError:
        """Return our error for one of the folder beside the store."""
        return self._place_error() or StoreUnavailable(f"{self.location}: {error}; nothing was changed")

    def _place_error(self) -> StoreDamaged | None:
        try:
            self._check_place()
        except StoreDamaged as error:
            return error
        return None

    def _note(self, error: StoreError) -> StoreError:
        if isinstance(error, StoreDamaged):
            self._damage = error
        return error
