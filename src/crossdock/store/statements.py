"""The statements of the store, one function each, in SQLAlchemy Core.

Statuses stand in them as literals, since a partial index is used only where its condition is seen in the text.
No parameter is ever NULL (the SQLite driver spends a microsecond on each None): what may be absent is passed as
an empty string and turned by ``nullif``, or has a statement without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    column,
    delete,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    update,
    values,
)
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.types import NullType

from crossdock.domain.lifecycle import Status
from crossdock.store.tables import audit_log, data_staging, queue_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Delete, Insert, Select, Update
    from sqlalchemy.sql.dml import ReturningDelete

T: Final = data_staging.c
MESSAGE_COLUMNS: Final = (
    T.id, T.message_id, T.source_app, T.target_app, T.data, T.data_bytes, T.source, T.type, T.subject, T.time,
    T.content_type, T.data_schema, T.partition_key, T.correlation_id, T.traceparent, T.extensions, T.priority,
    T.expires_at, T.created_at, T.attempts, T.max_attempts, T.retry, T.lease_until, T.crashes,
)  # fmt: skip
"""What a delivery needs of its row, in the order that ``codec`` reads."""

RECORD_COLUMNS: Final = (
    *MESSAGE_COLUMNS, T.status, T.available_at, T.created_by, T.updated_at, T.claimed_at, T.processed_at,
    T.lease_owner, T.blocked, T.revision, T.result, T.error, T.deleted_at, T.lease_token,
)  # fmt: skip
"""What a record needs of its row."""

_NULL_TYPE: Final = NullType()


def _p(name: str) -> Any:
    """Return a parameter that reaches the driver as it is, whatever column it is compared with."""
    return bindparam(name, type_=_NULL_TYPE)


def _literal(value: str) -> ColumnElement[Any]:
    return literal_column(f"'{value}'")


def _number(value: int) -> ColumnElement[Any]:
    return literal_column(str(value))


def _ids() -> Select[Any]:
    """Return the ids of the JSON array that is passed as ``ids``."""
    return select(func.json_each(_p("ids")).table_valued("value").c.value)


_LIMIT: Final = text("LIMIT (:limit + 0)").bindparams(_p("limit"))
"""Bounds the number of rows. SQLite looks at a bare parameter in LIMIT when it plans, and would prepare the statement
anew at each execution, which takes longer than to execute it; it does not look into a sum."""
PENDING: Final = T.status == _literal(Status.PENDING)
PROCESSING: Final = T.status == _literal(Status.PROCESSING)
FAILED: Final = T.status == _literal(Status.FAILED)
READY: Final = and_(PENDING, T.available_at.is_(None), T.blocked == _number(0))
_FINISHED_STATUSES: Final = (Status.COMPLETED, Status.FAILED, Status.ARCHIVED)
FINISHED: Final = T.status.in_([_literal(status) for status in _FINISHED_STATUSES])
_WATCHED: Final = T.status.in_([_literal(status) for status in (Status.PROCESSING, Status.FAILED)])
"""The condition of ``idx_status_created``, spelled out so that SQLite recognises it."""
_HELD: Final = and_(PROCESSING, T.lease_token == _p("token"))
_KEYED: Final = and_(
    T.partition_key.is_not(None),
    T.status.in_([_literal(status) for status in (Status.PENDING, Status.PROCESSING, Status.FAILED)]),
)
_OF_KEY: Final = and_(_KEYED, T.target_app == _p("app"), T.partition_key == _p("key"))
_NO_LEASE: Final = {
    "lease_owner": null(),
    "lease_token": null(),
    "lease_until": null(),
    "lease_keep_s": null(),
}
_NEXT_REVISION: Final = T.revision + _number(1)
_BLOCKS_WHEN_DEAD: Final = and_(
    T.partition_key.is_not(None),
    exists().where(queue_state.c.app == T.target_app, queue_state.c.on_dead == _literal("block")),
)
_SETTLED_COLUMNS: Final = (T.id, T.target_app, T.partition_key, T.attempts, T.claimed_at, T.message_id)


# --- send ---------------------------------------------------------------------------------------------------


def insert_one(columns: Sequence[str]) -> Insert:
    """Store one message; nothing happens if the app already has it."""
    row = {name: _p(name) for name in columns}
    return (
        sqlite_dialect.insert(data_staging)
        .values(row)
        .on_conflict_do_nothing(index_elements=["message_id", "target_app", "source_app"])
    )


def insert_rows(columns: Sequence[str], own: Sequence[str], count: int) -> Insert:
    """Store ``count`` messages that differ in ``own`` alone; those that the app already has are passed over.

    The parameters are the values of ``own``, row after row, then those of the other columns in their order.
    """
    rows = [tuple(_p(f"{name}_{n}") for name in own) for n in range(count)]
    drafts = values(*(column(name) for name in own), name="drafts").data(rows).cte("drafts")
    source = select(*(drafts.c[name] if name in own else _p(name) for name in columns)).select_from(drafts)
    return (
        sqlite_dialect.insert(data_staging)
        .from_select(list(columns), source.where(true()), include_defaults=False)
        .on_conflict_do_nothing(index_elements=["message_id", "target_app", "source_app"])
    )


def find_sent() -> Select[Any]:
    """Return the row that holds a message already."""
    return select(*RECORD_COLUMNS).where(
        T.message_id == _p("message_id"), T.target_app == _p("app"), T.source_app == _p("source_app")
    )


def hold_key(row_id: str = "row_id") -> Update:
    """Take the first waiting message of a key out of the claim index (an earlier one has come back)."""
    first = select(func.min(T.id)).where(_OF_KEY, PENDING, T.id != _p(row_id)).scalar_subquery()
    return (
        update(data_staging)
        .where(T.id == first, T.blocked == _number(0))
        .values(blocked=_number(1), revision=_NEXT_REVISION)
    )


def release_key() -> Update:
    """Let the first waiting message of a key be claimed, unless one of the key is processing or blocks it dead."""
    first = select(func.min(T.id)).where(_OF_KEY, PENDING).scalar_subquery()
    busy = exists(select(_number(1)).select_from(data_staging).where(_OF_KEY, PROCESSING))
    dead = exists(
        select(_number(1)).select_from(data_staging).where(_OF_KEY, FAILED, T.blocked == _number(1))
    )
    return (
        update(data_staging)
        .where(T.id == first, T.blocked == _number(1), ~busy, ~dead)
        .values(blocked=_number(0), revision=_NEXT_REVISION)
    )


# --- claim --------------------------------------------------------------------------------------------------


def is_paused() -> Select[Any]:
    """Return a row if the app's queue is paused."""
    return (
        select(_number(1))
        .select_from(queue_state)
        .where(queue_state.c.app == _p("app"), queue_state.c.paused_at.is_not(None))
    )


def promote_due() -> Update:
    """Make scheduled messages ready whose time has come, a bounded number."""
    due = (
        select(T.id)
        .where(T.target_app == _p("app"), PENDING, T.available_at.is_not(None), T.available_at <= _p("now"))
        .order_by(T.available_at)
        .suffix_with(_LIMIT)
    )
    return update(data_staging).where(T.id.in_(due)).values(available_at=null(), revision=_NEXT_REVISION)


def expired() -> Select[Any]:
    """Return messages that are too late to be delivered, a bounded number."""
    return (
        select(T.id, T.target_app, T.partition_key)
        .where(T.target_app == _p("app"), PENDING, T.expires_at.is_not(None), T.expires_at <= _p("now"))
        .suffix_with(_LIMIT)
    )


def first_suspect() -> Select[Any]:
    """Return the first ready message that was in a process that died."""
    return (
        select(T.id, T.priority)
        .where(T.target_app == _p("app"), READY, T.crashes > _number(0))
        .order_by(T.priority.desc(), T.id)
        .suffix_with(text("LIMIT 1"))
    )


def _candidates() -> Select[Any]:
    return (
        select(T.id)
        .where(T.target_app == _p("app"), READY, T.crashes == _number(0))
        .order_by(T.priority.desc(), T.id)
        .suffix_with(_LIMIT)
    )


def _lease(*, kept: bool) -> dict[str, Any]:
    lease = {
        "status": _literal(Status.PROCESSING),
        "claimed_at": _p("now"),
        "updated_at": _p("now"),
        "lease_owner": _p("owner"),
        "lease_token": _p("token"),
        "lease_until": _p("until"),
        "attempts": T.attempts + _number(1),
        "revision": _NEXT_REVISION,
    }
    return {**lease, "lease_keep_s": _p("keep_s")} if kept else lease


def claim_first(*, kept: bool, before_suspect: bool) -> Update:
    """Lease the first ready messages; with ``before_suspect``, only those that come before a given one."""
    candidates = _candidates()
    if before_suspect:
        earlier = or_(
            T.priority > _p("priority"), and_(T.priority == _p("priority"), T.id < _p("suspect_id"))
        )
        candidates = candidates.where(earlier)
    return (
        update(data_staging).where(T.id.in_(candidates)).values(_lease(kept=kept)).returning(*MESSAGE_COLUMNS)
    )


def claim_ids(*, kept: bool) -> Update:
    """Lease the pending messages of the given ids."""
    return (
        update(data_staging)
        .where(T.id.in_(_ids()), PENDING)
        .values(_lease(kept=kept))
        .returning(*MESSAGE_COLUMNS)
    )


def run_of_key() -> Select[Any]:
    """Return what waits behind a claimed message of a key, in order: (id, is it free to run now)."""
    free = and_(
        T.available_at.is_(None),
        T.crashes == _number(0),
        or_(T.expires_at.is_(None), T.expires_at > _p("now")),
    )
    return (
        select(T.id, case((free, _number(1)), else_=_number(0)))
        .where(_OF_KEY, PENDING, T.id > _p("after"))
        .order_by(T.id)
        .suffix_with(_LIMIT)
    )


def next_due() -> Select[Any]:
    """Return when the app's next scheduled message becomes due."""
    return select(func.min(T.available_at)).where(
        T.target_app == _p("app"), PENDING, T.available_at.is_not(None)
    )


# --- settle -------------------------------------------------------------------------------------------------


def complete(*, with_result: bool) -> Update:
    """Complete the messages of ``ids`` that are still held by ``token``."""
    row: dict[str, Any] = {
        "status": _literal(Status.COMPLETED), "processed_at": _p("now"), "updated_at": _p("now"),
        "blocked": _number(0), "error": null(), "revision": _NEXT_REVISION, **_NO_LEASE,
    }  # fmt: skip
    if with_result:
        row["result"] = _p("result")
    return (
        update(data_staging)
        .where(T.id.in_(_ids()), _HELD)
        .values(row)
        .returning(T.id, T.target_app, T.partition_key)
    )


def give_back() -> Update:
    """Return a held message to its queue.

    ``refund`` attempts are given back, ``crashed`` crashes are counted; an empty ``available_at`` is now, an empty
    ``error`` leaves the last one.
    """
    return (
        update(data_staging)
        .where(T.id == _p("row_id"), _HELD)
        .values(
            status=_literal(Status.PENDING),
            available_at=func.nullif(_p("available_at"), _literal("")),
            attempts=T.attempts - _p("refund"),
            crashes=T.crashes + _p("crashed"),
            error=func.coalesce(func.nullif(_p("error"), _literal("")), T.error),
            blocked=case((T.partition_key.is_not(None), _number(1)), else_=_number(0)),
            updated_at=_p("now"),
            revision=_NEXT_REVISION,
            **_NO_LEASE,
        )
        .returning(*_SETTLED_COLUMNS)
    )


def _dead(error: Any) -> dict[str, Any]:
    return {
        "status": _literal(Status.FAILED), "processed_at": _p("now"), "updated_at": _p("now"), "error": error,
        "blocked": case((_BLOCKS_WHEN_DEAD, _number(1)), else_=_number(0)), "revision": _NEXT_REVISION, **_NO_LEASE,
    }  # fmt: skip


def fail_held() -> Update:
    """Make a held message a dead letter; ``refund`` and ``crashed`` as in ``give_back``."""
    row = {**_dead(_p("error")), "attempts": T.attempts - _p("refund"), "crashes": T.crashes + _p("crashed")}
    return update(data_staging).where(T.id == _p("row_id"), _HELD).values(row).returning(*_SETTLED_COLUMNS)


def fail_pending() -> Update:
    """Make a waiting message a dead letter."""
    return (
        update(data_staging)
        .where(T.id == _p("row_id"), PENDING)
        .values({**_dead(_p("error")), "blocked": _number(0)})
        .returning(*_SETTLED_COLUMNS)
    )


def extend() -> Update:
    """Set the end of the lease of the held messages of ``ids``."""
    return (
        update(data_staging)
        .where(T.id.in_(_ids()), _HELD)
        .values(lease_until=_p("until"), revision=_NEXT_REVISION)
        .returning(T.id)
    )


def overdue() -> Select[Any]:
    """Return claimed messages whose lease ran out."""
    return (
        select(
            T.id, T.target_app, T.lease_owner, T.lease_token, T.lease_keep_s, T.attempts, T.max_attempts, T.retry,
            T.created_at,
        )
        .where(PROCESSING, _WATCHED, T.lease_until < _p("now"))
        .suffix_with(_LIMIT)
    )  # fmt: skip


def owned() -> Select[Any]:
    """Return the messages that a process holds."""
    return (
        select(T.id, T.lease_owner, T.lease_token, T.lease_keep_s, T.crashes)
        .where(PROCESSING, _WATCHED, T.lease_owner == _p("owner"))
        .suffix_with(_LIMIT)
    )


def owners() -> Select[Any]:
    """Return every process that holds a message."""
    return select(T.lease_owner).where(PROCESSING, _WATCHED).distinct()


def log() -> Insert:
    """Write one line of the audit log; empty text is NULL, attempt 0 too."""
    return insert(audit_log).values(
        row_id=_p("row_id"),
        at=_p("at"),
        event=_p("event"),
        attempt=func.nullif(_p("attempt"), _number(0)),
        who=func.nullif(_p("who"), _literal("")),
        code=func.nullif(_p("code"), _literal("")),
        details=func.nullif(_p("details"), _literal("")),
    )


# --- control ------------------------------------------------------------------------------------------------


def cancel() -> Update:
    """Withdraw a message that is not finished."""
    row = {**_dead(_p("error")), "blocked": _number(0)}
    return (
        update(data_staging)
        .where(T.id == _p("row_id"), or_(PENDING, PROCESSING))
        .values(row)
        .returning(*_SETTLED_COLUMNS)
    )


def replay() -> Update:
    """Send a finished message again, its counters at zero."""
    finished = T.status.in_([_literal(Status.FAILED), _literal(Status.COMPLETED)])
    row = {
        "status": _literal(Status.PENDING), "available_at": func.nullif(_p("available_at"), _literal("")),
        "expires_at": null(), "attempts": _number(0), "crashes": _number(0), "processed_at": null(), "result": null(),
        "blocked": case((T.partition_key.is_not(None), _number(1)), else_=_number(0)), "updated_at": _p("now"),
        "revision": _NEXT_REVISION,
    }  # fmt: skip
    return (
        update(data_staging)
        .where(T.id == _p("row_id"), finished, T.deleted_at.is_(None))
        .values(row)
        .returning(*_SETTLED_COLUMNS)
    )


def edit(columns: Sequence[str]) -> Update:
    """Change columns of a message that waits or failed."""
    return (
        update(data_staging)
        .where(T.id == _p("row_id"), or_(PENDING, FAILED), T.deleted_at.is_(None))
        .values({**{name: _p(name) for name in columns}, "updated_at": _p("now"), "revision": _NEXT_REVISION})
        .returning(T.id)
    )


def delete_row() -> Update:
    """Hide a finished message."""
    finished = T.status.in_([_literal(Status.FAILED), _literal(Status.COMPLETED)])
    return (
        update(data_staging)
        .where(T.id == _p("row_id"), finished, T.deleted_at.is_(None))
        .values(deleted_at=_p("now"), blocked=_number(0), updated_at=_p("now"), revision=_NEXT_REVISION)
        .returning(T.id, T.target_app, T.partition_key)
    )


def purge() -> ReturningDelete[Any, Any, Any]:
    """Remove finished messages of one status for good, those older than ``before``, a bounded number."""
    old = (
        select(T.id)
        .where(T.target_app == _p("app"), FINISHED, T.status == _p("status"), T.processed_at <= _p("before"))
        .suffix_with(_LIMIT)
    )
    return delete(data_staging).where(T.id.in_(old)).returning(T.id, T.target_app, T.partition_key)


def purge_log() -> Delete:
    """Remove the audit log of the messages of ``ids``."""
    return delete(audit_log).where(audit_log.c.row_id.in_(_ids()))


def of_app(*, status: Status, with_code: bool) -> Select[Any]:
    """Return ids of an app's messages of one status, in order, after a given one."""
    query = select(T.id).where(
        T.target_app == _p("app"), T.status == _literal(status), T.deleted_at.is_(None), T.id > _p("after")
    )
    if status in _FINISHED_STATUSES:
        query = query.where(FINISHED)
    if with_code:
        query = query.where(func.json_extract(T.error, _literal("$.code")) == _p("code"))
    return query.order_by(T.id).suffix_with(_LIMIT)


def set_paused() -> Insert:
    """Pause a queue, or resume it with an empty ``paused_at``."""
    paused_at, paused_by = func.nullif(_p("paused_at"), _literal("")), func.nullif(_p("who"), _literal(""))
    statement = sqlite_dialect.insert(queue_state).values(
        app=_p("app"), paused_at=paused_at, paused_by=paused_by
    )
    return statement.on_conflict_do_update(
        index_elements=["app"],
        set_={"paused_at": statement.excluded.paused_at, "paused_by": statement.excluded.paused_by},
    )


def set_on_dead() -> Insert:
    """Say whether a dead letter keeps its partition key."""
    statement = sqlite_dialect.insert(queue_state).values(app=_p("app"), on_dead=_p("on_dead"))
    return statement.on_conflict_do_update(
        index_elements=["app"], set_={"on_dead": statement.excluded.on_dead}
    )


def dead_keys() -> Select[Any]:
    """Return the keys of an app that a dead letter blocks."""
    return (
        select(T.partition_key)
        .where(T.target_app == _p("app"), T.partition_key.is_not(None), FAILED, T.blocked == _number(1))
        .distinct()
    )


def free_dead() -> Update:
    """Let the dead letters of an app block their keys no more."""
    return (
        update(data_staging)
        .where(T.target_app == _p("app"), FAILED, T.blocked == _number(1))
        .values(blocked=_number(0), revision=_NEXT_REVISION)
    )


# --- read ---------------------------------------------------------------------------------------------------


def by_message_id(*, with_app: bool) -> Select[Any]:
    """Return the rows of a message, at one app or at all."""
    query = select(*RECORD_COLUMNS).where(T.message_id == _p("message_id"), T.deleted_at.is_(None))
    return (query.where(T.target_app == _p("app")) if with_app else query).order_by(T.id)


def by_row_id() -> Select[Any]:
    """Return one row."""
    return select(*RECORD_COLUMNS).where(T.id == _p("row_id"))


def listing(*, with_app: bool, status: Status | None, newest_first: bool) -> Select[Any]:
    """Return rows in order of arrival, after (or, newest first, before) a given one."""
    query = select(*RECORD_COLUMNS).where(T.deleted_at.is_(None))
    if with_app:
        query = query.where(T.target_app == _p("app"))
    if status is not None:
        query = query.where(T.status == _literal(status))
    if status in _FINISHED_STATUSES:
        query = query.where(FINISHED)
    order = T.id.desc() if newest_first else T.id
    return (
        query.where(T.id < _p("after") if newest_first else T.id > _p("after"))
        .order_by(order)
        .suffix_with(_LIMIT)
    )


def audit_of() -> Select[Any]:
    """Return the audit log of one row, in order."""
    a = audit_log.c
    return (
        select(a.at, a.event, a.attempt, a.who, a.code, a.details)
        .where(a.row_id == _p("row_id"))
        .order_by(a.id)
    )


def finished_depth() -> Select[Any]:
    """Count the finished messages of each app and status."""
    return select(T.target_app, T.status, func.count()).where(FINISHED).group_by(T.target_app, T.status)


def processing_depth() -> Select[Any]:
    """Count the claimed messages of each app."""
    return select(T.target_app, func.count()).where(PROCESSING, _WATCHED).group_by(T.target_app)


def ready_depth(*, suspect: bool) -> Select[Any]:
    """Count the ready messages of each app: those with crashes, or those without."""
    crashes = T.crashes > _number(0) if suspect else T.crashes == _number(0)
    return select(T.target_app, func.count()).where(READY, crashes).group_by(T.target_app)


def scheduled_depth() -> Select[Any]:
    """Count the scheduled messages of each app."""
    return (
        select(T.target_app, func.count()).where(PENDING, T.available_at.is_not(None)).group_by(T.target_app)
    )


def blocked_depth() -> Select[Any]:
    """Count the messages of each app that wait for another of their key."""
    return (
        select(T.target_app, func.count())
        .where(PENDING, T.available_at.is_(None), T.blocked == _number(1))
        .group_by(T.target_app)
    )


def oldest_ready() -> Select[Any]:
    """Return when the first ready message of one app arrived, of each priority."""
    return (
        select(func.min(T.id), T.priority)
        .where(T.target_app == _p("app"), READY, T.crashes == _number(0))
        .group_by(T.priority)
    )


def created_at() -> Select[Any]:
    """Return when a row was sent, and when it last changed."""
    return select(T.created_at).where(T.id == _p("row_id"))


def deleted_depth() -> Select[Any]:
    """Count the hidden messages of each app and status."""
    return (
        select(T.target_app, T.status, func.count())
        .where(T.deleted_at.is_not(None))
        .group_by(T.target_app, T.status)
    )


def has_work() -> Select[Any]:
    """Tell whether a claim could find something in an app's queue; costs less than an empty claim."""
    of_app = select(_number(1)).select_from(data_staging).where(T.target_app == _p("app"))
    due = and_(PENDING, T.available_at.is_not(None), T.available_at <= _p("now"))
    late = and_(PENDING, T.expires_at.is_not(None), T.expires_at <= _p("now"))
    ready = (and_(READY, T.crashes == _number(0)), and_(READY, T.crashes > _number(0)))
    return select(or_(*(exists(of_app.where(found)) for found in (*ready, due, late))))


def states() -> Select[Any]:
    """Return the state of every queue that has one."""
    return select(queue_state.c.app, queue_state.c.paused_at, queue_state.c.on_dead)
