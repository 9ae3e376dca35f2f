# Made from ../asynchronous/looking.py by tools/generate_sync.py. Do not edit.
"""Looking at messages and queues."""

from __future__ import annotations

import builtins

from crossdock.domain.lifecycle import Status
from crossdock.domain.record import QueueStats, Record, TimelineEntry
from crossdock.queue_core import QueueCore, check_limit, check_status


class Looking(QueueCore):
    """The part of a queue that answers questions."""

    def get(self, message_id: str, *, app: str | None = None, source_app: str | None = None) -> Record:
        """Return what the store knows of a message.

        Args:
            message_id: Its id.
            app: Whose queue; needed only if several apps have the message.
            source_app: Who sent it; needed only if several senders chose the same id.

        Raises:
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        return self._store.read(lambda reader: reader.find(message_id, app, source_app))

    def list(
        self,
        app: str | None = None,
        *,
        status: Status | str | None = None,
        limit: int = 100,
        after: int | None = None,
        newest_first: bool = False,
    ) -> builtins.list[Record]:
        """Return messages in the order in which they arrived.

        Args:
            app: Whose queue; default: all.
            status: Only these; default: all but those in the archive.
            limit: At most so many.
            after: Go on behind this ``row_id``.
            newest_first: Turn the order round.
        """
        wanted = None if status is None else check_status(status)
        return self._store.read(
            lambda reader: reader.list(
                app,
                status=wanted,
                limit=check_limit(limit),
                after=after,
                newest_first=newest_first,
                fetch=self._payload,
            )
        )

    def stats(self, app: str | None = None) -> dict[str, QueueStats]:
        """Return the figures of one app's queue, or of every queue, by app."""
        now = self._store.now()
        return self._store.read(lambda reader: reader.stats(app, now))

    def timeline(
        self, message_id: str, *, app: str | None = None, source_app: str | None = None
    ) -> builtins.list[TimelineEntry]:
        """Return everything that happened to a message, in order.

        Raises:
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        return self._store.read(lambda reader: reader.timeline(reader.find(message_id, app, source_app)))

    def actions(self, app: str | None = None, *, limit: int = 100) -> builtins.list[TimelineEntry]:
        """Return what operators did to a queue as a whole, the newest first: pauses, purges, other rules.

        What they did to single messages stands in the timelines of these.

        Args:
            app: Whose queue; default: what concerns all of them, which are the reloads.
            limit: At most so many.
        """
        return self._store.read(lambda reader: reader.actions(app or "", check_limit(limit)))
