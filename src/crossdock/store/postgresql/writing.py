"""Writing to a PostgreSQL store: one connection, units of work in shared transactions, and what to do when it breaks.

Before the commit everything can be tried again. When the connection is lost *during* the commit nobody knows whether it
took place; then what only sends is tried again, since messages are found by their ids, and all else is told.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from crossdock.domain.errors import CrossdockError, QueueFull, StoreUnavailable
from crossdock.domain.message import sent_message
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.connections import COMMITTED, discard, roll_back

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from crossdock.domain.errors import StoreError
    from crossdock.domain.events import Event
    from crossdock.domain.message import Draft, Envelope
    from crossdock.store.group_commit import Unit
    from crossdock.store.postgresql.connections import Connections
    from crossdock.store.postgresql.driver import Database
    from crossdock.store.postgresql.location import DatabaseLocation
    from crossdock.store.postgresql.transaction import PostgreSQLTransaction

T = TypeVar("T")
_FEWEST_TOGETHER: Final = 2


class Unclear(Exception):
    """The connection was lost while a transaction was being committed."""


class Writer:
    """Executes work in transactions, for the leader of a group.

    Args:
        connections: Where connections come from.
        transaction_on: Returns the verbs on a connection.
        after_commit: Is told the apps that have got something, and what happened.
        hurried: Others wait for each transaction, so none waits long for a partition key.
    """

    def __init__(
        self,
        connections: Connections,
        transaction_on: Callable[[Database], PostgreSQLTransaction],
        after_commit: Callable[[set[str], Sequence[Event]], None],
        *,
        hurried: bool,
    ) -> None:
        self._hurried = hurried
        self._connections = connections
        self._transaction_on = transaction_on
        self._after_commit = after_commit
        self._patience_s = connections.patience_s
        self._begin = f"BEGIN; SET LOCAL lock_timeout = {int(self._patience_s * 1000)}"
        self._database: Database | None = None
        self._transaction: PostgreSQLTransaction | None = None

    def commit_one(self, work: Callable[[PostgreSQLTransaction], T]) -> T:
        """Execute the work of one caller, in one exchange with the server where that is possible."""
        try:
            result, transaction = self._persist(lambda repeated: self._transact_one(work, repeated), work)
        except errors.Error as error:
            raise self._explain(error) from error
        if transaction.woken or transaction.events:
            self._after_commit(transaction.woken, transaction.events)
        return result

    def commit(self, units: Sequence[Unit]) -> None:
        """Execute units in one transaction; each ends with its result or its error."""
        woken: set[str] = set()
        events: Sequence[Event] = ()
        pending = list(units)
        repeated = False
        deadline = time.monotonic() + self._patience_s
        while pending:
            try:
                woken, events = self._transact(pending, repeated=repeated)
                break
            except Unclear as error:
                others = [unit for unit in pending if not _only_sends(unit.work)]
                _fail(others, _unclear(self._connections.location, error))
                pending = [unit for unit in pending if _only_sends(unit.work)]
                repeated = True
                if time.monotonic() >= deadline:
                    _fail(pending, _unclear(self._connections.location, error))
                    break
            except errors.Error as error:
                if time.monotonic() >= deadline or not self._heals(error):
                    _fail(pending, self._explain(error))
                    break
            except CrossdockError as error:
                _fail(pending, _unclear(self._connections.location, error) if repeated else error)
                break
        self._after_commit(woken, events)

    def _persist(self, attempt: Callable[[bool], T], work: Callable[..., Any]) -> T:
        """Try until it is done or hopeless; after a lost commit only what sends, which is known by its ids."""
        deadline = time.monotonic() + self._patience_s
        repeated = False
        while True:
            try:
                return attempt(repeated)
            except Unclear as error:
                if not _only_sends(work) or time.monotonic() >= deadline:
                    raise _unclear(self._connections.location, error) from error.__cause__
                repeated = True
            except errors.Error as error:
                if time.monotonic() >= deadline or not self._heals(error):
                    raise
            except StoreUnavailable as error:
                if repeated:
                    raise _unclear(self._connections.location, error) from error
                raise

    def _heals(self, error: BaseException) -> bool:
        """Tell whether another try may succeed, and prepare it."""
        if errors.is_lost(error):
            self._drop()
            self._connections.forget_idle()
            return True
        return errors.may_retry(error)

    def _transact_one(
        self,
        work: Callable[[PostgreSQLTransaction], T],
        repeated: bool,  # noqa: FBT001 - called from one place
    ) -> tuple[T, PostgreSQLTransaction]:
        database, transaction = self.connect()
        transaction.is_repeated = repeated
        single = getattr(work, "single", None)
        if single is not None and not transaction.is_large(single[0]):
            transaction.begin()
            return self._send_alone(transaction, *single, repeated=repeated), transaction
        try:
            database.begin(self._begin)
            transaction.begin()
            result = work(transaction)
            self._end(database)
        except BaseException:
            roll_back(database)
            raise
        return result, transaction

    def _send_alone(
        self,
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
                self._drop()
                raise Unclear from error
            raise

    def _transact(self, units: Sequence[Unit], *, repeated: bool) -> tuple[set[str], Sequence[Event]]:
        database, transaction = self.connect()
        transaction.is_repeated = repeated
        if not repeated and (envelope := _shared_envelope(units, transaction.is_large)) is not None:
            return self._send_together(units, envelope, transaction), ()
        try:
            database.begin(self._begin)
            transaction.begin()
            failures = [self._execute_apart(unit, database, transaction) for unit in units]
            self._end(database)
        finally:
            roll_back(database)
        for unit, failure in zip(units, failures, strict=True):
            unit.error = failure  # only now: before the commit, an exception in the leader must fail them all
        return transaction.woken, transaction.events

    def _send_together(
        self,
        units: Sequence[Unit],
        envelope: Envelope,
        transaction: PostgreSQLTransaction,
    ) -> set[str]:
        """Send the single messages of many callers with one statement, which is a transaction by itself."""
        transaction.begin()
        try:
            transaction.admit(envelope.app, len(units))
        except QueueFull:
            return self._one_by_one(units)
        drafts = [unit.work.single[0] for unit in units]  # type: ignore[union-attr]  # _shared_envelope made sure
        try:
            row_ids = transaction.insert_together(drafts, envelope)
        except errors.Error as error:
            if errors.is_lost(error):
                self._drop()
                raise Unclear from error
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
                unit.result = self.commit_one(unit.work)  # type: ignore[arg-type]  # they send
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
        known = len(transaction.events)
        database.command("SAVEPOINT unit")
        try:
            unit.result = unit.work(transaction)
        except errors.Error as error:
            if not errors.is_of_one_statement(error):
                raise
            failure = errors.translate(error, self._connections.location)
        except Exception as error:  # noqa: BLE001 - it is raised to the one whose unit it is
            failure = error
        if failure is not None:
            del transaction.events[known:]
            transaction.forget_keys()
        database.command("RELEASE unit" if failure is None else "ROLLBACK TO unit; RELEASE unit")
        return failure

    def _end(self, database: Database) -> None:
        """Commit.

        Raises:
            Unclear: The connection was lost before the server's answer came.
        """
        try:
            told = database.command(COMMITTED)
        except errors.Error as error:
            if errors.is_lost(error):
                self._drop()
                raise Unclear from error
            raise
        if told != COMMITTED:
            raise StoreUnavailable(
                f"{self._connections.location}: the server undid the transaction; nothing was changed"
            )

    def connect(self) -> tuple[Database, PostgreSQLTransaction]:
        """Return the connection for writing, made anew if the last one was lost."""
        if self._database is None or self._transaction is None:
            self._database = self._connections.open()
            self._transaction = self._transaction_on(self._database)
            self._transaction.hurried = self._hurried
            self._transaction.lock_timeout_ms = int(self._patience_s * 1000)
        return self._database, self._transaction

    def _drop(self) -> None:
        writer, self._database, self._transaction = self._database, None, None
        if writer is not None:
            discard(writer)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._drop()

    def abandoned(self) -> list[Any]:
        """Return the connection, for a forked child to leave alone for ever."""
        return [] if self._database is None else [self._database.connection]

    def _explain(self, error: BaseException) -> StoreError:
        return errors.translate(error, self._connections.location)


def _shared_envelope(units: Sequence[Unit], is_large: Callable[[Draft], bool]) -> Envelope | None:
    """Return the envelope of many single messages, all JSON or all bytes, each with an id of its own, or None."""
    if len(units) < _FEWEST_TOGETHER:
        return None
    found = [getattr(unit.work, "single", None) for unit in units]
    if found[0] is None or any(one is None or one[1] is not found[0][1] for one in found):
        return None
    drafts = [one[0] for one in found if one is not None]
    kinds = {draft.raw is None for draft in drafts}
    alike = len(kinds) == 1 and len({draft.message_id for draft in drafts}) == len(drafts)
    alike = alike and not any(map(is_large, drafts))  # more than one statement each
    envelope: Envelope = found[0][1]
    return envelope if alike else None


def _only_sends(work: Any) -> bool:
    return bool(getattr(work, "only_sends", False))


def _unclear(location: DatabaseLocation, error: BaseException) -> StoreUnavailable:
    return StoreUnavailable(
        f"{location}: the connection was lost while a transaction was being committed "
        f"({error.__cause__ or error}); whether it was is not certain. Ask for the message by its id, or do it again"
    )


def _fail(units: Sequence[Unit], error: CrossdockError) -> None:
    for unit in units:
        unit.result = None
        unit.error = error
