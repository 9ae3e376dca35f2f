"""Statements of an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, insert, null, or_, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.domain.lifecycle import Status
from crossdock.store.statements.parameters import InstantOf, JsonOf
from crossdock.store.statements.parts import (
    FAILED,
    FINISHED,
    LIMIT,
    NEXT_REVISION,
    OF_KEY,
    PENDING,
    PROCESSING,
    SETTLED_COLUMNS,
    T,
    dead,
    listed,
    literal,
    number,
    optional,
    param,
)
from crossdock.store.tables import FINISHED_STATUSES, audit_log, data_staging, queue_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Delete, Insert, Select, Update
    from sqlalchemy.sql.dml import ReturningDelete


def cancel(*, waiting: bool) -> Update:
    """Withdraw a message that is not finished, or one that nobody works on."""
    row = {**dead(param("error")), "blocked": number(0)}
    return (
        update(data_staging)
        .where(T.id == param("row_id"), PENDING if waiting else or_(PENDING, PROCESSING))
        .values(row)
        .returning(*SETTLED_COLUMNS)
    )


def cancel_listed() -> Update:
    """Withdraw those messages of ``ids`` that wait."""
    row = {**dead(param("error")), "blocked": number(0)}
    return update(data_staging).where(listed(T.id), PENDING).values(row).returning(*SETTLED_COLUMNS)


def replay() -> Update:
    """Send a finished message again, its counters at zero."""
    finished = T.status.in_([literal(Status.FAILED), literal(Status.COMPLETED)])
    return (
        update(data_staging)
        .where(T.id == param("row_id"), finished, T.deleted_at.is_(None))
        .values(_anew(optional("available_at", "TIMESTAMPTZ")))
        .returning(*SETTLED_COLUMNS)
    )


def replay_listed() -> Update:
    """Send the dead letters among ``ids`` again; ``times`` says when those are to be delivered that are to wait."""
    return (
        update(data_staging)
        .where(listed(T.id), FAILED, T.deleted_at.is_(None))
        .values(_anew(InstantOf(T.id, param("times"))))
        .returning(*SETTLED_COLUMNS)
    )


def _anew(later: Any) -> dict[str, Any]:
    return {
        "status": literal(Status.PENDING), "available_at": later, "due_at": param("now"),
        "replayed_at": func.coalesce(later, param("now")), "expires_at": null(), "attempts": number(0),
        "crashes": number(0), "processed_at": null(), "result": null(),
        "blocked": case((T.partition_key.is_not(None), number(1)), else_=number(0)), "updated_at": param("now"),
        "revision": NEXT_REVISION, "lease_owner": null(),
    }  # fmt: skip


def hold_waiting() -> Update:
    """Take what waits under a key out of the claim index, all of it (earlier ones have come back)."""
    return (
        update(data_staging)
        .where(OF_KEY, PENDING, T.blocked == number(0))
        .values(blocked=number(1), revision=NEXT_REVISION)
    )


def log_listed() -> Insert:
    """Write one line of the audit log for each message of ``ids``; ``details`` has those of each, as text."""
    line = {
        "row_id": T.id,
        "at": param("at"),
        "event": param("event"),
        "who": param("who"),
        "code": optional("code"),
        "details": JsonOf(T.id, param("details")),
    }
    source = select(*line.values()).where(listed(T.id)).order_by(T.id)
    return insert(audit_log).from_select(list(line), source, include_defaults=False)


def edit(columns: Sequence[str]) -> Update:
    """Change columns of a message that waits or failed."""
    return (
        update(data_staging)
        .where(T.id == param("row_id"), or_(PENDING, FAILED), T.deleted_at.is_(None))
        .values(
            {**{name: param(name) for name in columns}, "updated_at": param("now"), "revision": NEXT_REVISION}
        )
        .returning(T.id)
    )


def delete_row() -> Update:
    """Hide a finished message."""
    finished = T.status.in_([literal(Status.FAILED), literal(Status.COMPLETED)])
    return (
        update(data_staging)
        .where(T.id == param("row_id"), finished, T.deleted_at.is_(None))
        .values(deleted_at=param("now"), blocked=number(0), updated_at=param("now"), revision=NEXT_REVISION)
        .returning(T.id, T.target_app, T.partition_key)
    )


def purge() -> ReturningDelete[Any, Any, Any, Any]:
    """Remove finished messages of one status for good, those older than ``before``, a bounded number."""
    old = (
        select(T.id)
        .where(
            T.target_app == param("app"),
            FINISHED,
            T.status == param("status"),
            T.processed_at <= param("before"),
        )
        .suffix_with(LIMIT)
    )
    return delete(data_staging).where(T.id.in_(old)).returning(T.id, T.target_app, T.partition_key, T.payload)


def purge_log() -> Delete:
    """Remove the audit log of the messages of ``ids``."""
    return delete(audit_log).where(listed(audit_log.c.row_id))


def of_app(*, status: Status, with_code: bool) -> Select[Any]:
    """Return ids of an app's messages of one status, in order, after a given one."""
    query = select(T.id).where(
        T.target_app == param("app"),
        T.status == literal(status),
        T.deleted_at.is_(None),
        T.id > param("after"),
    )
    if status in FINISHED_STATUSES:
        query = query.where(FINISHED)
    if with_code:
        code = func.json_extract(T.error, literal("$.code"))
        query = query.where(case((func.json_valid(T.error) == number(1), code)) == param("code"))
    return query.order_by(T.id).suffix_with(LIMIT)


def set_paused() -> Insert:
    """Pause a queue, or resume it with an empty ``paused_at``; either way it is parked no longer."""
    row = {
        "paused_at": optional("paused_at", "TIMESTAMPTZ"),
        "paused_by": optional("who"),
        "note": optional("note"),
    }
    statement = sqlite_dialect.insert(queue_state).values(app=param("app"), **row)
    new = {name: statement.excluded[name] for name in row}
    return statement.on_conflict_do_update(index_elements=["app"], set_={**new, "parked_until": null()})


def park() -> Insert:
    """Let nothing be claimed from a queue before ``until``, or before a later instant that holds already."""
    row = {"parked_until": param("until"), "note": param("note")}
    statement = sqlite_dialect.insert(queue_state).values(app=param("app"), **row)
    given, held = statement.excluded, queue_state.c
    later = case((held.parked_until > given.parked_until, held.parked_until), else_=given.parked_until)
    note = case((held.paused_at.is_not(None), held.note), else_=given.note)
    return statement.on_conflict_do_update(index_elements=["app"], set_={"parked_until": later, "note": note})


def dead_keys() -> Select[Any]:
    """Return the keys of an app that a dead letter blocks."""
    return (
        select(T.partition_key)
        .where(
            T.target_app == param("app"),
            T.partition_key.is_not(None),
            FAILED,
            FINISHED,
            T.blocked == number(1),
        )
        .distinct()
    )


def free_dead() -> Update:
    """Let the dead letters of an app block their keys no more."""
    return (
        update(data_staging)
        .where(T.target_app == param("app"), FAILED, FINISHED, T.blocked == number(1))
        .values(blocked=number(0), revision=NEXT_REVISION)
    )
