"""A transaction for a handler: what it writes commits together with the acknowledgement of its delivery."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import DBAPIError

from crossdock.domain.errors import LeaseLost, StoreUnavailable
from crossdock.domain.events import TransactionSlow
from crossdock.store.sqlite.errors import is_of_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from crossdock.domain.delivery import Settlement
    from crossdock.ports.notice import Notice
    from crossdock.store.sqlite.open_store import OpenStore
    from crossdock.store.sqlite.transaction import SQLiteTransaction

WARN_AFTER_S: Final = 1.0
END_AFTER_S: Final = 5.0


@contextmanager
def handler_transaction(
    store: OpenStore, settlement: Settlement, message_id: str, *, settled: Callable[[], None], notice: Notice
) -> Iterator[Connection]:
    """Give a connection; complete the delivery and commit at the end, undo everything on an exception.

    Raises:
        LeaseLost: The delivery is not ours any more.
        StoreUnavailable: It took too long, and was ended so that others can write.
    """
    errors = store.connections.build.module.Error
    with store.writing_alone(), store.engine.connect() as connection:
        dbapi = connection.connection.dbapi_connection
        watch = _Watch(store, dbapi, notice)
        try:
            with connection.begin():
                yield connection
                watch.check()
                transaction = store.transaction_on(dbapi)
                _settle(transaction, settlement, message_id)
        except (errors, DBAPIError) as error:
            watch.check()
            if is_of_store(error):
                raise store.explain(error) from error
            raise
        except Exception:
            watch.check()
            raise
        finally:
            if watch.stop():
                connection.invalidate()
    settled()
    store.after_commit(transaction.woken, transaction.events)


def _settle(transaction: SQLiteTransaction, settlement: Settlement, message_id: str) -> None:
    if not transaction.settle([settlement]):
        raise LeaseLost(f"message {message_id} is no longer ours; nothing was written", [message_id])


class _Watch:
    """Warns, then ends a transaction that keeps other writers waiting."""

    def __init__(self, store: OpenStore, dbapi: Any, notice: Notice) -> None:
        self._store = store
        self._dbapi = dbapi
        self._expired = False
        text = f"a transaction() has kept all writers of {store.location} waiting for {WARN_AFTER_S:g} s"
        self._timers = (
            threading.Timer(WARN_AFTER_S, notice, (TransactionSlow(reason=text),)),
            threading.Timer(END_AFTER_S, self._end),
        )
        for timer in self._timers:
            timer.daemon = True
            timer.start()

    def check(self) -> None:
        """Make sure that the transaction still stands.

        Raises:
            StoreUnavailable: It was ended.
        """
        if self._expired:
            raise StoreUnavailable(
                f"{self._store.location}: a transaction() lasted longer than {END_AFTER_S:g} s and was undone; nothing "
                f"was written and the message is not acknowledged. Do slow work before it"
            )

    def stop(self) -> bool:
        """Stop watching; tell whether the transaction was ended."""
        for timer in self._timers:
            timer.cancel()
        return self._expired

    def _end(self) -> None:
        self._expired = True
        with suppress(Exception):  # the connection may be going away at this very moment
            self._dbapi.interrupt()
            self._dbapi.close()  # nothing that the handler still tries can be committed by itself
        self._store.let_others_write()
