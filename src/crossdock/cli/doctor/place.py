"""The place of the store: file system, space, permissions, the speed of the disk."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from crossdock.cli.doctor.finding import Finding, fail, ok, warn
from crossdock.cli.human import size
from crossdock.cli.session import shown_path
from crossdock.store.sqlite.location import NETWORK_FILE_SYSTEMS, StoreLocation, file_system

_VOLATILE: Final = frozenset({"tmpfs", "ramfs"})
_LOW: Final = 4
"""Free space below so many times the limit is worth a word."""
_SYNCS: Final = 5
_SLOW_S: Final = 0.05
_OTHERS: Final = 0o077


def disk(path: Path, min_free_bytes: int) -> Iterator[Finding]:
    """Look at the file system that holds the store, and at the room on it."""
    folder = path.parent
    if not folder.is_dir():
        yield fail("folder", f"{folder} is not there", f"mkdir -p {folder}")
        return
    kind = file_system(path) or "unknown"
    if kind in NETWORK_FILE_SYSTEMS:
        yield fail(
            "file system", f"{kind}: SQLite's locks do not work on a network", "put the store on a local disk"
        )
    elif kind in _VOLATILE:
        yield warn(
            "file system", f"{kind}: what is stored is gone after a restart", "put the store on a disk"
        )
    else:
        yield ok("file system", kind)
    yield _space(shutil.disk_usage(folder).free, min_free_bytes)
    yield from _speed(folder)


def permissions(location: StoreLocation) -> Iterator[Finding]:
    """Look at who may read the store: its owner alone, unless somebody changed that."""
    assert location.path is not None  # noqa: S101 - asked for by stores on disk only
    found = [path for path in (location.path, location.folder) if path.exists()]
    open_ones = [path for path in found if path.stat().st_mode & _OTHERS]
    for path in open_ones:
        right = "700" if path.is_dir() else "600"
        text = f"{shown_path(path)} is open to others (mode {path.stat().st_mode & 0o777:04o})"
        yield warn("permissions", text, f"chmod {right} {shown_path(path)}")
    for path in found:
        if not os.access(path, os.R_OK | os.W_OK):
            yield fail(
                "permissions", f"{shown_path(path)} may not be read and written by you", "run as its owner"
            )
    if not open_ones:
        yield ok("permissions", "the store is open to its owner alone")


def _space(free: int, limit: int) -> Finding:
    text = f"{size(free)} free; nothing is taken in below {size(limit)}"
    if free < limit:
        return fail("disk space", text, "free some space; what is stored is still delivered")
    if free < limit * _LOW:
        return warn("disk space", text, "free some space soon")
    return ok("disk space", text)


def _speed(folder: Path) -> Iterator[Finding]:
    """Measure how long the disk takes to keep something; a send cannot be faster."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            taken_s = median(_sync_once(file.fileno()) for _ in range(_SYNCS))
    except OSError as error:
        yield fail(
            "disk",
            f"cannot write to {folder}: {error.strerror}",
            "let the user who runs Crossdock write there",
        )
        return
    text = f"a durable write takes {taken_s * 1000:.1f} ms"
    yield (
        warn("disk", text, "use a faster disk, or send in batches") if taken_s > _SLOW_S else ok("disk", text)
    )


def _sync_once(fd: int) -> float:
    start = time.perf_counter()
    os.pwrite(fd, bytes(4096), 0)
    os.fsync(fd)
    return time.perf_counter() - start
