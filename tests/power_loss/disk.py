"""A disk with a volatile cache, and what it may hold after the power went.

The rules are the weakest that POSIX and SQLite's own documents promise, not those of one file system:

- What a file held at its last sync is there. Of everything done to it since, any part may be there and any
  part missing, in any order: a truncation, a whole write, or single sectors of a write (512 bytes).
- Inside a sector a write happens wholly or not at all, and bytes beside it are untouched. SQLite calls this
  powersafe overwrite and relies on it on Unix.
- Where a file grew and the sectors did not arrive, it reads as zeros or as garbage.
- A file and its name are two things. A name that was made or removed since its directory was last synced may
  be there or not. Syncing a file does not make its name safe; only a sync of the directory does.
- After a sync that failed, the writes that it was to save are gone for good, though the program still reads
  them: Linux marks such pages clean and forgets them. A file's size is not forgotten; file systems log it.
- A disk that lies answers "synced" and does nothing; `lies` names the files for which it does.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, assert_never

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
    import random
    from collections.abc import Callable, Mapping

SECTOR = 512

Change: TypeAlias = Write | Truncate


class Fate(Protocol):
    """Decides what of the unsynced work survives."""

    def changes(self, pending: list[Change]) -> list[Change]:
        """Return what happened to one file, in the order in which it is to be applied."""

    def names(self, pending: list[int | None]) -> int:
        """Return how many of the things done to one name happened, from the first on."""

    def hole(self, size: int) -> bytes:
        """Return what stands where a file grew and nothing arrived."""


class NothingSurvives:
    """The cache is lost whole."""

    def changes(self, pending: list[Change]) -> list[Change]:
        return []

    def names(self, pending: list[int | None]) -> int:
        return 0

    def hole(self, size: int) -> bytes:
        return bytes(size)


class EverythingSurvives(NothingSurvives):
    """The cache was written out just in time: what `kill -9` leaves."""

    def changes(self, pending: list[Change]) -> list[Change]:
        return pending

    def names(self, pending: list[int | None]) -> int:
        return len(pending)


class NamesAreLost(EverythingSurvives):
    """Files are written out, directories are not: a removed journal is back."""

    def names(self, pending: list[int | None]) -> int:
        return 0


class DataIsLost(NothingSurvives):
    """Directories are written out, files are not: a journal's name is there and the file is empty."""

    def names(self, pending: list[int | None]) -> int:
        return len(pending)


class Chance:
    """Each change survives whole, in part or not at all; how likely is drawn anew for each cut."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        self._kept = draw.choice((0.1, 0.5, 0.9))
        self._torn = draw.choice((0.0, 0.3, 1.0))

    def changes(self, pending: list[Change]) -> list[Change]:
        return [part for change in pending for part in self._parts_of(change)]

    def names(self, pending: list[int | None]) -> int:
        return self._draw.randint(0, len(pending))

    def hole(self, size: int) -> bytes:
        return self._draw.randbytes(size) if self._draw.random() < 0.5 else bytes(size)

    def _parts_of(self, change: Change) -> list[Change]:
        if isinstance(change, Write) and self._draw.random() < self._torn:
            return [piece for piece in sectors_of(change) if self._draw.random() < self._kept]
        return [change] if self._draw.random() < self._kept else []


def sectors_of(write: Write) -> list[Write]:
    """Cut a write at the boundaries of the sectors it touches."""
    pieces = []
    position, end = write.offset, write.offset + len(write.data)
    while position < end:
        stop = min(end, position - position % SECTOR + SECTOR)
        pieces.append(Write(write.inode, position, write.data[position - write.offset : stop - write.offset]))
        position = stop
    return pieces


@dataclass(slots=True)
class _File:
    content: bytearray
    pending: list[Change] = field(default_factory=list)


@dataclass(slots=True)
class _Name:
    inode: int | None
    pending: list[int | None] = field(default_factory=list)


class Disk:
    """Follows a trace, and says at any point of it what a power cut would leave."""

    def __init__(self, *, lies: Callable[[str], bool] = lambda _path: False) -> None:
        self._lies = lies
        self._files: dict[int, _File] = {}
        self._names: dict[str, _Name] = {}

    def follow(self, event: Event) -> None:
        """Take one more event into account."""
        match event:
            case Found(path, inode, content):
                self._files[inode] = _File(bytearray(content))
                self._names[path] = _Name(inode)
            case Create(path, inode):
                self._files[inode] = _File(bytearray())
                self._names.setdefault(path, _Name(None)).pending.append(inode)
            case Unlink(path):
                self._names.setdefault(path, _Name(None)).pending.append(None)
            case Write(inode) | Truncate(inode):
                self._files[inode].pending.append(event)
            case Sync():
                self._sync(event)
            case SyncFailed(inode):
                self._forget_writes(inode)
            case SyncNames(directory):
                self._sync_names(directory)
            case Note():
                pass
            case _:
                assert_never(event)

    def after_power_loss(self, fate: Fate) -> Mapping[str, bytes]:
        """Return the files, by path, that are found when the power is back."""
        found: dict[str, bytes] = {}
        for path, name in self._names.items():
            inode = [name.inode, *name.pending][fate.names(name.pending)]
            if inode is not None:
                file = self._files[inode]
                found[path] = _applied(file.content, fate.changes(file.pending), fate.hole)
        return found

    def _sync(self, event: Sync) -> None:
        if self._lies(event.path):
            return
        file = self._files[event.inode]
        file.content = bytearray(_applied(file.content, file.pending, bytes))
        file.pending = []
        if event.beside:
            self._sync_names(_directory_of(event.path))

    def _forget_writes(self, inode: int) -> None:
        file = self._files[inode]
        sizes: list[Change] = [change for change in file.pending if isinstance(change, Truncate)]
        file.content = bytearray(_applied(file.content, sizes, bytes))
        file.pending = []

    def _sync_names(self, directory: str) -> None:
        for path, name in self._names.items():
            if name.pending and _directory_of(path) == directory:
                name.inode = name.pending[-1]
                name.pending = []


def _directory_of(path: str) -> str:
    return os.path.dirname(path)  # noqa: PTH120 -- text, as SQLite gave it


def _applied(content: bytearray, changes: list[Change], hole: Callable[[int], bytes]) -> bytes:
    new = bytearray(content)
    for change in changes:
        match change:
            case Write(_, offset, data):
                if len(new) < offset:
                    new += hole(offset - len(new))
                new[offset : offset + len(data)] = data
            case Truncate(_, size):
                del new[size:]
                new += hole(max(0, size - len(new)))
    return bytes(new)
