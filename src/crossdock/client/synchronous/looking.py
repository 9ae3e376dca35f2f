# Made from ../asynchronous/looking.py by tools/generate_sync.py. Do not edit.
"""Looking at messages and queues, and changing them on an operator's word, over HTTP."""

from __future__ import annotations

import builtins
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from crossdock.client.synchronous.link import Call, Link, queue_path
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.cursor import cursor_of
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.json_reading import entry_of, record_of, stats_of
from crossdock.domain.lifecycle import Status
from crossdock.domain.record import QueueStats, Record, TimelineEntry
from crossdock.hub.editing import check_changes

_PAGE: Final = 1000
_UNSET: Final[Any] = object()


class Looking:
    """The part of a client that finds and changes what was sent."""

    _link: Link

    def get(self, message_id: str, *, app: str | None = None, source_app: str | None = None) -> Record:
        """Return a message as it stands.

        Raises:
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        return record_of(self._ask("GET", _path(message_id), app=app, source=source_app))

    def list(
        self,
        app: str | None = None,
        *,
        status: Status | str | None = None,
        limit: int = 100,
        after: int | None = None,
        newest_first: bool = False,
    ) -> builtins.list[Record]:
        """Return messages in the order in which they arrived, of as many pages as it takes.

        Args:
            app: Whose queue; default: all that the key may see.
            status: Only these; default: all but those in the archive.
            limit: At most so many.
            after: Go on behind this ``row_id``.
            newest_first: Turn the order round.
        """
        if not isinstance(limit, int) or limit < 1:
            raise InvalidMessage.of("limit", f"{limit!r} is not a whole number of 1 or more")
        cursor = None if after is None else cursor_of(after)
        found: builtins.list[Record] = []
        while len(found) < limit:
            page = self._ask(
                "GET",
                "/messages",
                app=app,
                status=None if status is None else str(status),
                limit=min(_PAGE, limit - len(found)),
                order="newest" if newest_first else "oldest",
                cursor=cursor,
            )
            found += map(record_of, page["messages"])
            cursor = page["next"]
            if cursor is None:
                break
        return found

    def stats(self, app: str | None = None) -> dict[str, QueueStats]:
        """Return the figures of one app's queue, or of every queue that the key may see, by app."""
        if app is not None:
            return {app: stats_of(self._ask("GET", queue_path(app)))}
        return {one["app"]: stats_of(one) for one in (self._ask("GET", "/queues"))["queues"]}

    def timeline(
        self, message_id: str, *, app: str | None = None, source_app: str | None = None
    ) -> builtins.list[TimelineEntry]:
        """Return everything that happened to a message, in order.

        Raises:
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        found = self._ask("GET", f"{_path(message_id)}/timeline", app=app, source=source_app)
        return [entry_of(one) for one in found["entries"]]

    def replay(self, message_id: str, *, app: str | None = None, source_app: str | None = None) -> Record:
        """Send a dead letter or a completed message again, its counters at zero, its history kept.

        Raises:
            IllegalMove: It is not finished.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
            StoreUnavailable: The server did not answer; look with ``get`` whether it was done.
        """
        return record_of(self._once(f"{_path(message_id)}/replay", app=app, source=source_app))

    def cancel(self, message_id: str, *, app: str | None = None, source_app: str | None = None) -> Record:
        """Withdraw a message; a worker that has it loses its lease.

        Raises:
            IllegalMove: It is finished.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
            StoreUnavailable: The server did not answer; look with ``get`` whether it was done.
        """
        return record_of(self._once(f"{_path(message_id)}/cancel", app=app, source=source_app))

    def edit(
        self,
        message_id: str,
        *,
        app: str | None = None,
        source_app: str | None = None,
        data: Any = _UNSET,
        priority: int | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        max_attempts: int | None = None,
    ) -> Record:
        """Change a message that waits or failed; the old values stay in its timeline.

        Args:
            message_id: Its id.
            app: Whose queue; needed only if several apps have the message.
            source_app: Who sent it; needed only if several senders chose the same id.
            data: New data, a JSON value.
            priority: New priority, 0 to 9.
            available_at: New time of delivery, aware; a time in the past is now.
            expires_at: New end of its use, aware.
            max_attempts: New number of attempts, 1 or more.

        Raises:
            IllegalMove: It is claimed or completed.
            InvalidMessage: A value is wrong, or none is given.
            MessageNotFound: There is none, or there are several: name the app, or the source_app.
        """
        moments = {"available_at": available_at, "expires_at": expires_at}
        values = {"priority": priority, "max_attempts": max_attempts, **moments}
        given: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        if data is not _UNSET:
            given["data"] = data
        check_changes(given)
        wanted = {**given, **{name: instant_text(moments[name]) for name in moments if name in given}}
        call = Call(
            "PATCH",
            _path(message_id),
            {"app": app, "source": source_app},
            wanted,
            headers={"If-Match": "*"},
        )
        return record_of((self._link.ask(call))[1])

    def replay_many(
        self, app: str, *, code: str | None = None, limit: int | None = None, rate: float | None = None
    ) -> int:
        """Send the dead letters of an app again; return how many.

        Args:
            app: Whose queue.
            code: Only those that failed with this code.
            limit: At most so many, the oldest first.
            rate: So many per second, spread over time from now; default: all at once.
        """
        given = {"code": code, "rate": rate}
        wish = {name: value for name, value in given.items() if value is not None}
        return self._count("replay", "replayed", app, limit=limit, **wish)

    def cancel_many(self, app: str, *, limit: int | None = None) -> int:
        """Withdraw the waiting messages of an app; return how many."""
        return self._count("cancel", "cancelled", app, limit=limit)

    def archive(
        self, app: str | None = None, *, older_than: timedelta = timedelta(0), limit: int | None = None
    ) -> int:
        """Move completed messages to the archive; return how many.

        There they are still found by ``get``, ``list(status="archived")`` and ``timeline``, and known as duplicates.

        Args:
            app: Whose queue; default: every one that the key may see.
            older_than: Only those that ended longer ago than this.
            limit: At most so many.
        """
        moved = 0
        for name in self.stats() if app is None else [app]:
            if limit is None or moved < limit:
                left = None if limit is None else limit - moved
                seconds = older_than.total_seconds()
                moved += self._count("archive", "archived", name, limit=left, older_than_s=seconds)
        return moved

    def purge(
        self,
        app: str,
        *,
        status: Status | str = Status.COMPLETED,
        older_than: timedelta = timedelta(0),
        limit: int | None = None,
    ) -> int:
        """Remove finished messages and their history for good; return how many.

        A removed message is forgotten: sent again under the same id, it is a new one.

        Args:
            app: Whose queue.
            status: ``completed`` or ``failed``.
            older_than: Only those that ended longer ago than this.
            limit: At most so many.
        """
        wish: dict[str, Any] = {"status": str(status), "older_than_s": older_than.total_seconds()}
        return self._count("purge", "purged", app, limit=limit, **wish)

    def pause(self, app: str) -> None:
        """Let nothing more be claimed from an app's queue, by anyone; what is sent waits."""
        self._ask("POST", queue_path(app, "pause"))

    def resume(self, app: str) -> None:
        """Let a paused or parked queue be claimed from again."""
        self._ask("POST", queue_path(app, "resume"))

    def _ask(self, method: str, path: str, **query: Any) -> Any:
        return (self._link.ask(Call(method, path, query)))[1]

    def _count(self, verb: str, done: str, app: str, *, limit: int | None, **wish: Any) -> int:
        """Let something be done to many messages; return to how many. Without a limit it can be asked for twice."""
        given = wish if limit is None else {**wish, "limit": limit}
        call = Call("POST", queue_path(app, verb), body=given, repeatable=limit is None)
        count: int = (self._link.ask(call))[1][done]
        return count

    def _once(self, path: str, **query: Any) -> Any:
        """Ask for what, done twice, would be refused the second time."""
        return (self._link.ask(Call("POST", path, query, repeatable=False)))[1]


def _path(message_id: str) -> str:
    return f"/messages/{quote(message_id, safe='')}"
