"""Statements that store messages and keep the order of partition keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import column, exists, func, select, true, update, values
from sqlalchemy.dialects import sqlite as sqlite_dialect

from crossdock.store.statements.parts import (
    FAILED,
    NEXT_REVISION,
    OF_KEY,
    PENDING,
    PROCESSING,
    RECORD_COLUMNS,
    T,
    number,
    param,
)
from crossdock.store.tables import data_staging

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Insert, Select, Update


def insert_one(columns: Sequence[str]) -> Insert:
    """Store one message; nothing happens if the app already has it."""
    row = {name: param(name) for name in columns}
    return (
        sqlite_dialect.insert(data_staging)
        .values(row)
        .on_conflict_do_nothing(index_elements=["message_id", "target_app", "source_app"])
    )


def insert_rows(columns: Sequence[str], own: Sequence[str], count: int) -> Insert:
    """Store ``count`` messages that differ in ``own`` alone; those that the app already has are passed over.

    The parameters are the values of ``own``, row after row, then those of the other columns in their order.
    """
    rows = [tuple(param(f"{name}_{n}") for name in own) for n in range(count)]
    drafts = values(*(column(name) for name in own), name="drafts").data(rows).cte("drafts")
    source = select(*(drafts.c[name] if name in own else param(name) for name in columns)).select_from(drafts)
    return (
        sqlite_dialect.insert(data_staging)
        .from_select(list(columns), source.where(true()), include_defaults=False)
        .on_conflict_do_nothing(index_elements=["message_id", "target_app", "source_app"])
    )


def find_sent() -> Select[Any]:
    """Return the row that holds a message already."""
    return select(*RECORD_COLUMNS).where(
        T.message_id == param("message_id"), T.target_app == param("app"), T.source_app == param("source_app")
    )


def hold_key(row_id: str = "row_id") -> Update:
    """Take the first waiting message of a key out of the claim index (an earlier one has come back)."""
    first = select(func.min(T.id)).where(OF_KEY, PENDING, T.id != param(row_id)).scalar_subquery()
    return (
        update(data_staging)
        .where(T.id == first, T.blocked == number(0), PENDING)
        .values(blocked=number(1), revision=NEXT_REVISION)
    )


def release_key() -> Update:
    """Let the first waiting message of a key be claimed, unless one of the key is processing or blocks it dead."""
    first = select(func.min(T.id)).where(OF_KEY, PENDING).scalar_subquery()
    busy = exists(select(number(1)).select_from(data_staging).where(OF_KEY, PROCESSING))
    dead = exists(select(number(1)).select_from(data_staging).where(OF_KEY, FAILED, T.blocked == number(1)))
    return (
        update(data_staging)
        .where(T.id == first, T.blocked == number(1), ~busy, ~dead)
        .values(blocked=number(0), due_at=param("now"), revision=NEXT_REVISION)
    )
