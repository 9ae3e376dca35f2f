"""A transaction for a handler: what it writes commits together with the acknowledgement of its delivery.

It has a connection of its own and keeps no other writer waiting, unless both want the same rows.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DBAPIError

from crossdock.domain.errors import LeaseLost, StoreError
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.outbox import driver_connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from crossdock.domain.delivery import Settlement
    from crossdock.store.postgresql.open_store import OpenDatabase

_inside: Final[ContextVar[bool]] = ContextVar("crossdock_inside_postgresql", default=False)
"""Whether the running code is in the block of a transaction; tasks and threads that it starts are, too."""


def refuse_inside() -> None:
    """Refuse what would be committed by itself although the code around it looks as if it were not.

    Raises:
        StoreError: The caller is inside a transaction.
    """
    if _inside.get():
        raise StoreError(
            "inside transaction() the store cannot be written by other means; "
            "pass its connection: queue.send(..., connection=connection)"
        )


class HandlerTransactions:
    """Begins transactions.

    Args:
        store: Where the delivery is.
        engine: Makes their connections.
        store_id: Of the store.
    """

    def __init__(self, store: OpenDatabase, engine: Engine, store_id: str) -> None:
        self._store = store
        self._engine = engine
        self._store_id = store_id

    @contextmanager
    def begin(
        self, settlement: Settlement, message_id: str, *, settled: Callable[[], None]
    ) -> Iterator[Connection]:
        """Give a connection; complete the delivery and commit at the end, undo everything on an exception.

        Raises:
            LeaseLost: The delivery is not ours any more.
            StoreUnavailable: The server went away; whether the commit took place may be unclear.
        """
        store = self._store
        before = _inside.set(True)
        try:
            with self._engine.connect() as connection, connection.begin():
                yield connection
                transaction = store.transaction_on(
                    driver_connection(connection, store.location, self._store_id)
                )
                if not transaction.settle([settlement]):
                    raise LeaseLost(
                        f"message {message_id} is no longer ours; nothing was written", [message_id]
                    )
        except (errors.Error, DBAPIError) as error:
            cause = getattr(error, "orig", None) or error
            if errors.is_lost(cause):
                raise errors.translate(cause, store.location) from error
            raise
        finally:
            _inside.reset(before)
        settled()
        store.after_commit(transaction.woken, transaction.events)
