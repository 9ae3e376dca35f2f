"""Writes files into a stage: what an adapter and the command do, one blocking step after the other."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, BinaryIO, Final

from crossdock.adapters.file.draft import Content, Draft, Drafts, Gone
from crossdock.adapters.file.latest import LatestCopy
from crossdock.adapters.file.leftovers import Leftovers
from crossdock.adapters.file.manifest import Manifest
from crossdock.adapters.file.naming import Ext, FileName, parse_name
from crossdock.adapters.file.numbers import Numbers
from crossdock.adapters.file.tree import Tree, demand_inside, demand_one_file_system, parse_day
from crossdock.domain.errors import ConfigError, NotConnected, TransientError
from crossdock.durable_files import FileSystem

MOST_NAMES: Final = 100
"""So often a stranger may take the very name that we drew before we say so."""
TAKEN_ALL: Final = f"strangers took {MOST_NAMES} names in a row at the last moment; nothing was written"

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_AWAY: Final = frozenset({
    errno.ENOENT, errno.ENOTDIR, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENODEV, errno.ENXIO, errno.ESTALE,
    errno.ENOTCONN, errno.EHOSTDOWN,
})  # fmt: skip
"""What is said of a folder that is gone or may not be written: no message is at fault."""
_NOTE_PARTS: Final = 3


class Taken(Exception):
    """A stranger took the name; the file is to be written again, under another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What all files of a writer have in common.

    Attributes:
        app: Whose messages they are.
        type: The second part of their names.
        mode: Of files.
        folder_mode: Of folders that are made.
        latest: The name of the copy of the newest file.
    """

    app: str
    type: str
    ext: Ext
    mode: int
    folder_mode: int
    latest: str | None = None
    schema_version: str | None = None
    next_app: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A complete file that nobody sees yet.

    Attributes:
        file: Its path from the root, as people and notes name it.
        lock: Open as long as somebody works on it.
    """

    draft: Draft
    file: str
    created_at: datetime
    lock: BinaryIO

    def note(self) -> dict[str, Any]:
        """Return what has to be known to find out later whether it was published."""
        created = f"{self.created_at:%Y-%m-%dT%H:%M:%S.%f}Z"
        return {"file": self.file, "created_at": created, "ticket": self.draft.token}


class Writer:
    """Writes files into one stage. Its methods block; several threads may call them.

    Args:
        tree: Where to.
        label: What the files have in common.
        files: The file layer.
    """

    def __init__(self, tree: Tree, label: Label, files: FileSystem | None = None) -> None:
        self._tree = tree
        self._label = label
        self._files = files or FileSystem()
        self._drafts = Drafts(self._files, label.mode)
        self._numbers = Numbers(self._drafts)
        self._latest = (
            LatestCopy(self._files, self._drafts, tree.stage_folder, label.latest) if label.latest else None
        )
        self._leftovers = Leftovers(self._files, self._drafts, self._put_latest)
        self._was_there = False
        self._cleared_on: date | None = None

    def connect(self, now: datetime) -> None:
        """Make sure that the stage is there and can be written. It is made once; one that vanished later is waited for.

        Raises:
            NotConnected: It is gone, or may not be written.
            ConfigError: A link leads out of the root, or the stage is on a file system of its own.
        """
        stage = self._tree.stage_folder
        with explained(f"write to {stage}"):
            if not self._was_there:
                self._files.make_folder(stage, self._label.folder_mode)
        demand_inside(self._tree, stage)
        demand_one_file_system(self._tree, stage)
        with explained(f"write to {stage}"):
            if not os.access(stage, os.W_OK | os.X_OK):
                raise NotConnected(f"{stage} may not be written by this user, or is read-only now")
            self._was_there = True
            self._clear(now.astimezone(UTC).date())

    def write(self, pieces: Iterable[bytes], row_count: int | None, now: datetime) -> Written:
        """Write a complete file that nobody sees yet; if that fails, nothing of it is left.

        Raises:
            NotConnected: The folder is gone, or may not be written.
            TransientError: The disk is full or broken.
        """
        day = now.astimezone(UTC).date()
        folder = self._tree.dated(day)
        with explained(f"write to {folder}"):
            demand_inside(self._tree, self._tree.stage_folder)
            self._files.make_folder(folder, self._label.folder_mode)
            demand_inside(self._tree, folder)
            self._clear(day)
            name = FileName(
                app=self._label.app, type=self._label.type, date=day, sequence=1, ext=self._label.ext
            )
            drawn = self._numbers.draw(folder, name)
            written = Written(drawn.draft, self._tree.relative(drawn.draft.data), now, drawn.lock)
            try:
                self._fill(written, pieces, row_count)
            except BaseException:
                self._discard(written)
                raise
        return written

    def publish(self, written: Written) -> None:
        """Let everyone see the file and its manifest, and renew the latest copy.

        Raises:
            Taken: A stranger took the name; nothing was published, nothing of it is left.
            TransientError: Whether it was published is to be found out by ``was_published``.
            NotConnected: Likewise.
        """
        draft = written.draft
        with explained(f"write {draft.data}"), written.lock:
            try:
                self._drafts.publish(draft)
            except FileExistsError as error:
                self._drafts.withdraw(draft)
                self._drop_latest(draft)
                raise Taken(draft.name) from error
            except Gone as error:
                demand_inside(self._tree, draft.folder)
                raise TransientError(
                    f"{draft.data}: somebody else took over these messages or removed hidden files; nothing was written"
                ) from error
            self._put_latest(draft)

    def put(self, pieces: Callable[[], Iterator[bytes]], row_count: int | None, now: datetime) -> Written:
        """Write and publish a file of which nothing is noted: tried again, it is written again."""
        for _ in range(MOST_NAMES):
            written = self.write(pieces(), row_count, now)
            with suppress(Taken):
                self.publish(written)
                return written
        raise TransientError(TAKEN_ALL)

    def withdraw(self, written: Written) -> None:
        """Remove a file that is not to be published; if it was noted, the note tells so."""
        with explained(f"remove {written.draft.hidden_data}"), written.lock:
            self._drafts.withdraw(written.draft)
            self._drop_latest(written.draft)

    def was_published(self, note: Mapping[str, Any]) -> bool:
        """Tell what became of an earlier attempt; if its file was not published it never will be.

        Raises:
            NotConnected: The folder is gone: it cannot be told now.
        """
        draft = self._noted(note)
        if draft is None:
            return False
        with explained(f"look at {draft.data}"):
            demand_inside(self._tree, self._tree.stage_folder)
            if not draft.folder.exists():
                return False
            demand_inside(self._tree, draft.folder)
            published = self._drafts.is_published(draft)
            if published:
                self._put_latest(draft)
            else:
                self._drop_latest(draft)
        return published

    def _noted(self, note: Mapping[str, Any]) -> Draft | None:
        """Return the draft that a note is about; None: it is none of ours, and none in this stage."""
        file, token = note.get("file"), note.get("ticket")
        if not isinstance(file, str) or not isinstance(token, str):
            return None
        parts = file.split("/")
        if len(parts) != _NOTE_PARTS or parts[0] != self._tree.stage or parse_name(parts[2]) is None:
            return None
        day = parse_day(parts[1])
        return None if day is None else Draft(self._tree.dated(day), parts[2], token)

    def _discard(self, written: Written) -> None:
        """Remove what was written of a file; what cannot be removed is a leftover."""
        with suppress(OSError), written.lock:
            self._drop_latest(written.draft)
            self._drafts.discard(written.draft)

    def _fill(self, written: Written, pieces: Iterable[bytes], row_count: int | None) -> None:
        draft = written.draft
        content = self._drafts.write(draft.hidden_data, pieces)
        manifest = self._manifest(draft.name, content, row_count, written.created_at)
        if self._latest is not None:
            self._latest.prepare(draft, manifest)
        self._drafts.finish(draft, manifest)

    def _manifest(self, name: str, content: Content, row_count: int | None, created_at: datetime) -> Manifest:
        return Manifest(
            filename=name,
            created_at=created_at,
            created_by=self._label.app,
            row_count=row_count,
            file_size=content.file_size,
            checksum=content.checksum,
            schema_version=self._label.schema_version,
            next_app=self._label.next_app,
        )

    def _put_latest(self, draft: Draft) -> None:
        if self._latest is not None:
            self._latest.put(draft)

    def _drop_latest(self, draft: Draft) -> None:
        if self._latest is not None:
            self._latest.drop(draft)

    def _clear(self, today: date) -> None:
        if self._cleared_on != today:
            self._leftovers.clear(self._tree, today)
            self._cleared_on = today


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Translate what the system says into what the endpoint understands."""
    try:
        yield
    except ConfigError as error:  # a link on the way: connecting again will tell, or wait
        raise NotConnected(str(error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _FULL:
            raise TransientError(
                f"cannot {what}: {reason}; make room. The messages are tried again"
            ) from error
        if error.errno in _AWAY:
            raise NotConnected(
                f"cannot {what}: {reason}. The messages wait until it can be written"
            ) from error
        raise TransientError(f"cannot {what}: {reason}. The messages are tried again") from error
