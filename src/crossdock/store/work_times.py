"""Until when each handler may run: written by its process into a file, for the others to read.

A process whose handler keeps Python's lock, or blocks its event loop, can do nothing about it itself, and could not say
so either. So it says beforehand, for each delivery that has a ``timeout``, when that will be over, and its loop leaves
a mark ten times a second. The file is mapped into memory; a note costs no call of the system.
"""

from __future__ import annotations

import mmap
import os
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from crossdock.domain.delivery import Late
from crossdock.durable_files import FILE_MODE

if TYPE_CHECKING:
    from pathlib import Path

SUFFIX: Final = ".work"
_PLACES: Final = 4095
_HEAD: Final = struct.Struct("<d8x")
_PLACE: Final = struct.Struct("<qd")
_ROW: Final = struct.Struct("<q")
_END: Final = struct.Struct("<d")
_SIZE: Final = _HEAD.size + _PLACES * _PLACE.size
_LATE_S: Final = 1.0
"""A handler that still runs so long after its timeout does not end by itself."""
_STUCK_S: Final = 3.0
"""An event loop that has left no mark for so long is blocked."""


class WorkTimes:
    """The file of this process; for one thread, that of the event loop.

    Args:
        path: It must not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._map: mmap.mmap | None = None
        self._free: list[int] = []

    def begin(self, row_id: int, timeout_s: float) -> int:
        """Note that a handler has begun; return its place, 0 if there is none left."""
        if self._map is None:
            self._map = self._make()
        if not self._free:
            return 0
        place = self._free.pop()
        _END.pack_into(self._map, place + _ROW.size, time.monotonic() + timeout_s)
        _ROW.pack_into(self._map, place, row_id)  # last: a place with a row has its time already
        return place

    def end(self, place: int) -> None:
        """Note that the handler has ended."""
        if place and self._map is not None:
            _ROW.pack_into(self._map, place, 0)
            self._free.append(place)

    def mark(self) -> None:
        """Show that the event loop runs."""
        if self._map is not None:
            _HEAD.pack_into(self._map, 0, time.monotonic())

    def close(self) -> None:
        """Remove the file; safe to call twice."""
        if self._map is not None:
            self._map.close()
            self._map = None
            self._path.unlink(missing_ok=True)

    def _make(self) -> mmap.mmap:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
        try:
            os.ftruncate(fd, _SIZE)
            mapped = mmap.mmap(fd, _SIZE)
        finally:
            os.close(fd)
        _HEAD.pack_into(mapped, 0, time.monotonic())
        self._free = list(range(_SIZE - _PLACE.size, _HEAD.size - 1, -_PLACE.size))
        return mapped


def late_work(path: Path) -> Late | None:
    """Return what the process of a file works on too long; None: nothing."""
    content = b""
    with suppress(OSError):
        content = path.read_bytes()
    if len(content) < _SIZE:
        return None
    now = time.monotonic()
    late = frozenset(
        row_id
        for row_id, until in _PLACE.iter_unpack(content[_HEAD.size : _SIZE])
        if row_id and now > until + _LATE_S
    )
    return Late(late, now > _HEAD.unpack_from(content)[0] + _STUCK_S) if late else None
