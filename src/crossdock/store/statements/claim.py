"""Statements that find and lease messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, case, func, null, or_, select, text, update

from crossdock.domain.lifecycle import Status
from crossdock.domain.message import DEFAULT_PRIORITY, DEFAULT_TYPE, JSON_TYPE
from crossdock.store.statements.parts import (
    DUE,
    HALTED_NOW,
    LIMIT,
    LIMITED,
    MESSAGE_COLUMNS,
    NEXT_REVISION,
    OF_KEY,
    PENDING,
    PROCESSING_OF_QUEUE,
    READY,
    T,
    listed,
    literal,
    number,
    param,
    size_of,
)
from crossdock.store.tables import data_staging, queue_state

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, FromClause, Select, Update

_UNSET: Final = (
    T.data_bytes, T.source, T.subject, T.time, T.data_schema, T.partition_key, T.correlation_id, T.traceparent,
    T.extensions, T.expires_at, T.max_attempts, T.retry, T.replayed_at, T.payload,
)  # fmt: skip
_PLAIN: Final = and_(
    *(column.is_(None) for column in _UNSET),
    T.type == literal(DEFAULT_TYPE),
    T.content_type == literal(JSON_TYPE),
    T.priority == number(DEFAULT_PRIORITY),
    T.crashes == number(0),
)
PLAIN_COLUMNS: Final = (
    T.id, T.message_id, T.source_app, T.data, T.created_at, T.attempts, case((_PLAIN, number(1)), else_=number(0)),
)  # fmt: skip
"""What a delivery needs of the row of a plain message, and whether the message is one: sent without options.

Each column that is returned goes through a table in memory and through the driver, be it NULL.
"""


def claim_state() -> Select[Any]:
    """Return, if the app's queue has a state: is nothing to be claimed now, has it limits, failures in a row, trips."""
    q, yes, no = queue_state.c, number(1), number(0)
    halted, limited = case((HALTED_NOW, yes), else_=no), case((LIMITED, yes), else_=no)
    return select(halted, limited, q.failures, q.trips).where(q.app == param("app"))


def limits() -> Select[Any]:
    """Return the limits of an app's queue and how far they are used."""
    q = queue_state.c
    return select(
        q.max_processing, q.rate_count, q.rate_period_s, q.rate_next_at, q.trips, PROCESSING_OF_QUEUE
    ).where(q.app == param("app"))


def spend_rate() -> Update:
    """Note when the next delivery of an app may be begun."""
    return (
        update(queue_state)
        .where(queue_state.c.app == param("app"))
        .values(rate_next_at=param("rate_next_at"))
    )


def halted_until() -> Select[Any]:
    """Return until when an app's queue is parked, and when its rate allows the next delivery."""
    q = queue_state.c
    return select(q.parked_until, q.rate_next_at).where(q.app == param("app"))


def promote_due() -> Update:
    """Make scheduled messages ready whose time has come, a bounded number."""
    due = (
        select(T.id)
        .where(
            T.target_app == param("app"), PENDING, T.available_at.is_not(None), T.available_at <= param("now")
        )
        .order_by(T.available_at)
        .suffix_with(LIMIT)
    )
    return (
        update(data_staging)
        .where(T.id.in_(due))
        .values(available_at=null(), due_at=DUE, revision=NEXT_REVISION)
    )


def expired() -> Select[Any]:
    """Return messages that are too late to be delivered, a bounded number."""
    return (
        select(T.id, T.target_app, T.partition_key, T.attempts)
        .where(T.target_app == param("app"), PENDING, T.expires_at.is_not(None), T.expires_at <= param("now"))
        .suffix_with(LIMIT)
    )


def first_suspect(*, unexpired: bool) -> Select[Any]:
    """Return the first ready message that was in a process that died."""
    ready = and_(READY, _unexpired()) if unexpired else READY
    return (
        select(T.id, T.priority)
        .where(T.target_app == param("app"), ready, T.crashes > number(0))
        .order_by(T.priority.desc(), T.id)
        .suffix_with(text("LIMIT 1"))
    )


def _unexpired() -> ColumnElement[bool]:
    return or_(T.expires_at.is_(None), T.expires_at > param("now"))


def candidates(*, before_suspect: bool, unexpired: bool, sized: bool = False) -> Select[Any]:
    """Return the ids of what ``claim_first`` leases; ``sized``: and what ``within_bytes`` chooses by."""
    columns = (T.id, T.priority, size_of(T).label("size")) if sized else (T.id,)
    found = select(*columns).where(T.target_app == param("app"), READY, T.crashes == number(0))
    if unexpired:
        found = found.where(_unexpired())
    if before_suspect:
        earlier = or_(
            T.priority > param("priority"), and_(T.priority == param("priority"), T.id < param("suspect_id"))
        )
        found = found.where(earlier)
    return found.order_by(T.priority.desc(), T.id).suffix_with(LIMIT)


def within_bytes(found: FromClause) -> Select[Any]:
    """Return the ids of the first ``candidates`` whose data is not larger than ``max_bytes`` in all; at least one."""
    columns = found.c
    total = func.sum(columns.size).over(order_by=(columns.priority.desc(), columns.id))
    summed = select(columns.id, columns.size, total.label("total")).subquery("summed")
    fits = or_(summed.c.total <= param("max_bytes"), summed.c.total == summed.c.size)
    return select(summed.c.id).where(fits)


def lease(*, kept: bool) -> dict[str, Any]:
    """Return what a claim writes into its row."""
    columns = {
        "status": literal(Status.PROCESSING),
        "claimed_at": param("now"),
        "updated_at": param("now"),
        "lease_owner": param("owner"),
        "lease_token": param("token"),
        "lease_until": param("until"),
        "attempts": T.attempts + number(1),
        "revision": NEXT_REVISION,
    }
    return {**columns, "lease_keep_s": param("keep_s")} if kept else columns


def claim_first(*, kept: bool, before_suspect: bool, unexpired: bool, sized: bool = False) -> Update:
    """Lease the first ready messages; with ``before_suspect``, only those that come before a given one.

    With ``unexpired`` each is looked at, since more have expired than could be set aside at once; with ``sized`` they
    are leased as far as ``max_bytes`` goes. Returns ``PLAIN_COLUMNS``.
    """
    chosen = candidates(before_suspect=before_suspect, unexpired=unexpired, sized=sized)
    if sized:
        chosen = within_bytes(chosen.subquery("found"))
    return update(data_staging).where(T.id.in_(chosen)).values(lease(kept=kept)).returning(*PLAIN_COLUMNS)


def whole() -> Select[Any]:
    """Return the messages of ``ids``, which are leased."""
    return select(*MESSAGE_COLUMNS).where(listed(T.id))


def claim_ids(*, kept: bool) -> Update:
    """Lease the pending messages of the given ids."""
    return (
        update(data_staging).where(listed(T.id), PENDING).values(lease(kept=kept)).returning(*MESSAGE_COLUMNS)
    )


def run_of_key(*, sized: bool = False) -> Select[Any]:
    """Return what waits behind a claimed message of a key, in order: (id, is it free to run now, its size).

    Args:
        sized: Look at the data; else the size is 0.
    """
    free = and_(
        T.available_at.is_(None),
        T.crashes == number(0),
        _unexpired(),
    )
    return (
        select(T.id, case((free, number(1)), else_=number(0)), size_of(T) if sized else number(0))
        .where(OF_KEY, PENDING, T.id > param("after"))
        .order_by(T.id)
        .suffix_with(LIMIT)
    )


def next_due() -> Select[Any]:
    """Return when the app's next scheduled message becomes due."""
    return select(func.min(T.available_at)).where(
        T.target_app == param("app"), PENDING, T.available_at.is_not(None)
    )
