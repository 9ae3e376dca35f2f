"""Statements that list messages: one for each index that holds a part of them, and those that read what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import and_, func, select

from crossdock.store.statements.parts import (
    FINISHED,
    LIMIT,
    LISTED_COLUMNS,
    PENDING,
    PROCESSING,
    READY,
    WATCHED,
    T,
    listed,
    number,
    param,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import ColumnElement, Select

    Part: TypeAlias = Callable[[], ColumnElement[bool]]


def unharmed() -> ColumnElement[bool]:
    """Are ready, and were never in a process that died."""
    return and_(READY, T.crashes == number(0))


def suspect() -> ColumnElement[bool]:
    """Are ready, and were in a process that died."""
    return and_(READY, T.crashes > number(0))


def scheduled() -> ColumnElement[bool]:
    """Wait for their time, or are due and not yet made ready."""
    return and_(PENDING, T.available_at.is_not(None))


def blocked() -> ColumnElement[bool]:
    """Wait for another of their key."""
    return and_(PENDING, T.available_at.is_(None), T.blocked == number(1))


def finished() -> ColumnElement[bool]:
    """Are completed, failed or archived."""
    return FINISHED


def ids_in_order(*, part: Part, newest_first: bool) -> Select[Any]:
    """Return ids of an app's messages of a part, in order, after a given one; index alone."""
    query = select(T.id).where(T.target_app == param("app"), part())
    if part in {unharmed, suspect}:
        query = query.where(T.priority == param("priority"))
    if part is finished:
        query = query.where(T.status == param("status"))
    return _page(query, newest_first=newest_first)


def ids_processing(*, with_app: bool, newest_first: bool) -> Select[Any]:
    """Return ids of claimed messages, in order; there are never many."""
    query = select(T.id).where(PROCESSING, WATCHED)
    if with_app:
        query = query.where(T.target_app == param("app"))
    return _page(query, newest_first=newest_first)


def ids_of_all(*, newest_first: bool) -> Select[Any]:
    """Return ids of all messages, in order."""
    return _page(select(T.id), newest_first=newest_first)


def next_app(*, part: Part) -> Select[Any]:
    """Return the app that follows a given one by name and has messages of a part."""
    return select(func.min(T.target_app)).where(part(), T.target_app > param("app"))


def records(*, newest_first: bool, with_since: bool = False) -> Select[Any]:
    """Return the rows of ``ids`` that are not hidden, in order, but for what lies outside them."""
    query = select(*LISTED_COLUMNS).where(listed(T.id), T.deleted_at.is_(None))
    if with_since:
        query = query.where(T.updated_at >= param("since"))
    return query.order_by(T.id.desc() if newest_first else T.id)


def _page(query: Select[Any], *, newest_first: bool) -> Select[Any]:
    beyond = T.id < param("after") if newest_first else T.id > param("after")
    return query.where(beyond).order_by(T.id.desc() if newest_first else T.id).suffix_with(LIMIT)
