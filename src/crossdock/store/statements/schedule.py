"""Statements about schedules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parameters import Instant
from crossdock.store.statements.parts import LIMIT, number, param
from crossdock.store.tables import schedule
from crossdock.store.types import UtcTimestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Insert, Select, Update
    from sqlalchemy.sql.dml import ReturningDelete

_S: Final = schedule.c
SCHEDULE_COLUMNS: Final = (
    _S.name, _S.target_app, _S.data, _S.data_bytes, _S.options, _S.cron, _S.timezone, _S.interval_s, _S.at,
    _S.start_at, _S.missed, _S.configured, _S.decided_until, _S.next_at, _S.last_slot, _S.sent, _S.paused_at,
    _S.created_at, _S.declared_by, _S.updated_at, _S.revision,
)  # fmt: skip
"""What a schedule needs of its row, in the order that ``schedule_codec`` reads."""
_WAITING: Final = and_(_S.next_at.is_not(None), _S.paused_at.is_(None))
"""The condition of ``idx_schedule_next``."""


def all_schedules() -> Select[Any]:
    """Return every schedule, by name."""
    return select(*SCHEDULE_COLUMNS).order_by(_S.name)


def schedule_by_name() -> Select[Any]:
    """Return one schedule."""
    return select(*SCHEDULE_COLUMNS).where(_S.name == param("which"))


def schedule_revision() -> Select[Any]:
    """Return the revision of one schedule, and keep it from changing."""
    return select(_S.revision).where(_S.name == param("which")).with_for_update()


def next_slot() -> Select[Any]:
    """Return when the next schedule is due; looks at one entry of an index."""
    return select(func.min(_S.next_at)).where(_WAITING)


def due_schedules() -> Select[Any]:
    """Return schedules whose time has come, the longest due first."""
    due = select(*SCHEDULE_COLUMNS).where(_WAITING, _S.next_at <= param("now"))
    return due.order_by(_S.next_at, _S.name).suffix_with(LIMIT)


def insert_schedule(columns: Sequence[str]) -> Insert:
    """Store a new schedule; nothing happens if its name is taken."""
    return (
        sqlite_dialect.insert(schedule)
        .values({name: _value(name) for name in columns})
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(_S.name)
    )


def update_schedule(columns: Sequence[str]) -> Update:
    """Change a schedule, unless somebody changed it since it was read."""
    return (
        update(schedule)
        .where(_S.name == param("which"), _S.revision == param("seen"))
        .values({**{name: _value(name) for name in columns}, "revision": _S.revision + number(1)})
        .returning(_S.name)
    )


def delete_schedule() -> ReturningDelete[Any]:
    """Remove a schedule."""
    return delete(schedule).where(_S.name == param("which")).returning(_S.target_app)


def _value(name: str) -> Any:
    """Return the parameter for a column; it may be None, since schedules are written seldom."""
    return Instant(name) if isinstance(_S[name].type, UtcTimestamp) else param(name)
