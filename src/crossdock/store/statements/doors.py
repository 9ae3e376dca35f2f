"""Statements about API keys, and about answers that were given before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, delete, func, select, text, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parameters import Instant
from crossdock.store.statements.parts import LIMIT, param
from crossdock.store.tables import api_key, kept_answer
from crossdock.store.types import UtcTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Delete, Insert, Select, Update

_K: Final = api_key.c
_A: Final = kept_answer.c
KEY_COLUMNS: Final = (
    _K.id, _K.name, _K.digest, _K.scopes, _K.app, _K.created_at, _K.created_by, _K.expires_at, _K.last_used_at,
    _K.revoked_at,
)  # fmt: skip
"""What is known of a key, in the order that ``store.doors`` reads."""
_OF_REQUEST: Final = (
    _A.caller == param("caller"),
    _A.operation == param("operation"),
    _A.name == param("which"),
)


def key_by_id() -> Select[Any]:
    """Return one key."""
    return select(*KEY_COLUMNS).where(_K.id == param("which"))


def key_held() -> Select[Any]:
    """Return one key, and keep it from changing."""
    return key_by_id().with_for_update()


def all_keys() -> Select[Any]:
    """Return every key, the oldest first."""
    return select(*KEY_COLUMNS).order_by(_K.created_at, _K.id)


def any_key() -> Select[Any]:
    """Return the id of a key, if there is one."""
    return select(_K.id).suffix_with(text("LIMIT 1"))


def insert_key(columns: Sequence[str]) -> Insert:
    """Store a key."""
    return sqlite_dialect.insert(api_key).values({name: _value(name) for name in columns})


def revoke_key() -> Update:
    """Let a key open nothing; one that was revoked stays as it is."""
    return (
        update(api_key)
        .where(_K.id == param("which"))
        .values(revoked_at=func.coalesce(_K.revoked_at, param("now")))
        .returning(*KEY_COLUMNS)
    )


def expire_key() -> Update:
    """Let a key end at an instant, unless it ends earlier."""
    sooner = _K.expires_at < param("until")
    return (
        update(api_key)
        .where(_K.id == param("which"))
        .values(expires_at=func.coalesce(case((sooner, _K.expires_at)), param("until")))
        .returning(*KEY_COLUMNS)
    )


def note_use() -> Update:
    """Note when a key was used."""
    return update(api_key).where(_K.id == param("which")).values(last_used_at=param("now"))


def find_answer() -> Select[Any]:
    """Return an answer that is kept, and not too old."""
    return select(_A.fingerprint, _A.status, _A.location, _A.body).where(
        *_OF_REQUEST, _A.created_at > param("since")
    )


def keep_answer() -> Insert:
    """Keep an answer; one that is too old, and has not been removed yet, makes room."""
    row = {
        "fingerprint": param("fingerprint"),
        "status": param("status"),
        "location": param("location"),
        "body": param("body"),
        "created_at": param("now"),
    }
    statement = sqlite_dialect.insert(kept_answer).values(
        caller=param("caller"), operation=param("operation"), name=param("which"), **row
    )
    return statement.on_conflict_do_update(
        index_elements=["caller", "operation", "name"],
        set_={name: statement.excluded[name] for name in row},
    )


def forget_answers() -> Delete:
    """Remove some answers that are too old, the oldest first."""
    old = select(_A.id).where(_A.created_at <= param("since")).order_by(_A.created_at).suffix_with(LIMIT)
    return delete(kept_answer).where(_A.id.in_(old))


def _value(name: str) -> Any:
    """Return the parameter for a column; it may be None, since keys are written seldom."""
    return Instant(name) if isinstance(_K[name].type, UtcTimestamp) else param(name)
