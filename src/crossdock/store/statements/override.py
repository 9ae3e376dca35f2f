"""Statements about what was said of apps through the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parts import number, param
from crossdock.store.tables import app_override

if TYPE_CHECKING:
    from sqlalchemy import Insert, Select, Update
    from sqlalchemy.sql.dml import ReturningDelete

_O: Final = app_override.c


def insert_override() -> Insert:
    """Say something of an app, unless something is said of it."""
    row = {"document": param("document"), "updated_at": param("now"), "updated_by": param("who")}
    statement = sqlite_dialect.insert(app_override).values(app=param("app"), **row)
    return statement.on_conflict_do_nothing(index_elements=["app"]).returning(app_override.c.app)


def update_override() -> Update:
    """Say something else of an app, if what was read is what still stands."""
    row = {"document": param("document"), "updated_at": param("now"), "updated_by": param("who")}
    return (
        update(app_override)
        .where(_O.app == param("app"), _O.revision == param("revision"))
        .values(revision=_O.revision + number(1), **row)
        .returning(_O.app)
    )


def drop_override(*, only_revision: bool) -> ReturningDelete[Any]:
    """Say nothing of an app any more; with ``only_revision``, if what was read is what still stands."""
    query = delete(app_override).where(_O.app == param("app"))
    if only_revision:
        query = query.where(_O.revision == param("revision"))
    return query.returning(_O.app)


def override_revision() -> Select[Any]:
    """Return the revision of what is said of an app, and keep it from changing."""
    return select(_O.revision).where(_O.app == param("app")).with_for_update()


def overrides() -> Select[Any]:
    """Return what is said of each app."""
    return select(_O.app, _O.document, _O.revision, _O.updated_by).order_by(_O.app)
