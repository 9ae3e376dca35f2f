"""Sending inside a transaction of the application's own (transactional outbox)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreError
from crossdock.store.outbox import unwrap
from crossdock.store.postgresql.dialect import SCHEMA
from crossdock.store.postgresql.driver import Database, psycopg

if TYPE_CHECKING:
    from crossdock.store.postgresql.location import DatabaseLocation

_WHICH: Final = f"SELECT store_id FROM {SCHEMA}.crossdock_schema"  # noqa: S608 - our own name


def driver_connection(connection: Any, location: DatabaseLocation, store_id: str) -> Database:
    """Return the driver's connection behind a SQLAlchemy connection or session, inside a transaction.

    Raises:
        StoreError: It is on another database, of another driver, or commits each statement by itself.
    """
    dbapi = unwrap(connection)
    if not isinstance(dbapi, psycopg.Connection):
        raise StoreError(
            f"connection: it is of {type(dbapi).__module__}, and the store {location} is open through psycopg. "
            f"Make the engine with crossdock.create_engine(url)"
        )
    database = Database(dbapi)
    try:
        (found,) = database.execute(_WHICH).fetchone()
    except psycopg.errors.UndefinedTable:
        found = None
    if found != store_id:
        raise StoreError(f"connection: it is not on the store {location}, so it cannot send there")
    if dbapi.info.transaction_status != psycopg.pq.TransactionStatus.INTRANS:
        raise StoreError("connection: it commits each statement by itself; begin a transaction first")
    return database
