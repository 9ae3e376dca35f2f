"""Sending inside a transaction of the application's own, on the file of the store."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import StoreError
from crossdock.store.outbox import unwrap

if TYPE_CHECKING:
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


def _same_file(dbapi: Any, connections: Connections) -> bool:
    files = [name for _, schema, name in dbapi.execute("PRAGMA database_list").fetchall() if schema == "main"]
    path = connections.location.path
    if path is None:
        return False
    with suppress(OSError):
        return os.path.samefile(files[0], path)
    return False
