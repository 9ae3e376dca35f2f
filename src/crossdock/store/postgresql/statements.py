"""The statements that must be other than on SQLite, where only one transaction writes at a time.

Claims skip rows that another transaction has locked, so that workers never wait for each other. Whatever concerns the
order of a partition key runs under a lock on that key (``lock_keys``), taken in a statement of its own: the next one
sees what the former holder of the lock committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import (
    BigInteger,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    text,
    true,
    update,
)

from crossdock.domain.lifecycle import Status
from crossdock.store import statements as shared
from crossdock.store.statements import claim
from crossdock.store.statements.parameters import INSTANTS
from crossdock.store.statements.parts import (
    DUE,
    FINISHED,
    HALTED_NOW,
    LIMIT,
    LIMITED,
    MESSAGE_COLUMNS,
    NEXT_REVISION,
    OVERDUE_COLUMNS,
    PENDING,
    PROCESSING,
    READY,
    WATCHED,
    T,
    listed,
    literal,
    number,
    param,
)
from crossdock.store.tables import FINISHED_STATUSES, data_archive, data_staging, queue_state

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Insert, Select, Table, TextClause, Update
    from sqlalchemy.sql.dml import ReturningUpdate
    from sqlalchemy.sql.elements import ClauseElement


_INSTANT: Final = "CAST(CAST(:{0} AS TEXT) || '+00' AS TIMESTAMPTZ)"
_SHARED: Final = {
    **dict.fromkeys(INSTANTS, _INSTANT),
    **dict.fromkeys(("priority", "max_attempts", "blocked", "revision"), "CAST(:{0} AS INTEGER)"),
    **dict.fromkeys(("retry", "extensions"), "CAST(:{0} AS JSON)"),
}
"""How the columns that many messages share are written where the database cannot infer their types."""
_LEASED: Final[tuple[Any, ...]] = tuple(
    {"data": cast(column, Text).label("data"), "lease_until": null().label("lease_until")}.get(
        column.name, column
    )
    for column in MESSAGE_COLUMNS
)
"""What a claim returns: data as the text that it is read from, and no end of the lease, which the claim has set."""
_SECOND: Final[Any] = literal_column("INTERVAL '1 second'")
END_SESSIONS: Final = """\
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE application_name = $1 AND usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"""
"""End the sessions of one name, and wait until they are gone, at most five seconds for each."""
_NUMBERS: Final = """\
FROM (SELECT DISTINCT hashtextextended(k ->> 0 || '/' || (k ->> 1), 7) AS number
  FROM json_array_elements(CAST($1 AS JSON)) AS k ORDER BY 1) AS numbers"""
LOCK_KEYS: Final = f"SELECT pg_advisory_xact_lock(number) {_NUMBERS}"
"""Wait for the locks of (app, key) pairs, given as a JSON array of arrays; in one order, so that two cannot deadlock.

``hashtextextended`` is the hash of ``data_staging_lock_key``, which the triggers use.
"""

LOCK_FILES: Final = "SELECT pg_advisory_xact_lock(hashtextextended('integration.archive_file', 7))"
"""Wait for others who begin a file; the next statement sees which they have begun."""

LOCK_QUEUE: Final = "SELECT 1 FROM integration.queue_state WHERE app = $1 FOR UPDATE"
"""Wait for the other claims from a queue with limits; the next statement sees what they have committed."""

TRY_KEYS: Final = f"SELECT bool_and(pg_try_advisory_xact_lock(number)) {_NUMBERS}"
"""Take the locks that are free; tell whether all were."""
HOLD_KEYS: Final = """\
UPDATE integration.data_staging AS s SET blocked = 1, revision = s.revision + 1
FROM (SELECT DISTINCT e ->> 0 AS app, e ->> 1 AS key FROM json_array_elements(CAST($1 AS JSON)) AS e) AS k
WHERE s.target_app = k.app AND s.partition_key = k.key AND s.partition_key IS NOT NULL
  AND s.status IN ('pending', 'processing', 'failed') AND s.status = 'pending' AND s.blocked = 0"""
"""Let nothing that waits under these keys be claimed."""
RELEASE_KEYS: Final = """\
WITH k AS MATERIALIZED (
  SELECT DISTINCT e ->> 0 AS app, e ->> 1 AS key FROM json_array_elements(CAST($1 AS JSON)) AS e)
UPDATE integration.data_staging AS s
SET blocked = 0, due_at = CAST(CAST($2 AS TEXT) || '+00' AS TIMESTAMPTZ), revision = s.revision + 1
FROM k CROSS JOIN LATERAL (
  SELECT min(p.id) AS id FROM integration.data_staging AS p
  WHERE p.target_app = k.app AND p.partition_key = k.key AND p.partition_key IS NOT NULL
    AND p.status IN ('pending', 'processing', 'failed') AND p.status = 'pending') AS first
WHERE s.id = first.id AND s.blocked = 1 AND s.status = 'pending'
  AND NOT EXISTS (SELECT 1 FROM (VALUES ('processing', 0), ('failed', 1)) AS w (status, blocked)
    CROSS JOIN LATERAL (SELECT 1 FROM integration.data_staging AS b
      WHERE b.target_app = k.app AND b.partition_key = k.key AND b.partition_key IS NOT NULL
        AND b.status IN ('pending', 'processing', 'failed')
        AND b.status = w.status AND b.blocked >= w.blocked LIMIT 1) AS before)"""
"""Let the first waiting message of each key be claimed, unless one of it is processing or blocks it dead.

The statuses stand in a table of values: were they written out, PostgreSQL would look for them in the index of all that
is processing or dead, whatever its key. And each is looked for by itself, up to the LIMIT: in a join PostgreSQL would
read all of the key that waits, as long as it takes the table to be small.
"""


def promote_due() -> Update:
    """Make scheduled messages ready whose time has come, a bounded number, but for those that others are at."""
    due = (
        select(T.id)
        .where(
            T.target_app == param("app"), PENDING, T.available_at.is_not(None), T.available_at <= param("now")
        )
        .order_by(T.available_at)
        .suffix_with(LIMIT, text("FOR UPDATE SKIP LOCKED"))
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    return (
        update(data_staging)
        .where(T.id == due.c.id)
        .values(available_at=null(), due_at=DUE, revision=NEXT_REVISION)
    )


def claim_first(*, kept: bool, before_suspect: bool, unexpired: bool, sized: bool = False) -> Update:
    """Lease the first ready messages that nobody else is about to lease; see ``statements.claim_first``."""
    found = claim.candidates(before_suspect=before_suspect, unexpired=unexpired, sized=sized)
    return _lease(found, kept=kept, sized=sized)


def claim_at_once(*, kept: bool, sized: bool = False) -> Select[Any]:
    """Lease the first ready messages, if nothing else is to be seen to before; the last column says whether it is so.

    What stands in the way: a state of the queue, or messages that are due, expired, or were in a process that died.
    There is always a row; one without an id has leased nothing.
    """
    q = queue_state.c
    stateful = and_(q.app == param("app"), or_(HALTED_NOW, LIMITED, q.failures > number(0)))
    due = and_(PENDING, T.available_at.is_not(None), T.available_at <= param("now"))
    late = and_(PENDING, T.expires_at.is_not(None), T.expires_at <= param("now"))
    suspect = and_(READY, T.crashes > number(0))
    of_app = [and_(T.target_app == param("app"), each) for each in (due, late, suspect)]
    nothing = and_(~_any(queue_state, stateful), *(~_any(data_staging, each) for each in of_app))
    clear = select(nothing.label("is_clear")).cte("clear").prefix_with("MATERIALIZED")
    first = claim.candidates(before_suspect=False, unexpired=False, sized=sized)
    first = first.where(select(clear.c.is_clear).scalar_subquery())
    leased = _lease(first, kept=kept, sized=sized).cte("leased")
    return select(*leased.c, clear.c.is_clear).select_from(clear.outerjoin(leased, true()))


def _any(table: Table, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Tell whether a table has such a row, whatever stands around the question."""
    return select(number(1)).select_from(table).where(condition).correlate(None).exists()


def _lease(found: Select[Any], *, kept: bool, sized: bool) -> ReturningUpdate[Any]:
    chosen = found.suffix_with(text("FOR UPDATE SKIP LOCKED")).cte("chosen").prefix_with("MATERIALIZED")
    if sized:
        chosen = claim.within_bytes(chosen).cte("fitting").prefix_with("MATERIALIZED")
    return update(data_staging).where(T.id == chosen.c.id).values(claim.lease(kept=kept)).returning(*_LEASED)


def insert_one(columns: Sequence[str]) -> Insert:
    """Store one message and return its id; no row: the app already has it."""
    return shared.insert_one(columns).returning(T.id)


def insert_many(columns: Sequence[str]) -> TextClause:
    """Store the messages of ``drafts``, a JSON array of (id, data, bytes in hexadecimal) that share ``columns``.

    Returns ids of rows and of messages; those that the app already has are passed over.
    """
    names = ", ".join(("message_id", "data", "data_bytes", *columns))
    shared = ", ".join(_SHARED.get(name, "CAST(:{0} AS TEXT)").format(name) for name in columns)
    return text(
        f"INSERT INTO integration.data_staging ({names}) "  # noqa: S608 - our own columns
        f"SELECT d.e ->> 0, d.e -> 1, decode(d.e ->> 2, 'hex'), {shared} "
        "FROM jsonb_array_elements(CAST(:drafts AS JSONB)) WITH ORDINALITY AS d(e, n) ORDER BY d.n "
        "ON CONFLICT (message_id, target_app, source_app) DO NOTHING RETURNING id, message_id"
    )


def creation() -> Select[Any]:
    """Return the row that holds a message already, and who made it."""
    return select(T.id, T.created_by).where(
        T.message_id == param("message_id"), T.target_app == param("app"), T.source_app == param("source_app")
    )


def next_ids() -> TextClause:
    """Return so many new row ids, in order."""
    return text("SELECT nextval('integration.data_staging_id_seq') FROM generate_series(1, :count)")


def overdue() -> Select[Any]:
    """Return claimed messages whose lease ran out.

    A kept lease of another host is left alone a little longer: after the database was away, its own host may renew it.
    """
    late = or_(
        and_(T.lease_until < param("now"), or_(T.lease_keep_s.is_(None), T.lease_owner.like(param("ours")))),
        T.lease_until < param("before"),
    )
    return select(*OVERDUE_COLUMNS).where(PROCESSING, WATCHED, late).suffix_with(LIMIT)


def ending_owners() -> Select[Any]:
    """Return the owners on this host of kept leases that are more than a third over."""
    return (
        select(T.lease_owner)
        .where(PROCESSING, WATCHED, T.lease_owner.like(param("ours")), _is_ending())
        .distinct()
    )


def renew() -> Update:
    """Renew the kept leases of an owner that are more than a third over."""
    return (
        update(data_staging)
        .where(PROCESSING, WATCHED, T.lease_owner == param("owner"), _is_ending())
        .values(
            lease_until=param("now") + T.lease_keep_s * _SECOND,
            revision=NEXT_REVISION,
        )
    )


def _is_ending() -> Any:
    ending = T.lease_until < param("now") + T.lease_keep_s * _SECOND * text("2 / 3")
    return and_(T.lease_keep_s.is_not(None), ending)


def archive_rows() -> Insert:
    """Move the rows of ``ids`` that are completed, and not hidden, to the archive; return their ids."""
    kept = [column for column in T if column.name != "status"]
    moved = (
        delete(data_staging)
        .where(listed(T.id), T.status == literal(Status.COMPLETED), T.deleted_at.is_(None))
        .returning(*kept)
        .cte("moved")
    )
    source = select(*(moved.c[column.name] for column in kept), literal(Status.ARCHIVED), param("now"))
    names = [*(column.name for column in kept), "status", "archived_at"]
    made = insert(data_archive).from_select(names, source, include_defaults=False)
    return made.returning(data_archive.c.id)


def hold_payload() -> Select[Any]:
    """Find a payload, and keep it until the transaction ends; others may keep it, too."""
    return shared.hold_payload().suffix_with(text("FOR KEY SHARE"))


def seize_payload() -> Select[Any]:
    """Find a payload that is to be removed; no row: another transaction is about to need it."""
    return shared.seize_payload().suffix_with(text("FOR UPDATE SKIP LOCKED"))


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
        query = query.where(func.integration.failure_code(T.error) == param("code"))
    return query.order_by(T.id).suffix_with(LIMIT)


REPLACED: Final[dict[Callable[..., ClauseElement], Callable[..., ClauseElement]]] = {
    shared.promote_due: promote_due,
    shared.claim_first: claim_first,
    shared.hold_payload: hold_payload,
    shared.insert_one: insert_one,
    shared.of_app: of_app,
    shared.overdue: overdue,
    shared.seize_payload: seize_payload,
}
"""For a statement of SQLite, the one of PostgreSQL; all others are the same for both."""


def horizon() -> Select[Any]:
    """Return the number of the oldest transaction that has not ended, and the number of the next one."""
    present = func.pg_current_snapshot()
    bounds = (func.pg_snapshot_xmin(present), func.pg_snapshot_xmax(present))
    numbers: list[Any] = [cast(cast(bound, Text), BigInteger) for bound in bounds]
    return select(*numbers)
