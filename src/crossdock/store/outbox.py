"""Sending inside a transaction of the application's own (transactional outbox)."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event

from crossdock.domain.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.store.sqlite.connections import Connections


def driver_connection(connection: Any, connections: Connections) -> Any:
    """Return the driver's connection behind a SQLAlchemy connection or session, inside a transaction.

    Raises:
        StoreError: It is on another file, or of another SQLite library.
    """
    dbapi = unwrap(connection)
    module = connections.build.module
    if not isinstance(dbapi, module.Connection):
        raise StoreError(
            f"connection: it is of {type(dbapi).__module__}, and the store {connections.location} is open through "
            f"{connections.build}; two SQLite libraries in one process destroy each other's locks. "
            f"Make the engine with crossdock.create_engine(url)"
        )
    if not _same_file(dbapi, connections):
        raise StoreError(
            f"connection: it is not on the store {connections.location}, so it cannot send there"
        )
    return dbapi


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


def _same_file(dbapi: Any, connections: Connections) -> bool:
    files = [name for _, schema, name in dbapi.execute("PRAGMA database_list").fetchall() if schema == "main"]
    path = connections.location.path
    if path is None:
        return False
    with suppress(OSError):
        return os.path.samefile(files[0], path)
    return False
