"""Statements that only look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, or_, select, text

from crossdock.store.statements.parts import (
    DUE,
    FINISHED,
    HALTED,
    LIMIT,
    LISTED_COLUMNS,
    PENDING,
    PROCESSING,
    READY,
    RECORD_COLUMNS,
    WATCHED,
    T,
    number,
    param,
    sorted_by,
)
from crossdock.store.statements.rules import RULE_COLUMNS
from crossdock.store.tables import audit_log, data_staging, queue_state

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select


def by_message_id(*, with_app: bool, with_source: bool) -> Select[Any]:
    """Return the rows of a message: at one app or at all, from one sender or from any."""
    query = select(*RECORD_COLUMNS).where(T.message_id == param("message_id"), T.deleted_at.is_(None))
    if with_app:
        query = query.where(T.target_app == param("app"))
    if with_source:
        query = query.where(T.source_app == param("source_app"))
    return query.order_by(sorted_by(T.id))


def by_row_id(*, whole: bool) -> Select[Any]:
    """Return one row, with what lies outside it or without."""
    return select(*(RECORD_COLUMNS if whole else LISTED_COLUMNS)).where(T.id == param("row_id"))


def revision_of() -> Select[Any]:
    """Return the revision of one row, and keep it from changing."""
    return select(T.revision).where(T.id == param("row_id")).with_for_update()


def status_of() -> Select[Any]:
    """Return the status of one row."""
    return select(T.status).where(T.id == param("row_id"))


def audit_of() -> Select[Any]:
    """Return the audit log of one row, in order."""
    a = audit_log.c
    return (
        select(a.at, a.event, a.attempt, a.who, a.code, a.details)
        .where(a.row_id == param("row_id"))
        .order_by(sorted_by(a.id))
    )


def actions_on() -> Select[Any]:
    """Return what operators did to a queue, the newest first."""
    a = audit_log.c
    return (
        select(a.at, a.event, a.who, a.details)
        .where(a.app.is_not(None), a.app == param("app"))
        .order_by(a.id.desc())
        .suffix_with(LIMIT)
    )


def finished_depth() -> Select[Any]:
    """Count the finished messages of each app and status."""
    return select(T.target_app, T.status, func.count()).where(FINISHED).group_by(T.target_app, T.status)


def processing_depth() -> Select[Any]:
    """Count the claimed messages of each app."""
    return select(T.target_app, func.count()).where(PROCESSING, WATCHED).group_by(T.target_app)


def ready_depth(*, suspect: bool) -> Select[Any]:
    """Count the ready messages of each app, those with crashes or those without.

    Told beside it are since when the first one is due of those that once were not, and the id of the first one of those
    that always were: they are due since they were sent, in the order of their ids.
    """
    crashes = T.crashes > number(0) if suspect else T.crashes == number(0)
    always = func.min(case((T.due_at.is_(None), T.id)))
    return (
        select(T.target_app, func.count(), func.min(T.due_at), always)
        .where(READY, crashes)
        .group_by(T.target_app)
    )


def scheduled_depth() -> Select[Any]:
    """Count the messages of each app whose time has not come."""
    return (
        select(T.target_app, func.count())
        .where(PENDING, T.available_at.is_not(None), T.available_at > param("now"))
        .group_by(T.target_app)
    )


def due_depth() -> Select[Any]:
    """Count the messages of each app whose time has come and that no claim has made ready yet, by ``blocked``."""
    return (
        select(T.target_app, T.blocked, func.count())
        .where(PENDING, T.available_at.is_not(None), T.available_at <= param("now"))
        .group_by(T.target_app, T.blocked)
    )


def blocked_depth() -> Select[Any]:
    """Count the messages of each app that wait for another of their key."""
    return (
        select(T.target_app, func.count())
        .where(PENDING, T.available_at.is_(None), T.blocked == number(1))
        .group_by(T.target_app)
    )


def oldest_due() -> Select[Any]:
    """Return since when the first message of one app is due that no claim has made ready yet."""
    return (
        select(DUE)
        .where(
            T.target_app == param("app"),
            PENDING,
            T.available_at.is_not(None),
            T.available_at <= param("now"),
            T.blocked == number(0),
        )
        .order_by(T.available_at)
        .suffix_with(text("LIMIT 1"))
    )


def created_at() -> Select[Any]:
    """Return when a row was sent."""
    return select(T.created_at).where(T.id == param("row_id"))


def deleted_depth() -> Select[Any]:
    """Count the hidden messages of each app and status."""
    return (
        select(T.target_app, T.status, func.count())
        .where(T.deleted_at.is_not(None))
        .group_by(T.target_app, T.status)
    )


def has_work(*, suspects: bool) -> Select[Any]:
    """Tell whether a claim could find something in an app's queue; costs less than an empty claim."""
    found = [
        _is_any(and_(READY, T.crashes == number(0)), T.priority.desc()),
        _is_any(and_(PENDING, T.available_at.is_not(None), T.available_at <= param("now")), T.available_at),
        _is_any(and_(PENDING, T.expires_at.is_not(None), T.expires_at <= param("now")), T.expires_at),
    ]
    if suspects:
        found.append(_is_any(and_(READY, T.crashes > number(0)), T.priority.desc()))
    return select(and_(~exists().where(HALTED), or_(*found)))


def _is_any(found: ColumnElement[bool], order: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether there is one; the order, that of an index, keeps SQLite from searching the table, come what may."""
    first = select(number(1)).select_from(data_staging).where(T.target_app == param("app"), found)
    return first.order_by(order).suffix_with(text("LIMIT 1")).scalar_subquery().is_not(None)


def states() -> Select[Any]:
    """Return the state of every queue that has one."""
    state = queue_state.c
    return select(state.app, state.paused_at, state.parked_until, state.note, state.trips, *RULE_COLUMNS)
