"""What can be asked of a store by those who follow what happens in it; each answer is bounded."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.events import MessageSent
from crossdock.domain.following import Happened, Horizon, Occurrence, Page, Place, Took, took
from crossdock.store.archive_reading import ArchiveReader
from crossdock.store.codec import maybe_moment
from crossdock.store.statements import follow
from crossdock.store.types import to_text

if TYPE_CHECKING:
    import builtins
    from collections.abc import Collection

_AT_ONCE: Final = 200_000
"""So many ids are counted at most; the rest the next time."""
_NO_ROW: Final = 0
"""Stands where a line is about no message: about a queue as a whole, a key, or all of the store."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
"""Stands for an instant that another program wrote and that is none."""


class FollowingReader(ArchiveReader):
    """Answers questions about what came behind a place, from one consistent snapshot."""

    def newest(self) -> Place:
        """Return the place behind everything there is."""
        return Place(*(self._run(build, {})[0][0] or 0 for build in (follow.newest_row, follow.newest_line)))

    def happened(self, after: Place) -> Happened:
        """Count what happened behind a place."""
        newest = self.newest()
        upto = Place(*(min(end, begin + _AT_ONCE) for begin, end in zip(after, newest, strict=True)))
        sent = self._run(follow.count_sent, {"after": after.row, "upto": upto.row})
        logged = self._run(follow.count_logged, {"after": after.line, "upto": upto.line})
        return Happened(
            Place(max(after.row, upto.row), max(after.line, upto.line)),
            {(source, app): number for source, app, number in sent},
            {(app, event, code or ""): number for app, event, code, number in logged if app is not None},
        )

    def newest_completed(self, app: str, limit: int) -> builtins.list[int]:
        """Return the ids of the newest completed messages of an app, the newest first."""
        rows = self._run(follow.newest_completed, {"app": app, "limit": limit})
        return [row_id for (row_id,) in rows]

    def durations(self, row_ids: Collection[int]) -> builtins.list[Took]:
        """Return how long completed messages took."""
        found = []
        for source_app, *texts in self._run(follow.durations, {"ids": json.dumps(list(row_ids))}):
            created, due, claimed, processed = map(maybe_moment, texts)
            ready = due or created
            if ready is not None and claimed is not None and processed is not None:
                found.append(took(source_app, ready, claimed, processed))
        return found

    def archived_since(self, app: str, since: datetime) -> int:
        """Count the messages of an app that went to the archive after an instant."""
        return int(self._run(follow.archived_since, {"app": app, "since": to_text(since)})[0][0])

    def horizon(self) -> Horizon | None:
        """Return which transactions may still bring smaller ids; None: none, they appear in order."""
        return None

    def occurrences(self, after: Place, upto: Place, limit: int) -> Page:
        """Return what happened between two places, at most ``limit`` sends and as many lines of the log."""
        sent = self._run(follow.sent_between, {"after": after.row, "upto": upto.row, "limit": limit})
        row = sent[-1][0] if len(sent) == limit else max(after.row, upto.row)
        logged = self._run(follow.logged_between, {"after": after.line, "upto": upto.line, "limit": limit})
        line = logged[-1][0] if len(logged) == limit else max(after.line, upto.line)
        found = [_sent(one, after.line) for one in sent]
        found += [_logged(one, row) for one in logged if one[2] is not None or one[5] == _NO_ROW]
        return Page(Place(row, line), found)


def _sent(row: Any, line: int) -> Occurrence:
    row_id, at, app, source_app, message_id, who = row
    return Occurrence(
        place=Place(row_id, line),
        at=maybe_moment(at) or _LONG_AGO,
        event=MessageSent.name,
        app=app,
        source_app=source_app,
        message_id=message_id,
        row_id=row_id,
        who=who,
    )


def _logged(line: Any, row: int) -> Occurrence:
    line_id, at, app, source_app, message_id, row_id, event, attempt, who, code = line
    return Occurrence(
        place=Place(row, line_id),
        at=maybe_moment(at) or _LONG_AGO,
        event=event,
        app=app or "",
        source_app=source_app,
        message_id=message_id,
        row_id=row_id or None,
        attempt=attempt,
        who=who,
        code=code,
    )
