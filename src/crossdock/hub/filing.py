"""Filing: writes what may leave the archive to files, so that each message ends in exactly one that counts.

On one host a file counts as soon as it is confirmed, and then its messages are removed in steps. Where the store is
shared by hosts, a host can neither see the files of another nor know whether that still writes one; so the store
decides: one transaction removes the messages and notes the file. Whoever comes too late for it finds that its file was
given up, and its messages are in another.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple, assert_never

from crossdock.domain.archive import FILE_SUFFIX, GIVEN_UP_AFTER, BegunFile, NextStep, next_step
from crossdock.domain.errors import CrossdockError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crossdock.domain.archive import ArchivedLine, FileFacts
    from crossdock.hub.steps import Steps
    from crossdock.ports.archive import ArchiveFiles
    from crossdock.ports.store import Store

_PAGE: Final = 20
"""So many messages are held in memory on their way to a file; each may be large."""
_ROWS_PER_FILE: Final = 50_000
_BYTES_PER_FILE: Final = 64 * 1024 * 1024
_SECONDS_PER_FILE: Final = GIVEN_UP_AFTER.total_seconds() / 3


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


class Filing:
    """Writes the files of one store; one process of a host at a time may.

    Args:
        store: Where the messages are.
        files: Writes the files.
        steps: In which it changes much; says when to stop.
    """

    def __init__(self, store: Store, files: ArchiveFiles, steps: Steps) -> None:
        self._store = store
        self._files = files
        self._steps = steps

    def write_app(self, app: str, until: datetime, folder: str) -> Iterator[WrittenFile]:
        """Write what an app archived up to then, and give each file; none if another host is at it."""
        place = self._files.prepare(folder)
        while not self._steps.stopped:
            oldest = self._store.read(lambda reader: reader.oldest_archived(app))
            if oldest is None or oldest > until:
                break
            written = self._write_one(app, until, place)
            if written is None:
                break
            yield written

    def finish_open(self) -> None:
        """Finish what a process began that died meanwhile: its file counts if it is whole, and else not at all."""
        for begun in self._store.read(lambda reader: reader.open_files()):
            self._finish(begun)

    def _finish(self, begun: BegunFile) -> None:
        step = next_step(begun, self._store.now(), many_hosts=self._store.many_hosts)
        match step:
            case NextStep.LEAVE:
                pass
            case NextStep.GIVE_UP:
                self._store.write(lambda tx: tx.give_up_file(begun.name))
            case NextStep.DISCARD:
                self._discard(begun)
            case NextStep.LOOK:
                self._look(begun)
            case NextStep.CONFIRM:
                self._confirm_found(begun)
            case _:
                assert_never(step)

    def _write_one(self, app: str, until: datetime, folder: str) -> WrittenFile | None:
        now = self._store.now()
        name = self._new_name(app, now, folder)
        begun = BegunFile(name, folder, app, begun_at=now, begun_by=self._store.owner)
        if not self._store.write(lambda tx: tx.begin_file(name, folder, app)):
            return None
        row_ids: list[int] = []
        try:
            facts = self._files.write(folder, name, self._lines(app, until, row_ids))
        except StoreUnavailable:
            with suppress(CrossdockError):  # the one that is raised says more
                self._discard(begun)
            raise
        if not row_ids:
            self._discard(begun)
            return None
        counts = self._hand_over(begun._replace(facts=facts), facts, row_ids)
        return WrittenFile(folder, name, app, facts.row_count) if counts else None

    def _lines(self, app: str, until: datetime, row_ids: list[int]) -> Iterator[bytes]:
        """Give the lines of one file, and note whose they are."""
        last: ArchivedLine | None = None
        size = 0
        enough_at = time.monotonic() + _SECONDS_PER_FILE
        while len(row_ids) < _ROWS_PER_FILE and size < _BYTES_PER_FILE and time.monotonic() < enough_at:
            if self._steps.stopped:
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

    def _hand_over(self, begun: BegunFile, facts: FileFacts, row_ids: list[int]) -> bool:
        """Let the messages be in the file and no more in the store; False: another host has given the file up."""
        if not self._store.many_hosts:
            self._confirm(begun, facts)
            self._remove(begun.name, facts, row_ids)
            return True
        counts = self._store.write(lambda tx: tx.take_out(begun.name, facts, row_ids))
        if counts:
            self._confirm(begun, facts)
            self._store.write(lambda tx: tx.end_file(begun.name, facts))
        else:
            self._discard(begun)
        return counts

    def _confirm(self, begun: BegunFile, facts: FileFacts) -> None:
        created_at = begun.begun_at.isoformat().replace("+00:00", "Z")
        self._files.confirm(begun.folder, begun.name, facts, created_at=created_at, created_by=begun.begun_by)

    def _remove(self, name: str, facts: FileFacts, row_ids: list[int]) -> None:
        """Remove from the archive what is in a file; if told to stop meanwhile, the next archiver goes on."""
        self._steps.change(row_ids, lambda tx, step: tx.forget_archived(step))
        if not self._steps.stopped:
            self._store.write(lambda tx: tx.end_file(name, facts))

    def _look(self, begun: BegunFile) -> None:
        """See what is in a file that a process of ours began: its manifest says whether it counts."""
        facts = self._files.facts(begun.folder, begun.name)
        if facts is None:
            self._discard(begun)
        else:
            self._remove(begun.name, facts, list(self._files.row_ids(begun.folder, begun.name)))

    def _discard(self, begun: BegunFile) -> None:
        """Remove what there is of a file that does not count: first it is certain that it never will."""
        if self._store.write(lambda tx: tx.give_up_file(begun.name)):
            self._files.discard(begun.folder, begun.name)
            self._store.write(lambda tx: tx.drop_file(begun.name))

    def _confirm_found(self, begun: BegunFile) -> None:
        """Let a file count whose messages are in it alone.

        Raises:
            StoreUnavailable: It is one of this host and is not there.
        """
        facts = begun.facts
        assert facts is not None  # noqa: S101 - so it was decided
        if self._files.holds(begun.folder, begun.name, facts):
            self._confirm(begun, facts)
            self._store.write(lambda tx: tx.end_file(begun.name, facts))
        elif begun.ours:
            raise StoreUnavailable(
                f"{begun.folder}/{begun.name}, the only place of {facts.row_count} messages, is not there, or is not "
                f"what was written; bring it back. Until then nothing more is written to files"
            )

    def _new_name(self, app: str, now: datetime, folder: str) -> str:
        """Return a name, with the folder of its month, that no file has or ever had."""
        stem = f"{now:%Y-%m}/{app}_archive_{now:%Y-%m-%d}_"
        known = self._store.read(lambda reader: reader.file_names(stem))
        number = 1
        while (name := f"{stem}{number:03}{FILE_SUFFIX}") in known or self._files.exists(folder, name):
            number += 1
        return name
