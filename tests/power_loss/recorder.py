"""A VFS for apsw that works on real files and writes down everything that matters when the power goes.

Why a trace, and not a process that dies at the n-th sync: the trace of one run holds every point at which the
power could have gone, with everything acknowledged up to there. What a cut leaves is then a pure function of
the trace, the point and a seed (`disk.py`), so one run gives thousands of cuts, each can be made again
exactly, and no timing differs between them. It is sound because up to the cut the program cannot know that a
cut will come.

Why real files below: reads, locks and the shared memory of WAL (`xShmMap` and its kin, which apsw hands on to
the VFS beneath) are SQLite's own, so nothing that runs in production is replaced but the four calls that
change a disk. The WAL-index never enters the trace: it lives in memory and is gone when the power is.

Real syncs are left out; the trace alone says what is safe. One lock around each change and its entry keeps
the trace in the order in which things happened, with any number of threads.

SQLite syncs directories in two hidden places of its Unix VFS, and so does the trace: with the first sync of a
journal or WAL on a handle opened to create it, and in a removal that asks for it. A database file gets none
of its own: its name becomes safe with that of the first journal beside it.
"""

from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import apsw

from tests.power_loss.trace import (
    Create,
    Event,
    Found,
    Note,
    Sync,
    SyncFailed,
    SyncNames,
    Truncate,
    Unlink,
    Write,
)

if TYPE_CHECKING:
    from typing_extensions import Buffer

_NAME_IS_SYNCED_WITH_THE_FILE = (
    apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
)

Name: TypeAlias = str | apsw.URIFilename | None


class Recorder(apsw.VFS):
    """Registers itself as the process's default VFS: from then on every change to a file is in `events`."""

    def __init__(self, *, fail_sync: int = 0) -> None:
        """Start to record; `fail_sync`: let the sync of this number fail, counted from 1."""
        super().__init__("recorder", "unix", makedefault=True)
        self.syncs_until_failure = fail_sync
        self.sync_failed = False
        self.events: list[Event] = []
        self.one_at_a_time = threading.Lock()
        self._inodes: dict[str, int] = {}
        self._next_inode = itertools.count(1)

    def note(self, *what: object) -> None:
        """Write down what the program says at this point."""
        with self.one_at_a_time:
            self.events.append(Note(what))

    def xOpen(self, name: Name, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 -- apsw's name
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        if path is None or flags[0] & apsw.SQLITE_OPEN_DELETEONCLOSE:
            return apsw.VFSFile("unix", name, flags)
        with self.one_at_a_time:
            before = Path(path).read_bytes() if path not in self._inodes and Path(path).exists() else b""
            file = _File(self, name, flags, path)
            file.inode = self._inode_of(path, before)
            return file

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: FBT001, N802 -- apsw's signature
        with self.one_at_a_time:
            super().xDelete(filename, False)  # noqa: FBT003 -- the real directory needs no sync
            self._inodes.pop(filename, None)
            self.events.append(Unlink(filename))
            if syncdir:
                self.events.append(SyncNames(os.path.dirname(filename)))  # noqa: PTH120 -- text, as SQLite gave it

    def _inode_of(self, path: str, before: bytes) -> int:
        """Return the number of a file just opened.

        An empty file that was there before counts as just made: whoever made it did not sync its name.
        """
        known = self._inodes.get(path)
        if known is not None:
            return known
        inode = self._inodes[path] = next(self._next_inode)
        self.events.append(Found(path, inode, before) if before else Create(path, inode))
        return inode


class _File(apsw.VFSFile):
    inode: int

    def __init__(self, recorder: Recorder, name: Name, flags: list[int], path: str) -> None:
        super().__init__("unix", name, flags)
        self._recorder = recorder
        self._path = path
        self._name_is_next = bool(
            flags[0] & apsw.SQLITE_OPEN_CREATE and flags[0] & _NAME_IS_SYNCED_WITH_THE_FILE
        )

    def xWrite(self, data: Buffer, offset: int) -> None:  # noqa: N802 -- apsw's name
        with self._recorder.one_at_a_time:
            super().xWrite(data, offset)
            self._recorder.events.append(Write(self.inode, offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 -- apsw's name
        with self._recorder.one_at_a_time:
            super().xTruncate(newsize)
            self._recorder.events.append(Truncate(self.inode, newsize))

    def xSync(self, flags: int) -> None:  # noqa: N802 -- apsw's signature
        with self._recorder.one_at_a_time:
            self._recorder.syncs_until_failure -= 1
            if self._recorder.syncs_until_failure == 0:
                self._recorder.sync_failed = True
                self._recorder.events += [SyncFailed(self.inode), Note(("sync failed",))]
                raise apsw.exception_for(apsw.SQLITE_IOERR_FSYNC)
            self._recorder.events.append(Sync(self.inode, self._path, self._name_is_next))
            self._name_is_next = False
