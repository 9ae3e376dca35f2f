"""The part of psycopg that the store uses, and the forms in which values leave the database."""

from __future__ import annotations

import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import ConfigError
from crossdock.store.types import to_text

try:
    import psycopg
    from psycopg.adapt import Loader
    from psycopg.pq import ExecStatus, Format
    from psycopg.rows import tuple_row
except ImportError as missing:
    raise ConfigError(
        "store.url names a PostgreSQL database, which needs psycopg; install it with: "
        "pip install 'crossdock[postgresql]'"
    ) from missing

__all__ = ["Database", "psycopg"]

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg.pq.abc import PGresult

    from crossdock.store.postgresql.watch import Watched

_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_LARGEST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_SMALLEST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
_GOOD: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})
_JSON, _JSONB, _TIMESTAMPTZ = 114, 3802, 1184
"""Numbers of types. Source: PostgreSQL, ``pg_type.dat``."""


class _Moments(Loader):
    """Reads an instant as the UTC text in which SQLite holds it, so that one codec serves both."""

    format = Format.BINARY
    _second = None
    _text = ""

    def load(self, data: Any) -> str:
        second, micros = divmod(int.from_bytes(data, "big", signed=True), 1_000_000)
        if second != self._second:  # most instants are of the same second as the last
            whole = second * 1_000_000
            if not _SMALLEST <= whole <= _LARGEST:
                return "beyond the years 1 to 9999"
            self._text = to_text(_EPOCH + timedelta(microseconds=whole))[:20]
            self._second = second
        return f"{self._text}{micros:06d}"


class _JsonText(Loader):
    """Reads JSON as the text that it is; the codec decodes it when somebody looks at it."""

    format = Format.BINARY

    def load(self, data: Any) -> str:
        return str(data, "utf-8")


class _JsonbText(Loader):
    """Reads JSONB as text; its first byte is the number of the format, 1."""

    format = Format.BINARY

    def load(self, data: Any) -> str:
        return str(data[1:], "utf-8")


def _demand(result: PGresult, connection: Watched) -> None:
    """Raise the error that a result tells of; a connection that broke leaves one without a code."""
    if result.status in _GOOD:
        return
    error = psycopg.errors.error_from_result(result)
    if connection.closed and not error.sqlstate:
        connection.explain(error)
        raise psycopg.OperationalError(str(error))
    raise error


class Database:
    """One connection as the verbs use it: executes, and gives all rows.

    Args:
        connection: In autocommit mode, or inside a transaction of its owner.
        ours: The same, if it is used through this object alone: statements may be prepared on it under names of ours.
    """

    __slots__ = ("_cursor", "_names", "_numbers", "_ours", "_prepare", "connection", "settings")

    def __init__(self, connection: psycopg.Connection[Any], *, ours: Watched | None = None) -> None:
        self.connection = connection
        self._ours = ours
        self._prepare = True if ours is not None else None
        self.settings = ""
        """What each transaction begins with, unless it is set for the whole session."""
        self._names: dict[str, bytes] = {}
        self._numbers = itertools.count()
        self._cursor = psycopg.RawCursor(connection, row_factory=tuple_row)
        adapters = self._cursor.adapters
        adapters.register_loader(_TIMESTAMPTZ, _Moments)
        adapters.register_loader(_JSON, _JsonText)
        adapters.register_loader(_JSONB, _JsonbText)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Database:
        """Run one statement, its parameters named ``$1`` and so on; on a connection of ours it is prepared at once."""
        self._cursor.execute(sql.encode(), parameters or None, prepare=self._prepare, binary=True)
        return self

    def insert(self, sql: str, values: Sequence[str | int]) -> int | None:
        """Run one INSERT that returns the id of its row; None: it stored nothing.

        It goes past psycopg's cursor to libpq, which spares a lone sender a third of the way.
        """
        connection = self._ours
        if connection is None or connection.prepare_threshold is None:
            rows = self.execute(sql, values).fetchall()
            return rows[0][0] if rows else None
        connection.waiting_since = time.monotonic()
        try:
            result = self._insert_prepared(connection, sql, values)
        finally:
            connection.waiting_since = None
        return int.from_bytes(result.get_value(0, 0) or b"", "big") if result.ntuples else None

    def _insert_prepared(self, connection: Watched, sql: str, values: Sequence[str | int]) -> PGresult:
        libpq = connection.pgconn
        name = self._names.get(sql)
        if name is None:
            name = f"crossdock_{next(self._numbers)}".encode()
            _demand(libpq.prepare(name, sql.encode()), connection)
            self._names[sql] = name
        result = libpq.exec_prepared(name, [str(value).encode() for value in values], None, Format.BINARY)
        _demand(result, connection)
        return result

    def begin(self, sql: str) -> None:
        """Begin a transaction, with the settings in force that every one of ours has."""
        self.command(sql + self.settings)

    def command(self, sql: str) -> str:
        """Run statements without parameters, several in one go; return what the last one says it did.

        On a connection of ours it goes past psycopg's cursor: every transaction has two of them.
        """
        connection = self._ours
        if connection is None:
            self._cursor.execute(sql.encode())
            return self._cursor.statusmessage or ""
        connection.waiting_since = time.monotonic()
        try:
            result = connection.pgconn.exec_(sql.encode())
        finally:
            connection.waiting_since = None
        _demand(result, connection)
        return (result.command_status or b"").decode()

    def copy(self, sql: str, pieces: Iterable[str]) -> None:
        """Run a COPY FROM STDIN with rows in PostgreSQL's text format, in pieces of any size."""
        with self._cursor.copy(sql.encode()) as copy:
            for piece in pieces:
                copy.write(piece)

    def fetchall(self) -> list[Any]:
        """Return the rows of the last statement; none, if it was one that returns nothing."""
        result = self._cursor.pgresult  # its description would be made of objects, one for each column
        return self._cursor.fetchall() if result is not None and result.nfields else []

    def fetchone(self) -> Any:
        """Return the first row of the last statement, or None."""
        return self._cursor.fetchone()

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        return self._cursor.rowcount
