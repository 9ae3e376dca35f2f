"""The face of `sqlite3.dbapi2` over apsw, so that a store can run on a VFS written in Python.

`pysqlite3` and `sqlite3` cannot be given a VFS from Python; apsw can, but it speaks its own interface. This
module is passed as SQLAlchemy's `module=` or as `StoreSettings(sqlite_module=...)`. It has what those touch
and no more: no converters (`detect_types`), no `Row`, no `Blob`, no `autocommit` attribute of Python 3.12.

It follows `pysqlite3` where that and `sqlite3` differ: an INSERT behind a WITH has a `rowcount`.

Differences that a caller could see: a statement runs to its end inside `execute` and its rows are kept in
memory, and every error of a VFS written in Python reaches the caller, also one that SQLite itself would have
passed over.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self, TypeAlias

import apsw

from tests.power_loss.apsw_errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,  # noqa: A004 -- PEP 249 gives the name
    translated,
)

apilevel = "2.0"
paramstyle = "qmark"
threadsafety = 1
version = apsw.apsw_version()
sqlite_version = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

PARSE_DECLTYPES = 1
PARSE_COLNAMES = 2
SQLITE_LIMIT_VARIABLE_NUMBER = apsw.SQLITE_LIMIT_VARIABLE_NUMBER

Binary = memoryview
Date = date
Timestamp = datetime
DateFromTicks = date.fromtimestamp
TimestampFromTicks = datetime.fromtimestamp

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
Row: TypeAlias = Any  # a tuple, or what row_factory makes of it

_DML = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*(\w+)", re.DOTALL)


_ADAPTERS: dict[type, Callable[[Any], Any]] = {
    date: date.isoformat,
    datetime: lambda moment: moment.isoformat(" "),
}


def register_adapter(kind: type, adapter: Callable[[Any], Any], /) -> None:
    """Turn values of this exact type into one that SQLite stores."""
    _ADAPTERS[kind] = adapter


def connect(  # noqa: PLR0913 -- the signature is sqlite3's
    database: str,
    timeout: float = 5.0,
    *,
    detect_types: int = 0,
    isolation_level: str | None = "",
    check_same_thread: bool = True,
    factory: Callable[..., Connection] | None = None,
    cached_statements: int = 128,
    uri: bool = False,
) -> Connection:
    """Open a database; the arguments are those of `sqlite3.connect`."""
    if detect_types:
        raise NotSupportedError("this module has no converters")
    return (factory or Connection)(
        str(database),
        timeout=timeout,
        isolation_level=isolation_level,
        check_same_thread=check_same_thread,
        cached_statements=cached_statements,
        uri=uri,
    )


class Connection:
    """One connection, with the implicit BEGIN of `sqlite3` unless `isolation_level` is None."""

    Warning = Warning
    Error = Error
    InterfaceError = InterfaceError
    DatabaseError = DatabaseError
    DataError = DataError
    OperationalError = OperationalError
    IntegrityError = IntegrityError
    InternalError = InternalError
    ProgrammingError = ProgrammingError
    NotSupportedError = NotSupportedError

    def __init__(  # noqa: PLR0913 -- the signature is sqlite3's
        self,
        database: str,
        *,
        timeout: float,
        isolation_level: str | None,
        check_same_thread: bool,
        cached_statements: int,
        uri: bool,
    ) -> None:
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE | (apsw.SQLITE_OPEN_URI if uri else 0)
        self.isolation_level = isolation_level
        self.row_factory: Callable[[Cursor, tuple[Any, ...]], Any] | None = None
        self._owner = threading.get_ident() if check_same_thread else None
        self._closed = False
        with translated():
            self._db = apsw.Connection(database, flags=flags, statementcachesize=cached_statements)
            self._db.set_busy_timeout(round(timeout * 1000))
        self._db.convert_binding = _adapt

    def __enter__(self) -> Self:
        """Begin a block that commits at its end, or rolls back on an exception."""
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """Commit, or roll back after an exception; the connection stays open."""
        if kind is None:
            self.commit()
        else:
            self.rollback()

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self.database.in_transaction)

    @property
    def total_changes(self) -> int:
        """Rows changed since the connection was opened, by triggers too."""
        return int(self.database.total_changes())

    @property
    def database(self) -> apsw.Connection:
        """The connection beneath, after the checks that `sqlite3` makes before every call."""
        if self._closed:
            raise ProgrammingError("Cannot operate on a closed database.")
        if self._owner not in {None, threading.get_ident()}:
            raise ProgrammingError("SQLite objects created in a thread can only be used in that same thread.")
        return self._db

    def cursor(self, factory: Callable[[Connection], Cursor] | None = None) -> Cursor:
        """Return a new cursor."""
        _ = self.database
        return (factory or Cursor)(self)

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        """Run one statement on a new cursor."""
        return self.cursor().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Cursor:
        """Run one statement for each set of parameters on a new cursor."""
        return self.cursor().executemany(sql, parameters)

    def executescript(self, script: str, /) -> Cursor:
        """Commit what is open, then run a script on a new cursor."""
        return self.cursor().executescript(script)

    def commit(self) -> None:
        """Commit what is open; nothing open is no error."""
        self._end("COMMIT")

    def rollback(self) -> None:
        """Undo what is open; nothing open is no error."""
        self._end("ROLLBACK")

    def close(self) -> None:
        """Close; what is open is undone. Safe to call twice."""
        if not self._closed:
            database = self.database
            self._closed = True
            with translated():
                database.close(True)  # noqa: FBT003 -- apsw: also with statements left over

    def interrupt(self) -> None:
        """Make the running statement fail; may be called from any thread."""
        self._db.interrupt()

    def create_function(
        self, name: str, narg: int, func: Callable[..., Any] | None, /, *, deterministic: bool = False
    ) -> None:
        """Give SQL a function written in Python."""
        self.database.create_scalar_function(name, func, narg, deterministic=deterministic)

    def create_collation(self, name: str, func: Callable[[str, str], int] | None, /) -> None:
        """Give SQL an order written in Python."""
        self.database.create_collation(name, func)

    def set_progress_handler(self, handler: Callable[[], Any] | None, n: int, /) -> None:
        """Call `handler` every `n` steps; a true answer ends the statement."""
        self.database.set_progress_handler(handler, n)

    def getlimit(self, category: int, /) -> int:
        """Return a run-time limit."""
        return int(self.database.limit(category))

    def setlimit(self, category: int, limit: int, /) -> int:
        """Set a run-time limit and return the one before."""
        return int(self.database.limit(category, limit))

    def backup(
        self,
        target: Connection,
        *,
        pages: int = -1,
        progress: Callable[[int, int, int], Any] | None = None,
        name: str = "main",
        sleep: float = 0.250,
    ) -> None:
        """Copy this database into another with SQLite's backup interface."""
        with translated(), target.database.backup("main", self.database, name) as copy:
            while not copy.done:
                try:
                    copy.step(pages)
                except (apsw.BusyError, apsw.LockedError):
                    time.sleep(sleep)
                    continue
                if progress is not None:
                    progress(0, copy.remaining, copy.page_count)

    def begin_before(self, sql: str) -> None:
        """Open the transaction that `sqlite3` opens by itself before a statement that changes rows."""
        if self.isolation_level is not None and _first_word(sql) in _DML and not self.in_transaction:
            with translated():
                self.database.execute(f"BEGIN {self.isolation_level}")

    def _end(self, how: str) -> None:
        if self.in_transaction:
            with translated():
                self.database.execute(how)


class Cursor:
    """Runs statements and holds the rows of the last one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.lastrowid: int | None = None
        self.rowcount = -1
        self.description: tuple[tuple[Any, ...], ...] | None = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self._writes = False
        self._closed = False

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows not yet fetched."""
        return iter(self.fetchone, None)

    def execute(self, sql: str, parameters: Parameters = (), /) -> Cursor:
        """Run one statement to its end."""
        self._forget()
        self.connection.begin_before(sql)
        self._rows = iter(self._run(sql, parameters))
        if _first_word(sql) in _DML or (_first_word(sql) == "WITH" and self._writes):
            self.rowcount = self.connection.database.changes()
        self.lastrowid = self.connection.database.last_insert_rowid()
        return self

    def executemany(self, sql: str, parameters: Iterable[Parameters], /) -> Cursor:
        """Run one statement that changes rows, once for each set of parameters."""
        self._forget()
        if _first_word(sql) not in _DML | {"WITH"}:
            raise ProgrammingError("executemany() can only execute DML statements.")
        self.connection.begin_before(sql)
        total = 0
        for each in parameters:
            self._run(sql, each)
            total += self.connection.database.changes()
        self.description = None
        self.rowcount = total
        return self

    def executescript(self, script: str, /) -> Cursor:
        """Commit what is open, then run every statement of a script."""
        self._forget()
        self.connection.commit()
        with translated():
            self.connection.database.execute(script).fetchall()
        return self

    def fetchone(self) -> Row:
        """Return the next row, or None."""
        self._check_open()
        row = next(self._rows, None)
        if row is None or self.connection.row_factory is None:
            return row
        return self.connection.row_factory(self, row)

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return up to `size` rows, by default `arraysize`."""
        wanted = self.arraysize if size is None else size
        return [row for _, row in zip(range(wanted), self, strict=False)]

    def fetchall(self) -> list[Row]:
        """Return the rows not yet fetched."""
        return list(self)

    def close(self) -> None:
        """Close for good; safe to call twice."""
        self._forget()
        self._closed = True

    def setinputsizes(self, sizes: object, /) -> None:
        """PEP 249 asks for it; it does nothing."""

    def setoutputsize(self, size: object, column: object = None, /) -> None:
        """PEP 249 asks for it; it does nothing."""

    def _forget(self) -> None:
        self.description = None
        self.rowcount = -1
        self._rows = iter(())

    def _check_open(self) -> None:
        _ = self.connection.database
        if self._closed:
            raise ProgrammingError("Cannot operate on a closed cursor.")

    def _run(self, sql: str, parameters: Parameters) -> list[tuple[Any, ...]]:
        self._check_open()
        statements = 0

        def before_each(cursor: apsw.Cursor, _sql: str, _bindings: object) -> bool:
            nonlocal statements
            statements += 1
            if statements > 1:
                raise ProgrammingError("You can only execute one statement at a time.")
            names = [name for name, _ in cursor.get_description()]
            self.description = tuple((name, *[None] * 6) for name in names) or None
            self._writes = not cursor.is_readonly
            return True

        with translated():
            cursor = self.connection.database.cursor()
            cursor.exec_trace = before_each
            return cursor.execute(sql, parameters).fetchall()


def _first_word(sql: str) -> str:
    found = _FIRST_WORD.match(sql)
    return found.group(1).upper() if found else ""


def _adapt(_cursor: apsw.Cursor, number: int, value: object) -> apsw.SQLiteValue:
    adapter = _ADAPTERS.get(type(value))
    if adapter is None:
        kind = type(value).__name__
        raise ProgrammingError(f"Error binding parameter {number}: type '{kind}' is not supported")
    return adapter(value)
