"""Statements about the rules of queues: fallback, depth, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, func, literal_column, null, or_, select, update
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.domain.lifecycle import Status
from crossdock.store.statements.parts import LIMIT, PENDING, READY, T, literal, number, optional, param
from crossdock.store.tables import COPIED_COLUMNS, data_staging, queue_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Insert, Select, Update

Q: Final = queue_state.c
_KINDS: Final = {"on_dead": "TEXT", "fallback": "TEXT", "rate_period_s": "DOUBLE PRECISION"}
RULE_COLUMNS: Final = (Q.on_dead, Q.fallback, Q.max_depth, Q.max_processing, Q.rate_count, Q.rate_period_s)


def rules() -> Select[Any]:
    """Return the rules of every queue that has a state."""
    return select(Q.app, *RULE_COLUMNS)


def set_rules(columns: Sequence[str]) -> Insert:
    """Set rules of a queue, each given as text; an empty one is NULL."""
    row = {name: optional(name, _KINDS.get(name, "INTEGER")) for name in columns}
    statement = sqlite_dialect.insert(queue_state).values(app=param("app"), **row)
    new: dict[str, Any] = {name: statement.excluded[name] for name in columns}
    if "rate_count" in new:
        new["rate_next_at"] = null()
    return statement.on_conflict_do_update(index_elements=["app"], set_=new)


def depth_up_to() -> Select[Any]:
    """Count the waiting messages of an app; each kind of waiting by its own index, and no further than the limit.

    The order, that of an index, keeps SQLite from searching the table, come what may.
    """
    kinds = (
        (and_(READY, T.crashes == number(0)), (T.priority.desc(), T.id)),
        (and_(READY, T.crashes > number(0)), (T.priority.desc(), T.id)),
        (and_(PENDING, T.available_at.is_not(None)), (T.available_at,)),
        (and_(PENDING, T.available_at.is_(None), T.blocked == number(1)), (T.target_app, T.id)),
    )
    counts = [
        select(func.count())
        .select_from(
            select(number(1).label("one"))
            .select_from(data_staging)
            .where(T.target_app == param("app"), kind)
            .order_by(*order)
            .suffix_with(LIMIT)
            .subquery()
        )
        .scalar_subquery()
        for kind, order in kinds
    ]
    return select(counts[0] + counts[1] + counts[2] + counts[3])


def strike() -> Insert:
    """Count a failure in a row, unless the same message failed last, and tell how many there are."""
    statement = sqlite_dialect.insert(queue_state).values(
        app=param("app"), failures=number(1), failed_row=param("row_id")
    )
    counted = case((Q.failed_row == statement.excluded.failed_row, Q.failures), else_=Q.failures + number(1))
    return statement.on_conflict_do_update(
        index_elements=["app"], set_={"failures": counted, "failed_row": statement.excluded.failed_row}
    ).returning(Q.failures, Q.trips, Q.parked_until)


def trip() -> Update:
    """Note that the circuit breaker has opened."""
    return (
        update(queue_state)
        .where(Q.app == param("app"))
        .values(failures=number(0), failed_row=null(), trips=Q.trips + number(1))
    )


def recover() -> Update:
    """Close the circuit breaker, unless the queue is parked, when what ends was begun before."""
    return (
        update(queue_state)
        .where(Q.app == param("app"), or_(Q.parked_until.is_(None), Q.parked_until <= param("now")))
        .values(failures=number(0), failed_row=null(), trips=number(0))
        .returning(Q.app)
    )


def fallback_of() -> Select[Any]:
    """Return where an app's dead letters go, if anywhere, and the extensions of one of them."""
    return (
        select(Q.fallback, T.extensions)
        .join_from(queue_state, data_staging, T.target_app == Q.app)
        .where(Q.app == param("app"), Q.fallback.is_not(None), T.id == param("row_id"))
    )


def send_to_fallback() -> Insert:
    """Send a copy of a row to another app, from the app at which it failed; nothing happens if it is there already."""
    row: dict[str, Any] = {
        "source_app": T.target_app,
        "target_app": param("fallback"),
        "source": func.coalesce(T.source, T.source_app),
        "time": func.coalesce(T.time, T.created_at),
        "correlation_id": func.coalesce(T.correlation_id, T.message_id),
        "extensions": optional("extensions", "JSON"),
        "expires_at": case((T.expires_at > param("now"), T.expires_at)),
        "status": literal(Status.PENDING),
        "blocked": case((T.partition_key.is_not(None), number(1)), else_=number(0)),
        "created_at": param("now"),
        "updated_at": param("now"),
        "created_by": param("who"),
        "revision": literal_column("1"),
        **{name: T[name] for name in COPIED_COLUMNS},
    }
    source = select(*row.values()).select_from(data_staging).where(T.id == param("row_id"))
    return (
        sqlite_dialect.insert(data_staging)
        .from_select(list(row), source, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["message_id", "target_app", "source_app"])
        .returning(T.id)
    )
