"""Statements that move finished messages to the archive, find them there, and note the files they go to at last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import and_, delete, func, insert, not_, or_, select, text, tuple_, update

from crossdock.domain.lifecycle import Status
from crossdock.store.statements.parts import (
    FINISHED,
    LIMIT,
    RECORD_COLUMNS,
    T,
    listed,
    literal,
    param,
    size_of,
    sorted_by,
    whole_bytes,
)
from crossdock.store.tables import archive_file, audit_log, data_archive, data_staging

if TYPE_CHECKING:
    from sqlalchemy import Delete, Insert, Select, Update
    from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate

_A: Final = data_archive.c


def _whole(columns: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(whole_bytes(_A) if column.name == "data_bytes" else column for column in columns)


_F: Final = archive_file.c
LISTED_ARCHIVE_COLUMNS: Final = (*(_A[column.name] for column in RECORD_COLUMNS), _A.archived_at)
"""What a listed record needs of its row in the archive: ``LISTED_COLUMNS``, and when it came there."""
ARCHIVE_COLUMNS: Final = _whole(LISTED_ARCHIVE_COLUMNS)
"""The same with what lies outside the row."""
LINE_COLUMNS: Final = _whole(tuple(_A))
_COMPLETED: Final = T.status == literal(Status.COMPLETED)
_UNWRITTEN: Final = _F.row_count.is_(None)
_FACTS: Final = {"row_count": "rows", "file_size": "size", "checksum": "checksum"}


def aged() -> Select[Any]:
    """Return an app's completed messages behind a row: id, whether it ended before, whether it was sent later."""
    return (
        select(T.id, T.processed_at <= param("before"), T.created_at > param("before"))
        .where(T.target_app == param("app"), FINISHED, _COMPLETED, T.id > param("after"))
        .order_by(T.id)
        .suffix_with(LIMIT)
    )


def nth_newest() -> Select[Any]:
    """Return the newest completed message of an app that has ``skip`` newer ones; index alone."""
    return (
        select(T.id)
        .where(T.target_app == param("app"), FINISHED, _COMPLETED)
        .order_by(T.id.desc())
        .suffix_with(text("LIMIT 1 OFFSET (:skip + 0)").bindparams(param("skip")))
    )


def completed_sizes() -> Select[Any]:
    """Return an app's completed messages before a row, the newest first: id, and bytes of data."""
    return (
        select(T.id, size_of(T))
        .where(T.target_app == param("app"), FINISHED, _COMPLETED, T.id < param("older_than"))
        .order_by(T.id.desc())
        .suffix_with(LIMIT)
    )


def archived_sizes() -> Select[Any]:
    """Return what an app has in the archive, the newest first, behind a given one: when it came, id, bytes of data."""
    place = tuple_(_A.archived_at, _A.id) < tuple_(param("since"), param("after"))
    return (
        select(_A.archived_at, _A.id, size_of(_A))
        .where(_A.target_app == param("app"), place)
        .order_by(_A.archived_at.desc(), _A.id.desc())
        .suffix_with(LIMIT)
    )


def archive_rows() -> Insert:
    """Copy the rows of ``ids`` that are completed, and not hidden, to the archive."""
    kept = [column for column in T if column.name != "status"]
    source = select(*kept, literal(Status.ARCHIVED), param("now")).where(
        listed(T.id), _COMPLETED, T.deleted_at.is_(None)
    )
    names = [*(column.name for column in kept), "status", "archived_at"]
    return insert(data_archive).from_select(names, source, include_defaults=False)


def drop_staged() -> ReturningDelete[Any]:
    """Remove the rows of ``ids`` that ``archive_rows`` has copied, in the same transaction."""
    return delete(data_staging).where(listed(T.id), _COMPLETED, T.deleted_at.is_(None)).returning(T.id)


def find_archived() -> Select[Any]:
    """Return the newest message that was archived after ``since`` under an identity."""
    return (
        select(*ARCHIVE_COLUMNS)
        .where(
            _A.message_id == param("message_id"),
            _A.target_app == param("app"),
            _A.source_app == param("source_app"),
            _A.archived_at > param("since"),
        )
        .order_by(_A.archived_at.desc())
        .suffix_with(text("LIMIT 1"))
    )


def records_of_archive(*, with_app: bool, with_source: bool) -> Select[Any]:
    """Return what the archive holds of a message: at one app or at all, from one sender or from any."""
    query = select(*ARCHIVE_COLUMNS).where(_A.message_id == param("message_id"))
    if with_app:
        query = query.where(_A.target_app == param("app"))
    if with_source:
        query = query.where(_A.source_app == param("source_app"))
    return query.order_by(sorted_by(_A.id))


def record_of_archive() -> Select[Any]:
    """Return one row of the archive."""
    return select(*ARCHIVE_COLUMNS).where(_A.id == param("row_id"))


def archived_ids(*, with_app: bool, newest_first: bool) -> Select[Any]:
    """Return ids of archived messages, in order, behind a given one; index alone."""
    query = select(_A.id).where(_A.id < param("after") if newest_first else _A.id > param("after"))
    if with_app:
        query = query.where(_A.target_app == param("app"))
    return query.order_by(_A.id.desc() if newest_first else _A.id).suffix_with(LIMIT)


def archived_records(*, newest_first: bool, with_since: bool = False) -> Select[Any]:
    """Return the rows of ``ids`` in the archive, in order, but for what lies outside them."""
    query = select(*LISTED_ARCHIVE_COLUMNS).where(listed(_A.id))
    if with_since:
        query = query.where(_A.archived_at >= param("since"))
    return query.order_by(_A.id.desc() if newest_first else _A.id)


def archived_app_after() -> Select[Any]:
    """Return the app that follows a given one by name and has archived messages."""
    return select(func.min(_A.target_app)).where(_A.target_app > param("app"))


def oldest_archived() -> Select[Any]:
    """Return when the message of an app came to the archive that has been there longest."""
    return select(func.min(_A.archived_at)).where(_A.target_app == param("app"))


def archived_lines() -> Select[Any]:
    """Return rows of an app that were archived up to ``before``, those that came first first, behind a given one."""
    place = tuple_(_A.archived_at, _A.id) > tuple_(param("since"), param("after"))
    return (
        select(*LINE_COLUMNS)
        .where(_A.target_app == param("app"), _A.archived_at <= param("before"), place)
        .order_by(_A.archived_at, _A.id)
        .suffix_with(LIMIT)
    )


def histories() -> Select[Any]:
    """Return the audit log of the messages of ``ids``, in order."""
    a = audit_log.c
    return (
        select(a.row_id, a.at, a.event, a.attempt, a.who, a.code, a.details)
        .where(listed(a.row_id))
        .order_by(a.row_id, a.id)
    )


def purge_archived() -> ReturningDelete[Any]:
    """Remove the rows of ``ids`` from the archive; return what they had outside."""
    return delete(data_archive).where(listed(_A.id)).returning(_A.payload)


def open_files() -> Select[Any]:
    """Return the files that were begun and not finished, the given up ones among them."""
    about = (_F.name, _F.folder, _F.app, _F.created_at, _F.created_by, _F.finished_at.is_not(None))
    return (
        select(*about, _F.row_count, _F.file_size, _F.checksum)
        .where(or_(_F.finished_at.is_(None), _UNWRITTEN))
        .order_by(_F.created_at, _F.name)
    )


def file_names() -> Select[Any]:
    """Return the names of the files between two names."""
    return select(_F.name).where(_F.name >= param("first"), _F.name < param("last"))


def begin_file() -> ReturningInsert[Any]:
    """Note a file that is to be written, unless the name is taken or another file of the app is being written."""
    row = {"name": "name", "folder": "folder", "app": "app", "created_at": "now", "created_by": "who"}
    others = select(_F.name).where(
        or_(_F.name == param("name"), and_(_F.app == param("app"), _F.finished_at.is_(None), _UNWRITTEN))
    )
    given = select(*map(param, row.values())).where(not_(others.exists()))
    return insert(archive_file).from_select(list(row), given, include_defaults=False).returning(_F.name)


def take_out() -> ReturningUpdate[Any]:
    """Note what a file holds whose rows are removed with this, unless it was given up."""
    values = {column: param(given) for column, given in _FACTS.items()}
    begun = (_F.name == param("name"), _F.finished_at.is_(None), _UNWRITTEN)
    return update(archive_file).where(*begun).values(values).returning(_F.name)


def end_file() -> Update:
    """Note what a file holds that was written, and that its rows are in it alone."""
    row = {"finished_at": "now", **_FACTS}
    values = {column: param(given) for column, given in row.items()}
    return update(archive_file).where(_F.name == param("name")).values(values)


def give_up_file() -> ReturningUpdate[Any]:
    """Let a file never count that was begun, unless its rows are in it alone."""
    given_up = (_F.name == param("name"), _UNWRITTEN)
    return update(archive_file).where(*given_up).values(finished_at=param("now")).returning(_F.name)


def drop_file() -> Delete:
    """Forget a file that never counted."""
    return delete(archive_file).where(_F.name == param("name"), _UNWRITTEN)
