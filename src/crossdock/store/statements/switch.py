"""Statements about which apps are to be worked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import null, or_, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parameters import Instant
from crossdock.store.statements.parts import number, param
from crossdock.store.tables import queue_state

if TYPE_CHECKING:
    from sqlalchemy import Insert, Select
    from sqlalchemy.sql.dml import ReturningUpdate

_Q: Final = queue_state.c
_WORKED_FOR: Final[dict[str, Any]] = {"stopped_at": null(), "stopped_by": null()}


def stop_app() -> Insert:
    """Let an app not be worked for; tell it, unless it was so already."""
    row = {"stopped_at": Instant("now"), "stopped_by": param("who")}
    statement = sqlite_dialect.insert(queue_state).values(app=param("app"), **row)
    new = {name: statement.excluded[name] for name in row}
    return statement.on_conflict_do_update(
        index_elements=["app"], set_=new, where=_Q.stopped_at.is_(None)
    ).returning(_Q.app)


def start_app() -> ReturningUpdate[Any]:
    """Let an app be worked for again; tell it, unless it was so already."""
    query = update(queue_state).where(_Q.app == param("app"), _Q.stopped_at.is_not(None))
    return query.values(**_WORKED_FOR).returning(_Q.app)


def restart_app() -> Insert:
    """Let an app be worked for, and anew where it is already."""
    statement = sqlite_dialect.insert(queue_state).values(app=param("app"), restarts=number(1))
    return statement.on_conflict_do_update(
        index_elements=["app"], set_={**_WORKED_FOR, "restarts": _Q.restarts + number(1)}
    )


def switches() -> Select[Any]:
    """Return what was said of the work for each app of which anything was."""
    said = or_(_Q.stopped_at.is_not(None), _Q.restarts > number(0))
    return select(_Q.app, _Q.stopped_at, _Q.stopped_by, _Q.restarts).where(said)
