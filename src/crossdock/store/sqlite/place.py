"""Whether a store's file is still the one that was opened, and nobody has found it damaged."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crossdock.store.sqlite.damage import note_damage, told_damage
from crossdock.store.sqlite.location import identity_of

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.store.sqlite.location import StoreLocation

_TICK_NS: Final = 50_000_000
"""A folder that changed so shortly before may change again without a new time: file systems count in ticks."""

VANISHED: Final = "the file vanished"
REPLACED: Final = "the file was replaced by another"


class Place:
    """Looks whether the file, or the write-ahead log beside it, vanished, was replaced, or was found damaged.

    While their folder has not changed, they are not looked at: since Linux 6.13 asking a file for its times makes
    the next write record new ones, and so the next sync a third slower. Source: kernel.org, "Multigrain Timestamps".

    Args:
        location: The store's file, which is there.
    """

    def __init__(self, location: StoreLocation) -> None:
        self._file = str(location.path)
        self._log = f"{self._file}-wal"
        self._folder = os.path.dirname(self._file)
        self._identity = identity_of(self._file)
        self._log_identity: tuple[int, int] | None = None
        self._seen: tuple[int, int, int] | None = None

    def fault(self, *, wal: bool) -> str | None:
        """Return what is wrong, or None.

        Args:
            wal: Whether the store has a write-ahead log; once it is there it must stay the same.
        """
        try:
            found = os.stat(self._folder)
        except OSError:
            return VANISHED
        state = found.st_dev, found.st_ino, found.st_mtime_ns
        if state == self._seen:
            return None
        fault = self._look(wal=wal)
        if fault is None and time.time_ns() - found.st_mtime_ns > _TICK_NS:
            self._seen = state
        return fault

    def note_damage(self, cause: BaseException, at: datetime) -> str:
        """Let every process of the store stop; where that cannot be written, each finds out for itself."""
        with suppress(OSError):
            return note_damage(Path(self._file), [str(cause)], at)
        return str(cause)

    def _look(self, *, wal: bool) -> str | None:
        identity = identity_of(self._file)
        if identity != self._identity:
            return VANISHED if identity is None else REPLACED
        if wal:
            identity = identity_of(self._log)
            if self._log_identity is None:
                self._log_identity = identity
            elif identity != self._log_identity:
                return "its write-ahead log (-wal) was removed or replaced"
        return told_damage(self._file)
