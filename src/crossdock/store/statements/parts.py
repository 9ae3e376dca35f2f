"""What the statements are built of: columns, conditions, parameters.

Statuses stand in statements as literals, since a partial index is used only where its condition is seen in the text.
No parameter is ever NULL (the SQLite driver spends a microsecond on each None): what may be absent is passed as
an empty string and turned by ``nullif``, or has a statement without it.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    literal_column,
    null,
    or_,
    select,
    text,
)

from crossdock.domain.lifecycle import Status
from crossdock.store.statements.parameters import (
    INSTANTS,
    NULL_TYPE,
    Checked,
    DataSize,
    Instant,
    Listed,
    Optional,
    TextRows,
)
from crossdock.store.tables import FINISHED_STATUSES, KEY_STATUSES, data_staging, payload, queue_state

T: Final = data_staging.c


def whole_bytes(row: Any) -> ColumnElement[Any]:
    """Return the column ``data_bytes``, or what lies outside the row in its stead; empty if that is missing.

    Args:
        row: The columns of the table.
    """
    outside = (
        select(payload.c.data)
        .where(payload.c.checksum == row.payload)
        .correlate(row.payload.table)
        .scalar_subquery()
    )
    missing = cast(literal_column("''"), LargeBinary)
    whole = case((row.payload.is_(None), row.data_bytes), else_=func.coalesce(outside, missing))
    return whole.label("data_bytes")


def size_of(row: Any) -> ColumnElement[Any]:
    """Return how many bytes of data a message has.

    Args:
        row: The columns of the table.
    """
    outside = (
        select(func.length(payload.c.data))
        .where(payload.c.checksum == row.payload)
        .correlate(row.payload.table)
        .scalar_subquery()
    )
    inside = DataSize(row.data) + func.coalesce(func.length(row.data_bytes), number(0))
    return case((row.payload.is_(None), inside), else_=func.coalesce(outside, number(1)))


MESSAGE_COLUMNS: Final = (
    T.id, T.message_id, T.source_app, T.target_app, T.data, whole_bytes(T), T.source, T.type, T.subject, T.time,
    T.content_type, T.data_schema, T.partition_key, T.correlation_id, T.traceparent, T.extensions, T.priority,
    T.expires_at, T.created_at, T.attempts, T.max_attempts, T.retry, T.lease_until, T.replayed_at, T.crashes,
    T.payload,
)  # fmt: skip
"""What a delivery needs of its row, in the order that ``codec`` reads."""

OVERDUE_COLUMNS: Final = (
    T.id, T.target_app, T.lease_owner, T.lease_token, T.lease_keep_s, T.attempts, T.max_attempts, T.retry,
    func.coalesce(T.replayed_at, T.created_at), T.message_id, T.correlation_id, T.traceparent, T.extensions,
)  # fmt: skip
"""What the end of a delivery is judged by, and what its answers carry on."""
RECORD_COLUMNS: Final = (
    *MESSAGE_COLUMNS, T.status, T.available_at, T.created_by, T.updated_at, T.claimed_at, T.processed_at,
    T.lease_owner, T.blocked, T.revision, T.result, T.error, T.deleted_at, T.lease_token,
)  # fmt: skip
"""What a record needs of its row."""
LISTED_COLUMNS: Final = tuple(
    T.data_bytes if column.name == "data_bytes" else column for column in RECORD_COLUMNS
)
"""The same without what lies outside the row, which is read when somebody looks at it."""


def param(name: str) -> Any:
    """Return a parameter that reaches the driver as it is, whatever column it is compared with."""
    return Instant(name) if name in INSTANTS else bindparam(name, type_=NULL_TYPE)


def optional(name: str, kind: str = "TEXT") -> ColumnElement[Any]:
    """Return a parameter whose empty text stands for NULL; ``kind`` is its type where types must be named."""
    return Optional(bindparam(name, type_=NULL_TYPE), kind)


def literal(value: str) -> ColumnElement[Any]:
    """Return text that stands in the statement itself."""
    return literal_column(f"'{value}'")


def none_but(*statuses: Status) -> ColumnElement[bool]:
    """Tell whether a message has one of these statuses, in the words of an index's condition: see ``tables``."""
    return and_(*(T.status != literal(other) for other in Status if other not in statuses))


def number(value: int) -> ColumnElement[Any]:
    """Return a number that stands in the statement itself."""
    return literal_column(str(value))


def sorted_by(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return what a few rows are put in order by once they are found; no index has it.

    PostgreSQL is told to avoid sorting, and would read all rows in the order of the column's index instead.
    """
    return column + number(0)


def listed(column: ColumnElement[Any]) -> ColumnElement[bool]:
    """Tell whether a column's value is in the JSON array of numbers that is passed as ``ids``."""
    return Listed(column, bindparam("ids", type_=NULL_TYPE))


def text_rows(width: int) -> Any:
    """Return the JSON array of arrays of texts that is passed as ``rows``, as a table; columns ``c0``, ``c1`` …."""
    names = [f"c{place}" for place in range(width)]
    return TextRows(bindparam("rows", type_=NULL_TYPE), width).table_valued(*names, name="told")


LIMIT: Final = text("LIMIT (:limit + 0)").bindparams(param("limit"))
"""Bounds the number of rows. SQLite looks at a bare parameter in LIMIT when it plans, and would prepare the statement
anew at each execution, which takes longer than to execute it; it does not look into a sum."""
PENDING: Final = T.status == literal(Status.PENDING)
PROCESSING: Final = T.status == literal(Status.PROCESSING)
FAILED: Final = T.status == literal(Status.FAILED)
READY: Final = and_(PENDING, T.available_at.is_(None), T.blocked == number(0))
FINISHED: Final = none_but(*FINISHED_STATUSES)
"""The condition of ``idx_target_app``, spelled out so that SQLite recognises it."""
WATCHED: Final = T.status.in_([literal(status) for status in (Status.PROCESSING, Status.FAILED)])
"""The condition of ``idx_status_created``, spelled out so that SQLite recognises it."""
HELD: Final = and_(Checked(PROCESSING), T.lease_token == param("token"))
KEYED: Final = and_(T.partition_key.is_not(None), none_but(*KEY_STATUSES))
OF_KEY: Final = and_(KEYED, T.target_app == param("app"), T.partition_key == param("key"))
NO_LEASE: Final = {
    "lease_owner": null(),
    "lease_token": null(),
    "lease_until": null(),
    "lease_keep_s": null(),
}
DUE: Final = case((T.available_at > T.created_at, T.available_at), else_=T.created_at)
"""Since when a scheduled message can be claimed; one that was scheduled for the past, since it was sent."""
NEXT_REVISION: Final = T.revision + number(1)
_Q: Final = queue_state.c
HALTED_NOW: Final = or_(
    _Q.paused_at.is_not(None), _Q.parked_until > param("now"), _Q.rate_next_at > param("now")
)
"""Nothing is claimed from this queue now: it is paused, parked until later, or has used up its rate."""
LIMITED: Final = or_(_Q.max_processing.is_not(None), _Q.rate_count.is_not(None), _Q.trips > number(0))
"""Not everything that is ready in this queue may be claimed."""
PROCESSING_OF_QUEUE: Final = (
    select(func.count())
    .select_from(data_staging)
    .where(PROCESSING, WATCHED, T.target_app == _Q.app)
    .correlate(queue_state)
    .scalar_subquery()
)
"""How many messages of this queue are claimed: what is in work in the whole store is looked through for it."""
_MOST: Final = case((_Q.trips > number(0), number(1)), else_=_Q.max_processing)
HALTED: Final = and_(
    _Q.app == param("app"),
    or_(HALTED_NOW, and_(_MOST.is_not(None), _MOST <= PROCESSING_OF_QUEUE)),
)
"""A queue from which nothing is claimed now: halted, or as many of its messages in work as may be."""
BLOCKS_WHEN_DEAD: Final = and_(
    T.partition_key.is_not(None),
    exists().where(queue_state.c.app == T.target_app, queue_state.c.on_dead == literal("block")),
)
SETTLED_COLUMNS: Final = (
    T.id, T.target_app, T.partition_key, T.attempts, T.claimed_at, T.message_id, T.traceparent,
)  # fmt: skip


def dead(error: Any) -> dict[str, Any]:
    """Return what makes a row a dead letter."""
    return {
        "status": literal(Status.FAILED), "processed_at": param("now"), "updated_at": param("now"), "error": error,
        "blocked": case((BLOCKS_WHEN_DEAD, number(1)), else_=number(0)), "revision": NEXT_REVISION, **NO_LEASE,
    }  # fmt: skip
