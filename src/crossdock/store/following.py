"""What can be asked of a store by those who follow what happens in it; each answer is bounded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from crossdock.domain.following import Happened, Place, Took, took
from crossdock.store.archive_reading import ArchiveReader
from crossdock.store.codec import maybe_moment
from crossdock.store.statements import follow
from crossdock.store.types import to_text

if TYPE_CHECKING:
    import builtins
    from collections.abc import Collection
    from datetime import datetime

_AT_ONCE: Final = 200_000
"""So many ids are counted at most; the rest the next time."""


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
