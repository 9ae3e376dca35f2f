"""The archiver: moves completed messages to the archive when their time has come, and from there to files.

Any process of a store may do it, and one at a time does. Each step is short, so that nobody who sends or works waits
long for it, and leaves everything in order: what was begun and not finished, the next archiver finishes.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from crossdock.domain.archive import FILE_SUFFIX
from crossdock.domain.errors import ConfigError
from crossdock.domain.retention import before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from crossdock.domain.archive import ArchivedLine, BegunFile, FileFacts
    from crossdock.domain.retention import Retention
    from crossdock.ports.archive import ArchiveFiles
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store

T = TypeVar("T")
_LOOK_AT: Final = 500
"""So many rows are looked at in one snapshot."""
_PAGE: Final = 20
"""So many messages are held in memory on their way to a file; each may be large."""
_SMALLEST_STEP: Final = 10
_LARGEST_STEP: Final = 500
_STEP_S: Final = 0.02
"""A step that took longer makes the next one smaller: others wait for it."""
_ROWS_PER_FILE: Final = 50_000
_BYTES_PER_FILE: Final = 64 * 1024 * 1024
_A_DAY: Final = timedelta(days=1)
_EVERY_S: Final = 60.0
_JOIN_TIMEOUT_S: Final = 5.0


class WrittenFile(NamedTuple):
    """A file that archived messages went to.

    Attributes:
        folder: Where it is.
        row_count: So many messages are in it.
    """

    folder: str
    name: str
    app: str
    row_count: int


class Archiver:
    """Keeps the tables of one store small.

    Args:
        store: Where the messages are.
        files: Writes the files; None: there are none, and what is archived stays in the table.
        retention: What goes when; read anew at each pass.
        folder: Where files go unless the retention says otherwise; None: it must.
        notice: Is told what a person should know.
    """

    def __init__(
        self,
        store: Store,
        files: ArchiveFiles | None,
        *,
        retention: Callable[[], Retention],
        folder: str | None,
        notice: Notice,
    ) -> None:
        self._store = store
        self._writer = files
        self._retention = retention
        self._folder = folder
        self._notice = notice
        self._step = _SMALLEST_STEP
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._trouble: str | None = None
        self._due_at = 0.0

    def start(self) -> None:
        """Do a pass in a thread of its own, if it is time for one, none is under way, and nobody said stop."""
        under_way = self._thread is not None and self._thread.is_alive()
        if self._stop.is_set() or under_way or time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + _EVERY_S
        self._thread = threading.Thread(target=self.run_once, name="crossdock-archiver", daemon=True)
        self._thread.start()

    def restart(self) -> None:
        """Begin anew: after a stop, or in a forked child, where the thread of the parent is not."""
        self._thread = None
        self._stop = threading.Event()
        self._due_at = 0.0

    def stop(self) -> None:
        """End after the present step, and begin no other pass: the store may be closed now. Safe to call twice."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_JOIN_TIMEOUT_S)

    def run_once(self) -> None:
        """Do all that is due; trouble is told once, and the next pass tries again.

        Payloads that nobody needs are removed even where retention is not automatic.
        """
        try:
            with self._store.alone("retention") as ours:
                if ours and self._retention().automatic:
                    self._pass()
                elif ours:
                    self._drop_payloads()
        except Exception as error:  # noqa: BLE001 - the rim of a service: it must live on
            if not self._stop.is_set() and str(error) != self._trouble:
                self._trouble = str(error)
                self._notice("archiver.failed", f"{type(error).__name__}: {error}")
        else:
            self._trouble = None

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
            ConfigError: There is no folder for files, or the store is one that writes none.
            StoreError: The store or the folder cannot be used.
        """
        place = folder or self._place()
        age = max(older_than, self._retention().dedup_for)
        with self._store.alone("retention") as ours:
            if not ours:
                return []
            self._finish_files()
            until = before(self._store.now(), age)
            apps = [app] if app is not None else self._store.read(lambda reader: reader.archived_apps())
            return [one for name in apps for one in self._write_app(name, until, place)]

    def _pass(self) -> None:
        retention = self._retention()
        for app in self._store.read(lambda reader: reader.finished_apps()):
            self._archive_app(app, retention)
        if self._writer is not None and self._folder_of(retention) is not None:
            self._finish_files()
            if retention.to_files:
                until = before(self._store.now(), retention.in_table_for)
                for app in self._store.read(lambda reader: reader.archived_apps()):
                    self._write_if_worth_it(app, until)
        self._drop_payloads()
        while not self._stop.is_set() and self._leaving_room(self._store.shrink):
            pass

    def _drop_payloads(self) -> None:
        """Remove payloads whose last message another program has removed, or two transactions at the same time."""
        after: str | None = ""
        while after is not None and not self._stop.is_set():
            start = after
            page = self._store.read(lambda reader: reader.unused_payloads(start, _LOOK_AT))  # noqa: B023 - called at once
            self._in_steps(page.unused, lambda tx, checksums: tx.drop_payloads(checksums))
            after = page.after

    def _archive_app(self, app: str, retention: Retention) -> None:
        keep = retention.of(app)
        until = before(self._store.now(), keep.completed_for)
        at_most = keep.max_completed
        through = 0 if at_most is None else self._store.read(lambda reader: reader.surplus(app, at_most))
        after: int | None = 0
        while after is not None and not self._stop.is_set():
            start = after
            page = self._store.read(
                lambda reader: reader.aged(app, until, through=through, after=start, limit=_LOOK_AT)  # noqa: B023 - called at once
            )
            self._in_steps(page.row_ids, lambda tx, row_ids: tx.archive(row_ids))
            after = page.after

    def _write_if_worth_it(self, app: str, until: datetime) -> None:
        """Write files once a day: each pass would find a few messages more, and so make a file of its own."""
        oldest = self._store.read(lambda reader: reader.oldest_archived(app))
        if oldest is not None and oldest <= before(until, _A_DAY):
            self._write_app(app, until, self._place())

    def _write_app(self, app: str, until: datetime, folder: str) -> list[WrittenFile]:
        written: list[WrittenFile] = []
        while not self._stop.is_set():
            oldest = self._store.read(lambda reader: reader.oldest_archived(app))
            if oldest is None or oldest > until:
                break
            written.append(self._write_one(app, until, folder))
        return written

    def _write_one(self, app: str, until: datetime, folder: str) -> WrittenFile:
        now = self._store.now()
        self._files.prepare(folder)
        name = self._new_name(app, now, folder)
        self._store.write(lambda tx: tx.begin_file(name, folder, app))
        row_ids: list[int] = []
        facts = self._files.write(
            folder,
            name,
            self._lines(app, until, row_ids),
            created_at=_instant(now),
            created_by=self._store.owner,
        )
        self._end(name, facts, row_ids)
        return WrittenFile(folder, name, app, facts.row_count)

    def _lines(self, app: str, until: datetime, row_ids: list[int]) -> Iterator[bytes]:
        """Give the lines of one file, and note whose they are."""
        last: ArchivedLine | None = None
        size = 0
        while len(row_ids) < _ROWS_PER_FILE and size < _BYTES_PER_FILE:
            if self._stop.is_set():
                raise InterruptedError("told to stop; the next archiver begins the file anew")
            behind = last
            page = self._store.read(lambda reader: reader.archived_lines(app, until, behind, _PAGE))  # noqa: B023 - called at once
            for line in page:
                row_ids.append(line.row_id)
                size += len(line.text)
                yield line.text
            if len(page) < _PAGE:
                return
            last = page[-1]

    def _finish_files(self) -> None:
        """Finish what a process began that died meanwhile: its file counts if it is whole, and else not at all."""
        for begun in self._store.read(lambda reader: reader.open_files()):
            self._finish_file(begun)

    def _finish_file(self, begun: BegunFile) -> None:
        facts = self._files.facts(begun.folder, begun.name)
        if facts is None:
            self._files.discard(begun.folder, begun.name)
            self._store.write(lambda tx: tx.drop_file(begun.name))
            return
        self._end(begun.name, facts, list(self._files.row_ids(begun.folder, begun.name)))

    def _end(self, name: str, facts: FileFacts, row_ids: list[int]) -> None:
        """Remove from the archive what is in a file; if told to stop meanwhile, the next archiver goes on."""
        self._in_steps(row_ids, lambda tx, step: tx.forget_archived(step))
        if not self._stop.is_set():
            self._store.write(lambda tx: tx.end_file(name, facts))

    def _in_steps(self, row_ids: list[T], change: Callable[[Any, list[T]], Any]) -> None:
        """Change rows, so many at a time as take a short while."""
        start = 0
        while start < len(row_ids) and not self._stop.is_set():
            step = row_ids[start : start + self._step]
            began = time.monotonic()
            self._leaving_room(lambda: self._store.write(lambda tx: change(tx, step)))  # noqa: B023 - called at once
            fits = time.monotonic() - began < 2 * _STEP_S
            self._step = min(self._step * 2, _LARGEST_STEP) if fits else max(self._step // 2, _SMALLEST_STEP)
            start += len(step)

    def _leaving_room(self, action: Callable[[], Any]) -> Any:
        """Do something, and then nothing for as long as it took, so that others who write come first."""
        began = time.monotonic()
        result = action()
        self._stop.wait(time.monotonic() - began)
        return result

    def _new_name(self, app: str, now: datetime, folder: str) -> str:
        """Return a name, with the folder of its month, that no file has or ever had."""
        stem = f"{now:%Y-%m}/{app}_archive_{now:%Y-%m-%d}_"
        known = self._store.read(lambda reader: reader.file_names(stem))
        number = 1
        while (name := f"{stem}{number:03}{FILE_SUFFIX}") in known or self._files.exists(folder, name):
            number += 1
        return name

    def _place(self) -> str:
        folder = self._folder_of(self._retention())
        if folder is None:
            raise ConfigError("retention.folder: a store in memory has no folder for files; name one")
        return folder

    def _folder_of(self, retention: Retention) -> str | None:
        return retention.folder or self._folder

    @property
    def _files(self) -> ArchiveFiles:
        if self._writer is None:
            raise ConfigError(
                "messages of a PostgreSQL store are not written to files; what is archived stays in the table "
                "integration.data_archive"
            )
        return self._writer


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
