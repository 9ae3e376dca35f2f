"""Sending inside a transaction of the application's own (transactional outbox)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event

if TYPE_CHECKING:
    from collections.abc import Callable


def after_commit(connection: Any, action: Callable[[], None]) -> None:
    """Call ``action`` some time after the transaction was committed; a hint, never needed."""
    if _is_session(connection):
        event.listen(connection, "after_commit", lambda _: action(), once=True)
    elif isinstance(connection, Connection):
        event.listen(connection.engine.pool, "checkin", lambda *_: action(), once=True)


def _is_session(connection: Any) -> bool:
    """Tell whether it is an ORM session; where the ORM was never imported, which is slow, it cannot be."""
    orm = sys.modules.get("sqlalchemy.orm")
    return orm is not None and isinstance(connection, orm.Session)


def unwrap(connection: Any) -> Any:
    """Return the driver's connection behind a SQLAlchemy connection or session, inside a transaction."""
    if _is_session(connection):
        connection = connection.connection()
    if isinstance(connection, Connection):
        if not connection.in_transaction():
            connection.begin()
        return connection.connection.dbapi_connection
    return connection
