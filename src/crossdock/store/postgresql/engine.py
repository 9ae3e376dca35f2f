"""SQLAlchemy engines on a PostgreSQL store: for applications, and for transactions that commit with a settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import event

from crossdock.store.postgresql.dialect import SCHEMA
from crossdock.store.postgresql.location import parse_database_url

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

    from crossdock.store.postgresql.location import DatabaseLocation


def create_engine(url: str | URL, **options: Any) -> Engine:
    """Return an engine on a PostgreSQL database whose transactions find the store's tables without their schema.

    Args:
        url: ``postgresql+psycopg://…``
        options: For ``sqlalchemy.create_engine``.
    """
    return _with_search_path(sqlalchemy.create_engine(parse_database_url(url).url, **options))


def engine_on(location: DatabaseLocation) -> Engine:
    """Return an engine for the transactions of handlers."""
    arguments = {
        name: value for name, value in location.arguments().items() if name not in location.url.query
    }
    return _with_search_path(
        sqlalchemy.create_engine(location.url, connect_args=arguments, pool_pre_ping=True, pool_size=8)
    )


def _with_search_path(engine: Engine) -> Engine:
    """Say with each transaction where the store's tables are; a pooler may give it another session than the last."""

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f'SET LOCAL search_path = "$user", public, {SCHEMA}')

    event.listen(engine, "begin", on_begin)
    return engine
