"""From SQLite's errors to ours: each says what happened, where, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreDamaged, StoreError, StoreFull, StoreUnavailable

if TYPE_CHECKING:
    from crossdock.store.sqlite.location import StoreLocation

_DAMAGED: Final = frozenset({"SQLITE_CORRUPT", "SQLITE_NOTADB"})
_BUSY: Final = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"})
_UNREACHABLE: Final = frozenset(
    {"SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_INTERRUPT"}
)
_OF_ONE_STATEMENT: Final = frozenset(
    {"", "SQLITE_ERROR", "SQLITE_CONSTRAINT", "SQLITE_MISMATCH", "SQLITE_TOOBIG"}
)


def is_of_one_statement(error: BaseException) -> bool:
    """Tell whether an error is about the one statement that it ended, and the transaction can go on without it."""
    return primary_name(error) in _OF_ONE_STATEMENT


def is_of_store(error: BaseException) -> bool:
    """Tell whether an error is about the file or the disk, and not about what was asked of it."""
    name = primary_name(getattr(error, "orig", None) or error)
    return name in _DAMAGED | _BUSY | _UNREACHABLE or name == "SQLITE_FULL"


def is_corruption(error: BaseException) -> bool:
    """Tell whether SQLite found a page that cannot be right."""
    return primary_name(error) == "SQLITE_CORRUPT"


def is_no_text(error: BaseException) -> bool:
    """Tell whether a row held text that is no UTF-8, which another program wrote."""
    return "Could not decode to UTF-8" in str(error)


def primary_name(error: BaseException) -> str:
    """Return the name of an error's primary result code (``SQLITE_BUSY`` for ``SQLITE_BUSY_SNAPSHOT``)."""
    name = str(getattr(error, "sqlite_errorname", "") or "")
    return "_".join(name.split("_")[:2])


def translate(error: BaseException, location: StoreLocation) -> StoreError:
    """Return our error for one of SQLite's."""
    name = primary_name(error)
    if isinstance(error, UnicodeDecodeError):
        return damaged(location, "its schema holds bytes that are no text")
    text = f"{location}: {error}"
    if name in _DAMAGED:
        return damaged(location, str(error))
    if name == "SQLITE_FULL":
        return StoreFull(f"{text}; nothing was stored. Free some disk space; it resumes by itself")
    if name in _BUSY or "locked" in str(error):
        return StoreUnavailable(
            f"{location}: another program kept the store locked for too long; nothing was changed. "
            f"Find the program that holds a transaction open ('crossdock doctor' helps)"
        )
    if name in _UNREACHABLE:
        return StoreUnavailable(
            f"{text} ({name}); nothing was acknowledged, and whether the last change was stored is not certain. "
            f"Check the disk and the file's permissions"
        )
    return StoreError(f"{text} ({name or type(error).__name__})")


def damaged(location: StoreLocation, why: Any) -> StoreDamaged:
    """Return the error for a store that must not be used any more."""
    return StoreDamaged(
        f"{location}: {why}. Nothing more is acknowledged. Stop all programs that use the store, then run "
        f"'crossdock store check' and, if it is damaged, 'crossdock store restore BACKUP'"
    )
