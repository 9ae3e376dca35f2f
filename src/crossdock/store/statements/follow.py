"""Statements that follow what happens in a store: what came behind a place, in the order of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from crossdock.domain.lifecycle import Status
from crossdock.store.statements.parts import FINISHED, LIMIT, T, listed, literal, param
from crossdock.store.tables import audit_log, data_archive, data_staging

if TYPE_CHECKING:
    from sqlalchemy import Select

_A: Final = audit_log.c
_O: Final = data_archive.c
_LOGGED: Final = audit_log.outerjoin(data_staging, T.id == _A.row_id).outerjoin(
    data_archive, _O.id == _A.row_id
)
_APP: Final = func.coalesce(T.target_app, _O.target_app)
_BEHIND: Final = (_A.id > param("after"), _A.id <= param("upto"))


def newest_row() -> Select[Any]:
    """Return the id of the newest message."""
    return select(func.max(T.id))


def newest_line() -> Select[Any]:
    """Return the id of the newest line of the audit log."""
    return select(func.max(_A.id))


def count_sent() -> Select[Any]:
    """Count the messages between two ids, by route."""
    return (
        select(T.source_app, T.target_app, func.count())
        .where(T.id > param("after"), T.id <= param("upto"))
        .group_by(T.source_app, T.target_app)
    )


def count_logged() -> Select[Any]:
    """Count the lines of the audit log between two ids that are about messages, by app, event and code."""
    return (
        select(_APP, _A.event, _A.code, func.count())
        .select_from(_LOGGED)
        .where(*_BEHIND)
        .group_by(_APP, _A.event, _A.code)
    )


def newest_completed() -> Select[Any]:
    """Return the ids of the newest completed messages of an app; index alone."""
    return (
        select(T.id)
        .where(T.target_app == param("app"), FINISHED, T.status == literal(Status.COMPLETED))
        .order_by(T.id.desc())
        .suffix_with(LIMIT)
    )


def durations() -> Select[Any]:
    """Return of the messages of ``ids`` when they came, could be claimed, were claimed and completed."""
    return select(T.source_app, T.created_at, T.due_at, T.claimed_at, T.processed_at).where(listed(T.id))


def archived_since() -> Select[Any]:
    """Count the messages of an app that went to the archive after an instant."""
    return select(func.count()).where(_O.target_app == param("app"), _O.archived_at > param("since"))


def sent_between() -> Select[Any]:
    """Return the first messages between two ids, without their data."""
    return (
        select(T.id, T.created_at, T.target_app, T.source_app, T.message_id, T.created_by)
        .where(T.id > param("after"), T.id <= param("upto"))
        .order_by(T.id)
        .suffix_with(LIMIT)
    )


def logged_between() -> Select[Any]:
    """Return the first lines of the audit log between two ids, with the message or the queue that each is about."""
    message = (func.coalesce(T.source_app, _O.source_app), func.coalesce(T.message_id, _O.message_id))
    return (
        select(
            _A.id,
            _A.at,
            func.coalesce(_APP, _A.app),
            *message,
            _A.row_id,
            _A.event,
            _A.attempt,
            _A.who,
            _A.code,
        )
        .select_from(_LOGGED)
        .where(*_BEHIND)
        .order_by(_A.id)
        .suffix_with(LIMIT)
    )
