"""SQLAlchemy engines on a store: for applications, and for transactions that commit with an acknowledgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from crossdock.store.file_locks import WriteLock
from crossdock.store.forking import uninterrupted_by_fork
from crossdock.store.settings import StoreSettings
from crossdock.store.sqlite.build import choose
from crossdock.store.sqlite.connections import make_durable, note_opened
from crossdock.store.sqlite.location import is_postgresql, parse_url

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

    from crossdock.store.sqlite.connections import Connections

_WRITE_LOCK: Final = "crossdock_write_lock"


class ImmediateDialect(SQLiteDialect_pysqlite):
    """SQLite whose transactions begin IMMEDIATE, and take their turn among the processes of a store."""

    driver = "crossdock"
    supports_statement_cache = True

    def do_begin(self, dbapi_connection: Any) -> None:
        """Wait for the turn to write, then begin."""
        lock = _lock_of(dbapi_connection)
        if lock is not None:
            lock.acquire()
        try:
            with uninterrupted_by_fork:
                dbapi_connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            _release(dbapi_connection)
            raise

    def do_commit(self, dbapi_connection: Any) -> None:
        """Commit, then let others write."""
        with uninterrupted_by_fork:
            dbapi_connection.commit()
        _release(dbapi_connection)

    def do_rollback(self, dbapi_connection: Any) -> None:
        """Roll back, then let others write."""
        with uninterrupted_by_fork:
            dbapi_connection.rollback()
        _release(dbapi_connection)

    def do_execute(self, cursor: Any, statement: str, parameters: Any, _: Any = None) -> None:
        """Execute a statement; no fork comes in between."""
        with uninterrupted_by_fork:
            cursor.execute(statement, parameters)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, _: Any = None) -> None:
        """Execute a statement for each of many rows; no fork comes in between."""
        with uninterrupted_by_fork:
            cursor.executemany(statement, parameters)


registry.register("sqlite.crossdock", __name__, "ImmediateDialect")


def create_engine(url: str | URL, **options: Any) -> Engine:
    """Return an engine on a store's database, set up as Crossdock does it for itself.

    On PostgreSQL its transactions find the store's tables without their schema. On SQLite it uses the same build.

    One process must not open a file with two SQLite libraries: they would drop each other's locks. Transactions
    begin IMMEDIATE, so that a read that is followed by a write cannot fail; each commit is synced. On the file of a
    store they queue with Crossdock's own writers.

    Args:
        url: ``sqlite:///…`` or ``postgresql+psycopg://…``
        options: For ``sqlalchemy.create_engine``.

    Raises:
        ConfigError: Not a URL of a store.
    """
    if is_postgresql(url):
        from crossdock.store.postgresql.engine import create_engine as on_postgresql  # noqa: PLC0415 - seldom needed

        return on_postgresql(url, **options)
    location = parse_url(url)
    build = choose()
    timeout = StoreSettings().lock_timeout
    arguments = {"timeout": timeout.total_seconds(), **options.pop("connect_args", {})}
    ours = make_url(url).set(drivername="sqlite+crossdock")
    engine = sqlalchemy.create_engine(ours, module=build.module, connect_args=arguments, **options)

    def on_connect(dbapi_connection: Any, record: Any) -> None:
        dbapi_connection.isolation_level = None
        dbapi_connection.execute("PRAGMA foreign_keys = ON").fetchall()
        make_durable(dbapi_connection)
        if location.path is not None:
            note_opened(location, build)
            if location.folder.is_dir():
                record.info[_WRITE_LOCK] = WriteLock(location.folder / "write.lock", timeout)

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "close", _close_lock)
    return engine


def engine_on(connections: Connections) -> Engine:
    """Return an engine whose connections are made by a store, one for each use; the store has the turn to write."""
    return sqlalchemy.create_engine(
        "sqlite+crossdock://", module=connections.build.module, creator=connections.open, poolclass=NullPool
    )


def _release(dbapi_connection: Any) -> None:
    lock = _lock_of(dbapi_connection)
    if lock is not None:
        lock.release()


def _lock_of(dbapi_connection: Any) -> WriteLock | None:
    try:
        found: WriteLock | None = dbapi_connection.info.get(_WRITE_LOCK)
    except NotImplementedError:  # SQLAlchemy's first look at a connection that is not in a pool yet
        return None
    return found


def _close_lock(_: Any, record: Any) -> None:
    lock: WriteLock | None = record.info.pop(_WRITE_LOCK, None)
    if lock is not None:
        lock.close()
