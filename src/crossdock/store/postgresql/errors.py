"""From PostgreSQL's errors to ours: each says what happened, where, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreDamaged, StoreError, StoreFull, StoreUnavailable
from crossdock.store.postgresql.driver import psycopg

if TYPE_CHECKING:
    from crossdock.store.postgresql.location import DatabaseLocation

Error: Final = psycopg.Error
_AGAIN: Final = frozenset({"40001", "40P01"})
"""Two transactions stood in each other's way; the one that was undone may simply be tried again."""
_GOING_AWAY: Final = frozenset({"57P01", "57P02", "57P03", "57P04", "57P05", "25006", "53300"})
"""The server stops, starts, became a standby, or has no connection left: another connection is needed, or later."""
_WAITED_LONG: Final = frozenset({"55P03", "57014"})
"""The server ended a statement that had waited for a lock, by its own clock or because we asked it to."""
_DAMAGED: Final = frozenset({"XX001", "XX002"})
_OF_ONE_STATEMENT: Final = ("22", "23", "42", "P0")
"""Classes of errors about one statement. Source: PostgreSQL, "PostgreSQL Error Codes"."""
_WRONG: Final = frozenset({"28000", "28P01", "3D000"})
"""Credentials or the database's name: trying again helps nobody."""


def code_of(error: BaseException) -> str:
    """Return an error's five characters, or nothing."""
    return str(getattr(error, "sqlstate", None) or "")


def may_retry(error: BaseException) -> bool:
    """Tell whether the transaction that an error ended may be tried again on the same connection."""
    return code_of(error) in _AGAIN


def is_lost(error: BaseException) -> bool:
    """Tell whether an error means that the connection, or the server behind it, is gone."""
    code = code_of(error)
    if code:
        return code in _GOING_AWAY or code.startswith("08")
    return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))


def is_hopeless(error: BaseException) -> bool:
    """Tell whether a connection was refused for good."""
    text = str(error)
    return code_of(error) in _WRONG or any(
        told in text
        for told in ("authentication failed", "does not exist", "no pg_hba.conf entry", "no password")
    )


def is_of_one_statement(error: BaseException) -> bool:
    """Tell whether an error is about the one statement that it ended; its transaction can go on from a savepoint."""
    return code_of(error)[:2] in _OF_ONE_STATEMENT or isinstance(error, psycopg.DataError)


def translate(error: BaseException, location: DatabaseLocation) -> StoreError:
    """Return our error for one of PostgreSQL's."""
    code = code_of(error)
    text = " ".join(str(error).split())
    if code in _DAMAGED:
        return StoreDamaged(
            f"{location}: {text} ({code}). PostgreSQL found damage in its own files; stop the programs and restore a "
            f"backup of the database"
        )
    if code == "53100":
        return StoreFull(
            f"{location}: {text}; nothing was stored. Free some disk space; it resumes by itself"
        )
    if code in _WAITED_LONG:
        return StoreUnavailable(
            f"{location}: another program kept a row locked for too long; nothing was changed. Find the transaction "
            f"that is open in pg_stat_activity"
        )
    if is_lost(error):
        return StoreUnavailable(
            f"{location}: {text}; nothing was acknowledged. It resumes by itself when the server is back"
        )
    return StoreError(f"{location}: {text} ({code or type(error).__name__})")
