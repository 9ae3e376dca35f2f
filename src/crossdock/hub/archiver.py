"""The archiver: moves completed messages to the archive when their time has come, and from there to files.

Any process of a store may do it, and one of a host at a time does. Each step is short, so that nobody who sends or
works waits long for it, and leaves everything in order: what was begun and not finished, the next archiver finishes.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import ConfigError
from crossdock.domain.events import ArchiverFailed, ArchiverStarted, ArchiverStopped
from crossdock.domain.retention import before
from crossdock.hub.filing import Filing
from crossdock.hub.measuring import Measuring
from crossdock.hub.steps import Steps
from crossdock.hub.troubles import Troubles

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.domain.retention import Keep, Retention
    from crossdock.hub.filing import WrittenFile
    from crossdock.ports.archive import ArchiveFiles
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store

_LOOK_AT: Final = 500
"""So many rows are looked at in one snapshot."""
_A_DAY: Final = timedelta(days=1)
_EVERY_S: Final = 60.0
_MEASURE_EVERY_S: Final = 600.0
"""To measure is to look at every message that may stay."""
_JOIN_TIMEOUT_S: Final = 5.0


class Archiver:
    """Keeps the tables of one store small.

    Args:
        store: Where the messages are.
        files: Writes the files.
        retention: What goes when; read anew at each pass.
        folder: Where files go unless the retention says otherwise; None: it must.
        notice: Is told what a person should know.
    """

    def __init__(
        self,
        store: Store,
        files: ArchiveFiles,
        *,
        retention: Callable[[], Retention],
        folder: str | None,
        notice: Notice,
    ) -> None:
        self._store = store
        self._steps = Steps(store)
        self.filing = Filing(store, files, self._steps)
        """Writes the files."""
        self._retention = retention
        self._folder = folder
        self._notice = notice
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._troubles = Troubles()
        self._due_at = 0.0
        self._measuring = Measuring(store, self._steps)
        self._measure_at = 0.0

    def start(self) -> None:
        """Do a pass in a thread of its own, if it is time for one, none is under way, and nobody said stop."""
        # Whoever says stop waits for a thread that has begun, or keeps it from beginning.
        with self._starting:
            under_way = self._thread is not None and self._thread.is_alive()
            if self._steps.stopped or under_way or time.monotonic() < self._due_at:
                return
            self._due_at = time.monotonic() + _EVERY_S
            self._thread = threading.Thread(target=self.run_once, name="crossdock-archiver", daemon=True)
            self._thread.start()

    def restart(self) -> None:
        """Begin anew: after a stop, or in a forked child, where the thread of the parent is not."""
        self._starting = threading.Lock()
        self._thread = None
        self._steps.restart()
        self._due_at = self._measure_at = 0.0

    def stop(self) -> None:
        """End after the present step, and begin no other pass: the store may be closed now. Safe to call twice."""
        self._steps.stop()
        with self._starting:
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_JOIN_TIMEOUT_S)

    def run_once(self) -> None:
        """Do all that is due; trouble is told once, and the next pass tries again.

        Payloads that nobody needs are removed even where retention is not automatic.
        """
        began = time.monotonic()
        try:
            with self._store.alone("retention") as ours:
                if ours and self._retention().automatic:
                    self._told_pass(began)
                elif ours:
                    self._drop_payloads()
        except Exception as error:  # noqa: BLE001 - the rim of a service: it must live on
            if not self._steps.stopped and self._troubles.is_news(str(error)):
                self._notice(
                    ArchiverFailed(
                        reason=f"{type(error).__name__}: {error}", duration_s=time.monotonic() - began
                    )
                )
        else:
            self._troubles.is_over()

    def write_files(
        self, app: str | None = None, *, older_than: timedelta = timedelta(0), folder: str | None = None
    ) -> list[WrittenFile]:
        """Write to files, now, what may leave the archive, and remove it there.

        A message whose id is still to be known stays (``dedup_for``).

        Args:
            app: Whose messages; None: all.
            older_than: Only those that were archived longer ago than this.
            folder: Where to; None: where the retention says.

        Returns:
            The files, in the order in which they were written; none if another process is at it.

        Raises:
            ConfigError: There is no folder for files.
            StoreError: The store or the folder cannot be used.
        """
        place = folder or self._place()
        age = max(older_than, self._retention().dedup_for)
        with self._store.alone("retention") as ours:
            if not ours:
                return []
            self.filing.finish_open()
            until = before(self._store.now(), age)
            apps = [app] if app is not None else self._store.read(lambda reader: reader.archived_apps())
            return [one for name in apps for one in self.filing.write_app(name, until, place)]

    def _told_pass(self, began: float) -> None:
        self._notice(ArchiverStarted())
        messages, files = self._pass()
        self._notice(ArchiverStopped(messages=messages, files=files, duration_s=time.monotonic() - began))

    def _pass(self) -> tuple[int, int]:
        """Do all that is due; return how many messages were archived, and how many files were written."""
        messages = files = 0
        retention = self._retention()
        measure = time.monotonic() >= self._measure_at
        if measure:
            self._measure_at = time.monotonic() + _MEASURE_EVERY_S
        for app in self._store.read(lambda reader: reader.finished_apps()):
            messages += self._archive_app(app, retention.of(app), measure=measure)
        if self._folder_of(retention) is not None:
            self.filing.finish_open()
            if retention.to_files:
                until = before(self._store.now(), retention.in_table_for)
                for app in self._store.read(lambda reader: reader.archived_apps()):
                    files += self._write_if_worth_it(app, until)
                    files += self._write_surplus(app, retention) if measure else 0
        self._drop_payloads()
        while not self._steps.stopped and self._steps.leaving_room(self._store.shrink):
            pass
        return messages, files

    def _drop_payloads(self) -> None:
        """Remove payloads whose last message another program has removed, or two transactions at the same time."""
        after: str | None = ""
        while after is not None and not self._steps.stopped:
            start = after
            page = self._store.read(lambda reader: reader.unused_payloads(start, _LOOK_AT))  # noqa: B023 - called at once
            self._steps.change(page.unused, lambda tx, checksums: tx.drop_payloads(checksums))
            after = page.after

    def _archive_app(self, app: str, keep: Keep, *, measure: bool) -> int:
        until = before(self._store.now(), keep.completed_for)
        through = self._surplus(app, keep, measure=measure)
        after: int | None = 0
        archived = 0
        while after is not None and not self._steps.stopped:
            start = after
            page = self._store.read(
                lambda reader: reader.aged(app, until, through=through, after=start, limit=_LOOK_AT)  # noqa: B023 - called at once
            )
            self._steps.change(page.row_ids, lambda tx, row_ids: tx.archive(row_ids))
            archived += len(page.row_ids)
            after = page.after
        return archived

    def _surplus(self, app: str, keep: Keep, *, measure: bool) -> int:
        """Return the newest row that may not stay in the queue, however young; 0: there is none."""
        count, size = keep.max_completed, keep.max_completed_bytes
        through = 0 if count is None else self._store.read(lambda reader: reader.surplus(app, count))
        return max(through, self._measuring.surplus(app, size)) if measure and size is not None else through

    def _write_surplus(self, app: str, retention: Retention) -> int:
        """Write what has no room in the table of the archive, but for what is still to be known there."""
        if retention.max_archived_bytes is None:
            return 0
        until = self._measuring.archive_surplus(app, retention.max_archived_bytes)
        if until is None:
            return 0
        forgotten = before(self._store.now(), retention.dedup_for)
        if until > forgotten:  # a little more may go at each pass
            return self._write_if_worth_it(app, forgotten)
        return len(list(self.filing.write_app(app, until, self._place())))

    def _write_if_worth_it(self, app: str, until: datetime) -> int:
        """Write files once a day: each pass would find a few messages more, and so make a file of its own."""
        oldest = self._store.read(lambda reader: reader.oldest_archived(app))
        if oldest is not None and oldest <= before(until, _A_DAY):
            return len(list(self.filing.write_app(app, until, self._place())))
        return 0

    def _place(self) -> str:
        folder = self._folder_of(self._retention())
        if folder is None:
            raise ConfigError(
                "retention.folder: this store has no file beside which archived messages could go to files; name a "
                "folder of this host"
            )
        return folder

    def _folder_of(self, retention: Retention) -> str | None:
        return retention.folder or self._folder
