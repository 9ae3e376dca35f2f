"""One PostgreSQL store, open in one process: its connections, its transactions, its presence on this host."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crossdock.domain.errors import CrossdockError, StoreUnavailable
from crossdock.domain.message import sent_message
from crossdock.ports.clock import SystemClock
from crossdock.store.group_commit import GroupCommit, Unit
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.connections import Connections, discard, roll_back, session_name
from crossdock.store.postgresql.hosts import HostPresence
from crossdock.store.postgresql.reading import PostgreSQLReader
from crossdock.store.postgresql.transaction import PostgreSQLTransaction
from crossdock.store.postgresql.waking import HostWaker

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.domain.errors import StoreError
    from crossdock.domain.message import Envelope
    from crossdock.ports.clock import Clock
    from crossdock.store.postgresql.driver import Database
    from crossdock.store.postgresql.location import DatabaseLocation
    from crossdock.store.settings import StoreSettings
    from crossdock.store.transaction import PreparedStatements

T = TypeVar("T")
_PLANS: Final = "SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL jit = off"
"""A queue is never as the statistics say: whatever they say, each statement is to use its index."""
_SNAPSHOT: Final = f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {_PLANS}"
_COMMITTED: Final = "COMMIT"
_FEWEST_TOGETHER: Final = 2
_SMALLEST_LEAD: Final = timedelta(milliseconds=50)
"""Clocks that differ by less count as equal."""


class _Unclear(Exception):
    """The connection was lost while a transaction was being committed."""


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
    ) -> None:
        self.location = location
        self._clock = clock
        self._prepared = prepared
        self._patience_s = settings.lock_timeout.total_seconds()
        self._begin = f"BEGIN; {_PLANS}; SET LOCAL lock_timeout = {int(self._patience_s * 1000)}"
        self._writer: Database | None = None
        self._transaction: PostgreSQLTransaction | None = None
        self._closed = False
        with ExitStack() as opening:
            self.presence = HostPresence(location.folder, name)
            opening.callback(self.presence.leave)
            self.who = self.presence.owner
            self.connections = Connections(location, self._patience_s, session_name(self.who))
            self.waker = HostWaker(location, self.presence.boot_id, self.connections)
            opening.callback(self.waker.close)
            opening.callback(self.connections.close)
            self._write_through()
            self._clean_up = opening.pop_all()
        self.group = GroupCommit(self._commit, self._commit_one)

    def now(self) -> datetime:
        """Return the present by the database's clock, so that hosts agree on when a lease ends; aware UTC."""
        now = self._clock.now()
        facts = self.connections.facts
        if facts is None or not isinstance(self._clock, SystemClock) or abs(facts.ahead) < _SMALLEST_LEAD:
            return now
        return now + facts.ahead

    def read(self, query: Callable[[PostgreSQLReader], T]) -> T:
        """Ask something of one consistent snapshot; asked again if the server went away meanwhile.

        Raises:
            StoreUnavailable: The server is away, and our patience is over.
        """
        deadline = time.monotonic() + self._patience_s
        while True:
            database = self.connections.borrow(deadline)
            try:
                database.command(_SNAPSHOT)
                result = query(PostgreSQLReader(database, self._prepared, self.presence.ours))
                database.command(_COMMITTED)
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
        """Run ``action`` on a plain connection of the driver, in a transaction that finds the store's tables by name."""
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
        """Ask something through a connection outside a transaction."""
        database = self.connections.open()
        try:
            return question(database.connection)
        except errors.Error as error:
            raise errors.translate(error, self.location) from error
        finally:
            discard(database)

    def transaction_on(self, database: Database) -> PostgreSQLTransaction:
        """Return the verbs on a connection that is inside a transaction."""
        transaction = PostgreSQLTransaction(database, self._prepared, who=self.who)
        transaction.renew(self.now(), None)
        return transaction

    def close(self) -> None:
        """Close all connections and leave; safe to call twice."""
        self.group.close()
        self._closed = True
        self._drop_writer()
        self._clean_up.close()

    def abandoned(self) -> list[Any]:
        """Return the connections, for a forked child to leave alone for ever: closing them would end the parent's."""
        mine = [] if self._writer is None else [self._writer.connection]
        return [*mine, *self.connections.abandoned(), *self.waker.abandoned()]

    def _commit_one(self, work: Callable[[PostgreSQLTransaction], T]) -> T:
        """Execute the work of one caller, in one exchange with the server where that is possible."""
        try:
            result, transaction = self._persist(lambda repeated: self._transact_one(work, repeated), work)
        except errors.Error as error:
            raise self._explain(error) from error
        if transaction.woken:
            self.waker.wake(transaction.woken)
        return result

    def _commit(self, units: Sequence[Unit]) -> None:
        """Execute units in one transaction; each ends with its result or its error."""
        woken: set[str] = set()
        pending = list(units)
        repeated = False
        deadline = time.monotonic() + self._patience_s
        while pending:
            try:
                woken = self._transact(pending, repeated=repeated)
                break
            except _Unclear as error:
                others = [unit for unit in pending if not _only_sends(unit.work)]
                _fail(others, _unclear(self.location, error))
                pending = [unit for unit in pending if _only_sends(unit.work)]
                repeated = True
                if time.monotonic() >= deadline:
                    _fail(pending, _unclear(self.location, error))
                    break
            except errors.Error as error:
                if time.monotonic() >= deadline or not self._heals(error):
                    _fail(pending, self._explain(error))
                    break
            except CrossdockError as error:
                _fail(pending, _unclear(self.location, error) if repeated else error)
                break
        if woken:
            self.waker.wake(woken)

    def _persist(self, attempt: Callable[[bool], T], work: Callable[..., Any]) -> T:
        """Try until it is done, told or hopeless. After a lost commit only a send is tried again: it is asked by its id."""
        deadline = time.monotonic() + self._patience_s
        repeated = False
        while True:
            try:
                return attempt(repeated)
            except _Unclear as error:
                if not _only_sends(work) or time.monotonic() >= deadline:
                    raise _unclear(self.location, error) from error.__cause__
                repeated = True
            except errors.Error as error:
                if time.monotonic() >= deadline or not self._heals(error):
                    raise
            except StoreUnavailable as error:
                if repeated:
                    raise _unclear(self.location, error) from error
                raise

    def _heals(self, error: BaseException) -> bool:
        """Tell whether another try may succeed, and prepare it."""
        if errors.is_lost(error):
            self._drop_writer()
            self.connections.forget_idle()
            return True
        return errors.may_retry(error)

    def _transact_one(
        self,
        work: Callable[[PostgreSQLTransaction], T],
        repeated: bool,  # noqa: FBT001 - called from one place
    ) -> tuple[T, PostgreSQLTransaction]:
        database, transaction = self._write_through()
        transaction.is_repeated = repeated
        single = getattr(work, "single", None)
        if single is not None:
            transaction.renew(self.now(), None)
            return self._send_alone(database, transaction, *single, repeated=repeated), transaction
        try:
            database.command(self._begin)
            transaction.renew(self.now(), None)
            result = work(transaction)
            self._end(database)
        except BaseException:
            roll_back(database)
            raise
        return result, transaction

    def _send_alone(
        self,
        database: Database,
        transaction: PostgreSQLTransaction,
        draft: Any,
        envelope: Any,
        *,
        repeated: bool,
    ) -> Any:
        """Send one message without a transaction around it: the statement is one by itself."""
        try:
            return transaction.send(draft, envelope)
        except errors.Error as error:
            if errors.is_lost(error) and not repeated:
                self._drop_writer()
                raise _Unclear from error
            raise

    def _transact(self, units: Sequence[Unit], *, repeated: bool) -> set[str]:
        database, transaction = self._write_through()
        transaction.is_repeated = repeated
        if not repeated and (envelope := _shared_envelope(units)) is not None:
            return self._send_together(units, envelope, database, transaction)
        try:
            database.command(self._begin)
            transaction.renew(self.now(), None)
            failures = [self._execute_apart(unit, database, transaction) for unit in units]
            self._end(database)
        finally:
            roll_back(database)
        for unit, failure in zip(units, failures, strict=True):
            unit.error = failure  # only now: before the commit, an exception in the leader must fail them all
        return transaction.woken

    def _send_together(
        self,
        units: Sequence[Unit],
        envelope: Envelope,
        database: Database,
        transaction: PostgreSQLTransaction,
    ) -> set[str]:
        """Send the single messages of many callers with one statement, which is a transaction by itself."""
        transaction.renew(self.now(), None)
        drafts = [unit.work.single[0] for unit in units]  # type: ignore[union-attr]  # _shared_envelope made sure
        try:
            row_ids = transaction.insert_together(drafts, envelope)
        except errors.Error as error:
            if errors.is_lost(error):
                self._drop_writer()
                raise _Unclear from error
            if errors.is_of_one_statement(error):
                return self._one_by_one(units)
            raise
        held: list[Unit] = []
        for unit, draft in zip(units, drafts, strict=True):
            row_id = row_ids.get(draft.message_id)
            if row_id is None:
                held.append(unit)
            else:
                unit.result = sent_message(draft, envelope, row_id=row_id, sent_at=transaction.now)
                unit.error = None
        self._one_by_one(held)
        return {envelope.app}

    def _one_by_one(self, units: Sequence[Unit]) -> set[str]:
        woken: set[str] = set()
        for unit in units:
            try:
                unit.result = self._commit_one(unit.work)  # type: ignore[arg-type]  # they send
                unit.error = None
            except Exception as error:  # noqa: BLE001 - it is raised to the one whose unit it is
                unit.error = error
        return woken

    def _execute_apart(
        self, unit: Unit, database: Database, transaction: PostgreSQLTransaction
    ) -> BaseException | None:
        """Execute a unit in a savepoint of its own, so that a bad one fails alone."""
        assert unit.work is not None  # noqa: S101 - units without work commit nothing
        failure: BaseException | None = None
        database.command("SAVEPOINT unit")
        try:
            unit.result = unit.work(transaction)
        except errors.Error as error:
            if not errors.is_of_one_statement(error):
                raise
            failure = errors.translate(error, self.location)
        except Exception as error:  # noqa: BLE001 - it is raised to the one whose unit it is
            failure = error
        database.command("RELEASE unit" if failure is None else "ROLLBACK TO unit; RELEASE unit")
        return failure

    def _end(self, database: Database) -> None:
        """Commit.

        Raises:
            _Unclear: The connection was lost before the server's answer came.
        """
        try:
            told = database.command(_COMMITTED)
        except errors.Error as error:
            if errors.is_lost(error):
                self._drop_writer()
                raise _Unclear from error
            raise
        if told != _COMMITTED:
            raise StoreUnavailable(f"{self.location}: the server undid the transaction; nothing was changed")

    def _write_through(self) -> tuple[Database, PostgreSQLTransaction]:
        """Return the connection for writing, made anew if the last one was lost."""
        if self._writer is None or self._transaction is None:
            self._writer = self.connections.open()
            self._transaction = self.transaction_on(self._writer)
        return self._writer, self._transaction

    def _drop_writer(self) -> None:
        writer, self._writer, self._transaction = self._writer, None, None
        if writer is not None:
            discard(writer)

    def _explain(self, error: BaseException) -> StoreError:
        return errors.translate(error, self.location)


def _shared_envelope(units: Sequence[Unit]) -> Envelope | None:
    """Return the envelope of many single messages, all JSON or all bytes, each with an id of its own, or None."""
    if len(units) < _FEWEST_TOGETHER:
        return None
    found = [getattr(unit.work, "single", None) for unit in units]
    if found[0] is None or any(one is None or one[1] is not found[0][1] for one in found):
        return None
    drafts = [one[0] for one in found if one is not None]
    kinds = {draft.raw is None for draft in drafts}
    alike = len(kinds) == 1 and len({draft.message_id for draft in drafts}) == len(drafts)
    envelope: Envelope = found[0][1]
    return envelope if alike else None


def _only_sends(work: Any) -> bool:
    return bool(getattr(work, "only_sends", False))


def _unclear(location: DatabaseLocation, error: BaseException) -> StoreUnavailable:
    return StoreUnavailable(
        f"{location}: the connection was lost while a transaction was being committed ({error.__cause__ or error}); whether "
        f"it was is not certain. Ask for the message by its id, or do it again"
    )


def _fail(units: Sequence[Unit], error: CrossdockError) -> None:
    for unit in units:
        unit.result = None
        unit.error = error
