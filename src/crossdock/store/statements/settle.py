"""Statements that end deliveries, and find those that nobody will end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, func, insert, null, select, update

from crossdock.domain.lifecycle import Status
from crossdock.store.statements.parameters import Checked
from crossdock.store.statements.parts import (
    HELD,
    LIMIT,
    NEXT_REVISION,
    NO_LEASE,
    OVERDUE_COLUMNS,
    PENDING,
    PROCESSING,
    SETTLED_COLUMNS,
    WATCHED,
    T,
    dead,
    listed,
    literal,
    number,
    optional,
    param,
)
from crossdock.store.tables import audit_log, data_staging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Insert, Select, Update


_COMPLETED: Final[dict[str, Any]] = {
    "status": literal(Status.COMPLETED), "processed_at": param("now"), "updated_at": param("now"),
    "blocked": number(0), "error": null(), "revision": NEXT_REVISION, "lease_token": null(), "lease_until": null(),
    "lease_keep_s": null(),
}  # fmt: skip


def complete(*, with_result: bool, heard: bool) -> Update:
    """Complete the messages of ``ids`` that are still held by ``token``; who did it stays in the row.

    With ``heard`` more of each is returned, for those who want to hear of it.
    """
    result = {"result": param("result")} if with_result else {}
    return update(data_staging).where(listed(T.id), HELD).values(_COMPLETED | result).returning(*_told(heard))


def complete_each(*, heard: bool) -> Update:
    """Complete the messages of ``results`` likewise: a JSON array of pairs of row id and result, as text. SQLite's."""
    each = func.json_each(param("results")).table_valued("value", name="each_result")
    row_id, result = (func.json_extract(each.c.value, literal(f"$[{at}]")) for at in (0, 1))
    return (
        update(data_staging)
        .where(T.id == row_id, HELD)
        .values(_COMPLETED | {"result": result})
        .returning(*_told(heard))
    )


def _told(heard: bool) -> Sequence[Any]:  # noqa: FBT001 - private
    return SETTLED_COLUMNS if heard else (T.id, T.target_app, T.partition_key)


def give_back() -> Update:
    """Return a held message to its queue.

    ``refund`` attempts are given back, ``crashed`` crashes are counted; an empty ``available_at`` is now, an empty
    ``error`` leaves the last one.
    """
    return (
        update(data_staging)
        .where(T.id == param("row_id"), HELD)
        .values(
            status=literal(Status.PENDING),
            available_at=optional("available_at", "TIMESTAMPTZ"),
            due_at=param("now"),
            attempts=T.attempts - param("refund"),
            crashes=T.crashes + param("crashed"),
            error=func.coalesce(optional("error", "JSON"), T.error),
            blocked=case((T.partition_key.is_not(None), number(1)), else_=number(0)),
            updated_at=param("now"),
            revision=NEXT_REVISION,
            **NO_LEASE,
        )
        .returning(*SETTLED_COLUMNS)
    )


def fail_held() -> Update:
    """Make a held message a dead letter; ``refund`` and ``crashed`` as in ``give_back``."""
    row = {
        **dead(param("error")),
        "attempts": T.attempts - param("refund"),
        "crashes": T.crashes + param("crashed"),
    }
    return update(data_staging).where(T.id == param("row_id"), HELD).values(row).returning(*SETTLED_COLUMNS)


def fail_pending() -> Update:
    """Make a waiting message a dead letter."""
    return (
        update(data_staging)
        .where(T.id == param("row_id"), PENDING)
        .values({**dead(param("error")), "blocked": number(0)})
        .returning(*SETTLED_COLUMNS)
    )


def extend() -> Update:
    """Set the end of the lease of the held messages of ``ids``."""
    return (
        update(data_staging)
        .where(listed(T.id), HELD)
        .values(lease_until=param("until"), revision=NEXT_REVISION)
        .returning(T.id)
    )


def overdue() -> Select[Any]:
    """Return claimed messages whose lease ran out."""
    return (
        select(*OVERDUE_COLUMNS).where(PROCESSING, WATCHED, T.lease_until < param("now")).suffix_with(LIMIT)
    )


def held() -> Select[Any]:
    """Return the messages that a process holds, with what their end is judged by."""
    return (
        select(*OVERDUE_COLUMNS)
        .where(PROCESSING, WATCHED, T.lease_owner == param("owner"))
        .suffix_with(LIMIT)
    )


def in_hand() -> Select[Any]:
    """Return the messages of ``ids`` that are worked on for an app, with what their end is judged by."""
    return select(*OVERDUE_COLUMNS).where(listed(T.id), Checked(PROCESSING), T.target_app == param("app"))


def owned() -> Select[Any]:
    """Return the messages that a process holds."""
    return (
        select(T.id, T.lease_owner, T.lease_token, T.lease_keep_s, T.crashes)
        .where(PROCESSING, WATCHED, T.lease_owner == param("owner"))
        .suffix_with(LIMIT)
    )


def owners() -> Select[Any]:
    """Return every process that holds a message."""
    return select(T.lease_owner).where(PROCESSING, WATCHED).distinct()


def log_action() -> Insert:
    """Write one line of the audit log that is about a queue and no message."""
    return (
        insert(audit_log)
        .inline()
        .values(
            row_id=number(0),
            at=param("at"),
            event=param("event"),
            who=optional("who"),
            details=optional("details", "JSON"),
            app=param("app"),
        )
    )


def log() -> Insert:
    """Write one line of the audit log; empty text is NULL, attempt 0 too."""
    return (
        insert(audit_log)
        .inline()
        .values(
            row_id=param("row_id"),
            at=param("at"),
            event=param("event"),
            attempt=func.nullif(param("attempt"), number(0)),
            who=optional("who"),
            code=optional("code"),
            details=optional("details", "JSON"),
        )
    )
