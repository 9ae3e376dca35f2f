"""The errors of PEP 249 for apsw's, with the classes that `sqlite3` gives to SQLite's result codes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import apsw

if TYPE_CHECKING:
    from collections.abc import Iterator


class Warning(Exception):  # noqa: A001 -- PEP 249 gives the name
    """PEP 249: something worth noticing."""


class Error(Exception):
    """PEP 249: the root of all errors.

    `sqlite_errorcode` is SQLite's extended result code and `sqlite_errorname` its name, as in `sqlite3`;
    an error that did not come from SQLite has neither.
    """

    sqlite_errorcode: int
    sqlite_errorname: str


class InterfaceError(Error):
    """PEP 249: the interface was misused, not the database."""


class DatabaseError(Error):
    """PEP 249: the database said no."""


class DataError(DatabaseError):
    """PEP 249: a value is out of range."""


class OperationalError(DatabaseError):
    """PEP 249: the database could not work: locked, full, unreadable."""


class IntegrityError(DatabaseError):
    """PEP 249: a constraint was violated."""


class InternalError(DatabaseError):
    """PEP 249: the database is at odds with itself."""


class ProgrammingError(DatabaseError):
    """PEP 249: the caller asked for something that makes no sense."""


class NotSupportedError(DatabaseError):
    """PEP 249: this module cannot do that."""


# What CPython's `_pysqlite_seterror` does with a primary result code; any other is a DatabaseError.
_CLASS_OF_CODE: dict[int, type[Exception]] = {
    apsw.SQLITE_INTERNAL: InternalError,
    apsw.SQLITE_NOTFOUND: InternalError,
    apsw.SQLITE_NOMEM: MemoryError,
    apsw.SQLITE_TOOBIG: DataError,
    apsw.SQLITE_CONSTRAINT: IntegrityError,
    apsw.SQLITE_MISMATCH: IntegrityError,
    apsw.SQLITE_MISUSE: InterfaceError,
    apsw.SQLITE_RANGE: InterfaceError,
} | dict.fromkeys(
    (
        apsw.SQLITE_ERROR,
        apsw.SQLITE_PERM,
        apsw.SQLITE_ABORT,
        apsw.SQLITE_BUSY,
        apsw.SQLITE_LOCKED,
        apsw.SQLITE_READONLY,
        apsw.SQLITE_INTERRUPT,
        apsw.SQLITE_IOERR,
        apsw.SQLITE_FULL,
        apsw.SQLITE_CANTOPEN,
        apsw.SQLITE_PROTOCOL,
        apsw.SQLITE_EMPTY,
        apsw.SQLITE_SCHEMA,
    ),
    OperationalError,
)


@contextmanager
def translated() -> Iterator[None]:
    """Raise apsw's errors as the classes of PEP 249."""
    try:
        yield
    except apsw.ConnectionClosedError as error:
        raise ProgrammingError("Cannot operate on a closed database.") from error
    except KeyError as error:
        raise ProgrammingError(f"You did not supply a value for binding {error}.") from error
    except apsw.Error as error:
        raise _translation(error) from error


def _translation(error: apsw.Error) -> Exception:
    code = getattr(error, "extendedresult", None)
    if not code:
        return ProgrammingError(str(error))
    mine = _CLASS_OF_CODE.get(code & 0xFF, DatabaseError)(str(error))
    if isinstance(mine, Error):
        mine.sqlite_errorcode = code
        mine.sqlite_errorname = _name_of(code)
    return mine


def _name_of(code: int) -> str:
    known = apsw.mapping_extended_result_codes if code > 0xFF else apsw.mapping_result_codes
    return str(known.get(code, "UNKNOWN"))
