"""SQLAlchemy engines on a PostgreSQL store: for applications, and for transactions that commit with a settlement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy
from sqlalchemy import event

from crossdock.store.postgresql.dialect import SCHEMA
from crossdock.store.postgresql.location import parse_database_url
from crossdock.store.postgresql.watch import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

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


def engine_on(location: DatabaseLocation, patience_s: float, watch: Callable[[Watched], None]) -> Engine:
    """Return an engine for the transactions of handlers.

    Args:
        location: The database.
        patience_s: How long to try to connect.
        watch: Sees to it that nobody waits for ever on a connection.
    """
    arguments = {
        name: value
        for name, value in location.arguments(patience_s).items()
        if name not in location.url.query
    }
    engine = sqlalchemy.create_engine(location.url, connect_args=arguments, pool_pre_ping=True, pool_size=8)

    def connect(_dialect: object, _record: object, _given: object, arguments: dict[str, Any]) -> Watched:
        connection = Watched.open(**arguments)
        watch(connection)
        return connection

    event.listen(engine, "do_connect", connect)
    return _with_search_path(engine)


def _with_search_path(engine: Engine) -> Engine:
    """Say with each transaction where the store's tables are; a pooler may give it another session than the last."""

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(f'SET LOCAL search_path = "$user", public, {SCHEMA}')

    event.listen(engine, "begin", on_begin)
    return engine
