"""Statements about how far adapters have come, and what they note on messages before they hand them over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parts import HELD, NEXT_REVISION, T, listed, param
from crossdock.store.tables import adapter_position, data_staging

if TYPE_CHECKING:
    from sqlalchemy import Delete, Insert, Select, Update

_P: Final = adapter_position.c


def put_position() -> Insert:
    """Note how far an app has come in something."""
    row = {"value": param("value"), "updated_at": param("now")}
    statement = sqlite_dialect.insert(adapter_position).values(app=param("app"), name=param("key"), **row)
    return statement.on_conflict_do_update(
        index_elements=["app", "name"], set_={name: statement.excluded[name] for name in row}
    )


def drop_position() -> Delete:
    """Forget it."""
    return delete(adapter_position).where(_P.app == param("app"), _P.name == param("key"))


def positions() -> Select[Any]:
    """Return how far an app has come in everything."""
    return select(_P.name, _P.value).where(_P.app == param("app")).order_by(_P.name)


def note() -> Update:
    """Note on messages of ``ids`` that are held by ``token`` where they go: what becomes their result."""
    return (
        update(data_staging)
        .where(listed(T.id), HELD)
        .values(result=param("note"), revision=NEXT_REVISION)
        .returning(T.id)
    )


def notes() -> Select[Any]:
    """Return what is noted on messages of ``ids``."""
    return select(T.id, T.result).where(and_(listed(T.id), T.result.is_not(None)))
