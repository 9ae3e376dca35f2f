"""SQLAlchemy engines on a store: for applications, and for transactions that commit with an acknowledgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from crossdock.store.connections import note_opened
from crossdock.store.location import parse_url
from crossdock.store.sqlite_build import choose

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.engine import URL

    from crossdock.store.connections import Connections

_BUSY_TIMEOUT_S: Final = 10


def create_engine(url: str | URL, **options: Any) -> Engine:
    """Return an engine on a SQLite file with the SQLite build that Crossdock uses itself.

    One process must not open a file with two SQLite libraries: they would drop each other's locks. Transactions
    begin IMMEDIATE, so that a read that is followed by a write cannot fail; each commit is synced.

    Args:
        url: ``sqlite:///…``
        options: For ``sqlalchemy.create_engine``.

    Raises:
        ConfigError: Not a URL of SQLite.
    """
    location = parse_url(url)
    build = choose()
    arguments = {"timeout": _BUSY_TIMEOUT_S, **options.pop("connect_args", {})}
    engine = sqlalchemy.create_engine(make_url(url), module=build.module, connect_args=arguments, **options)

    def on_connect(dbapi_connection: Any, _: Any) -> None:
        dbapi_connection.isolation_level = None
        for pragma in ("PRAGMA foreign_keys = ON", "PRAGMA synchronous = FULL"):
            dbapi_connection.execute(pragma).fetchall()
        if location.path is not None:
            note_opened(location, build)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def engine_on(connections: Connections) -> Engine:
    """Return an engine whose connections are made by a store, one for each use."""
    engine = sqlalchemy.create_engine(
        "sqlite://", module=connections.build.module, creator=connections.open, poolclass=NullPool
    )
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
