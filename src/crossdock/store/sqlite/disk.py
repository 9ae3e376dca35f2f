"""Keeps the disk from filling up: intake stops while there is still room to finish what was taken in."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import StoreFull

if TYPE_CHECKING:
    from pathlib import Path

_LOOK_EVERY_S: Final = 0.5
_MIB: Final = 1024 * 1024


class DiskGuard:
    """Looks at the free space now and then."""

    def __init__(self, folder: Path | None, min_free_bytes: int) -> None:
        self._folder = folder
        self._min_free_bytes = min_free_bytes
        self._looked_at = float("-inf")
        self._error: StoreFull | None = None

    def error(self) -> StoreFull | None:
        """Return why nothing may be taken in, or None."""
        now = time.monotonic()
        if self._folder is not None and now - self._looked_at > _LOOK_EVERY_S:
            self._looked_at = now
            self._error = self._look(self._folder)
        return self._error

    def _look(self, folder: Path) -> StoreFull | None:
        space = os.statvfs(folder)
        free = space.f_bavail * space.f_frsize
        if free >= self._min_free_bytes:
            return None
        return StoreFull(
            f"{folder}: {free // _MIB} MiB are free, fewer than store.min_free_bytes "
            f"({self._min_free_bytes // _MIB} MiB); nothing new is taken in until there is room. "
            f"What is stored is still delivered"
        )
