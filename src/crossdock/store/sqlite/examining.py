"""Examines the pages of a store's file with SQLite's own ``quick_check``, beside those who use it.

Source: sqlite.org/pragma.html#pragma_quick_check.
"""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreDamaged, StoreUnavailable
from crossdock.durable_files import FileSystem
from crossdock.store.liveness import LEFT_OPEN
from crossdock.store.sqlite.damage import note_damage
from crossdock.store.sqlite.disk import DiskGuard
from crossdock.store.sqlite.errors import damaged, primary_name, translate

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.store.settings import StoreSettings
    from crossdock.store.sqlite.connections import Connections

_MIB: Final = 1024 * 1024
_LARGEST_ALONE: Final = 64 * _MIB
"""Without a write-ahead log everybody waits for who reads; that much is read in a fraction of a second."""
_CACHE_KIB: Final = 2048
_PRAGMAS: Final = (
    "PRAGMA query_only = ON",
    f"PRAGMA cache_size = -{_CACHE_KIB}",
    # A row that another program wrote against our rules is no damage; it is set aside when its turn comes.
    "PRAGMA ignore_check_constraints = ON",
)
_LOWEST_PRIORITY: Final = 19
_EXAMINED: Final = "examined"


class Examination:
    """One look at every page of a file, as of one instant.

    Args:
        connections: Of the store.
        disk: Watches the disk: while somebody reads, the write-ahead log only grows.
    """

    def __init__(self, connections: Connections, disk: DiskGuard) -> None:
        self._location = connections.location
        self._errors = connections.errors
        self._disk = disk
        self._connection = connections.open()
        for pragma in _PRAGMAS:
            self._connection.execute(pragma).fetchall()

    def run(self) -> list[str] | None:
        """Look; return what is damaged (nothing: the file is sound), or None if ``interrupt`` came before the end.

        The thread that calls it has the lowest priority from then on.

        Raises:
            StoreError: The file cannot be read.
        """
        _step_back()
        try:
            found = [str(text) for (text,) in self._connection.execute("PRAGMA quick_check").fetchall()]
        except self._errors as error:
            if primary_name(error) == "SQLITE_INTERRUPT":
                return None
            explained = translate(error, self._location)
            if isinstance(explained, StoreDamaged):
                return [str(error)]
            raise explained from error
        return [] if found == ["ok"] else found

    def interrupt(self) -> None:
        """Let ``run`` end soon; to be called again and again until it has."""
        with suppress(*self._errors):  # it has ended, and is closed
            self._connection.interrupt()

    def hindrance(self) -> str | None:
        """Return why it must not go on: the disk fills up."""
        full = self._disk.error()
        return None if full is None else f"{full}; the log shrinks when nobody reads as of long ago"

    def close(self) -> None:
        """Release the file."""
        with suppress(*self._errors):
            self._connection.close()


class Examinations:
    """The examinations of a file, and what is known of the last one.

    Args:
        connections: Of the store.
        settings: How the store was opened.
    """

    def __init__(self, connections: Connections, settings: StoreSettings) -> None:
        assert connections.location.path is not None  # noqa: S101 - only files are examined
        self._connections = connections
        self._settings = settings
        self._file = connections.location.path
        self._folder = connections.location.folder
        self._left_open = self._folder / LEFT_OPEN

    @property
    def left_open(self) -> bool:
        """Whether a process that had the store open has died since the last examination that came to its end began."""
        return self._left_open.exists()

    def examined_at(self) -> datetime | None:
        """Return when the file was last examined and sound; None: never, or nobody knows."""
        return examined_at(self._folder)

    def begin(self) -> Examination:
        """Begin one.

        Raises:
            StoreUnavailable: The file is large and has no write-ahead log: nobody could write meanwhile.
            StoreError: The file cannot be opened.
        """
        size = self._file.stat().st_size
        if self._connections.journal_mode != "wal" and size > _LARGEST_ALONE:
            raise StoreUnavailable(
                f"{self._file} has {size // _MIB} MiB and no write-ahead log: nobody could write to it while it is "
                f"examined. 'crossdock store backup' examines the copy that it makes"
            )
        return Examination(self._connections, DiskGuard(self._file.parent, self._settings.min_free_bytes))

    def note_sound(self, at: datetime) -> None:
        """Note that an examination that began ``at`` came to its end and found no damage."""
        with suppress(FileNotFoundError):
            if self._left_open.stat().st_mtime < at.timestamp():
                self._left_open.unlink()
        fresh = self._folder / f".{_EXAMINED}.new"
        with FileSystem().create(fresh) as file:
            file.write(at.isoformat().encode())
        fresh.replace(self._folder / _EXAMINED)

    def note_damaged(self, found: list[str], at: datetime) -> str:
        """Stop every process of the store, now and when it is started again; return what a person is told."""
        return str(damaged(self._connections.location, note_damage(self._file, found, at)))


def examined_at(folder: Path) -> datetime | None:
    """Return when the file that a folder belongs to was last examined and sound; None: never, or nobody knows."""
    try:
        return datetime.fromisoformat((folder / _EXAMINED).read_text(encoding="ascii")).astimezone(UTC)
    except (OSError, ValueError):
        return None


def _step_back() -> None:
    """Let this thread run when nobody else wants to; elsewhere than on Linux, a priority is the whole process's."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
