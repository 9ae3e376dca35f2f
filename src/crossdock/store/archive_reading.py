"""What can be asked of the archive; nothing here changes it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.archive import AgedPage, ArchivedLine, BegunFile, FileFacts, PayloadPage, Sized
from crossdock.store import statements
from crossdock.store.archive_line import line_of
from crossdock.store.codec import archived_record_from, maybe_moment, moment
from crossdock.store.listing import apps_by_steps
from crossdock.store.statements import listing
from crossdock.store.types import to_text

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable

    from sqlalchemy.sql.elements import ClauseElement

    from crossdock.domain.record import Record
    from crossdock.store.transaction import Database, PreparedStatements

_BEGINNING: Final = to_text(datetime.min.replace(tzinfo=UTC))
_END: Final = to_text(datetime.max.replace(tzinfo=UTC))
_NO_ROW: Final = 2**63 - 1
"""Larger than any id."""


class ArchiveReader:
    """Answers questions about the archive, and about what should go there, from one consistent snapshot."""

    def __init__(self, database: Database, prepared: PreparedStatements) -> None:
        self._database = database
        self._prepared = prepared

    def _run(
        self, build: Callable[..., ClauseElement], parameters: dict[str, Any], **options: Any
    ) -> builtins.list[Any]:
        return self._prepared.run(self._database, build, parameters, options)

    def finished_apps(self) -> builtins.list[str]:
        """Return the apps that have finished messages in their queue, by name."""
        return self._apps(listing.next_app, part=listing.finished)

    def aged(self, app: str, before: datetime, *, through: int, after: int, limit: int) -> AgedPage:
        """Look at an app's next completed messages, in order of arrival.

        Args:
            app: Whose queue.
            before: Those that ended up to then are old enough.
            through: Those up to this row are, too, however young.
            after: Begin behind this row.
            limit: Look at so many.
        """
        parameters = {"app": app, "before": to_text(before), "after": after, "limit": limit}
        rows = self._run(statements.aged, parameters)
        row_ids = [row_id for row_id, is_old, _ in rows if is_old or row_id <= through]
        if len(rows) < limit or (rows[-1][2] and rows[-1][0] > through):
            return AgedPage(row_ids, None)
        return AgedPage(row_ids, rows[-1][0])

    def surplus(self, app: str, at_most: int) -> int:
        """Return the newest row of an app that has ``at_most`` newer completed ones; 0: there are not so many."""
        rows = self._run(statements.nth_newest, {"app": app, "skip": at_most})
        return int(rows[0][0]) if rows else 0

    def completed_sizes(self, app: str, behind: Sized | None, limit: int) -> builtins.list[Sized]:
        """Return an app's completed messages, the newest first, behind another."""
        older_than = _NO_ROW if behind is None else behind.row_id
        rows = self._run(statements.completed_sizes, {"app": app, "older_than": older_than, "limit": limit})
        return [Sized(row_id, size) for row_id, size in rows]

    def archived_sizes(self, app: str, behind: Sized | None, limit: int) -> builtins.list[Sized]:
        """Return what an app has in the archive, the newest first, behind another."""
        since = _END if behind is None or behind.archived_at is None else to_text(behind.archived_at)
        after = _NO_ROW if behind is None else behind.row_id
        parameters = {"app": app, "since": since, "after": after, "limit": limit}
        rows = self._run(statements.archived_sizes, parameters)
        return [Sized(row_id, size, moment(archived_at)) for archived_at, row_id, size in rows]

    def archived_apps(self) -> builtins.list[str]:
        """Return the apps that have archived messages, by name."""
        return self._apps(statements.archived_app_after)

    def oldest_archived(self, app: str) -> datetime | None:
        """Return when the message of an app came to the archive that has been there longest."""
        return maybe_moment(self._run(statements.oldest_archived, {"app": app})[0][0])

    def archived_lines(
        self, app: str, before: datetime, behind: ArchivedLine | None, limit: int
    ) -> builtins.list[ArchivedLine]:
        """Return an app's messages that were archived up to ``before``, as they stand in a file, in order."""
        since, after = (_BEGINNING, 0) if behind is None else (behind.archived_at, behind.row_id)
        parameters = {"app": app, "before": to_text(before), "since": since, "after": after, "limit": limit}
        rows = self._run(statements.archived_lines, parameters)
        found: dict[int, list[Any]] = {row[0]: [] for row in rows}
        for row_id, *entry in self._run(statements.histories, {"ids": json.dumps(list(found))}):
            found[row_id].append(entry)
        return [ArchivedLine(row[0], row[-1], line_of(row, found[row[0]])) for row in rows]

    def unused_payloads(self, after: str, limit: int) -> PayloadPage:
        """Look at payloads behind one: which has no row."""
        rows = self._run(statements.payloads_behind, {"after": after, "limit": limit})
        unused = [checksum for checksum, needed in rows if not needed]
        return PayloadPage(unused, rows[-1][0] if len(rows) == limit else None)

    def open_files(self) -> builtins.list[BegunFile]:
        """Return the files that were begun and not finished, the given up ones among them."""
        return [self._begun_file(*row) for row in self._run(statements.open_files, {})]

    def file_names(self, prefix: str) -> set[str]:
        """Return the names of files that begin so."""
        last = f"{prefix}\N{REPLACEMENT CHARACTER}"
        return {name for (name,) in self._run(statements.file_names, {"first": prefix, "last": last})}

    def _is_ours(self, owner: str) -> bool:
        """Tell whether a process is, or was, of this host."""
        return bool(owner)

    def _begun_file(self, *row: Any) -> BegunFile:
        name, folder, app, created_at, created_by, ended, rows, size, checksum = row
        return BegunFile(
            name,
            folder,
            app,
            begun_at=moment(created_at),
            begun_by=created_by,
            ours=self._is_ours(created_by),
            facts=None if rows is None else FileFacts(rows, size, checksum),
            given_up=bool(ended),
        )

    def _archived(self, parameters: dict[str, Any], **options: Any) -> builtins.list[Record]:
        rows = self._run(statements.records_of_archive, parameters, **options)
        return [archived_record_from(row) for row in rows]

    def _archived_row(self, row_id: int) -> Record | None:
        rows = self._run(statements.record_of_archive, {"row_id": row_id})
        return archived_record_from(rows[0]) if rows else None

    def _apps(self, next_app: Callable[..., Any], **options: Any) -> builtins.list[str]:
        return list(apps_by_steps(self._run, next_app, **options))
