"""Makes the file calls of the SQLite library in use fail, below SQLite, in the very build that production
runs on.

SQLite's Unix VFS reaches the kernel through a table of system calls that a test may replace
(`xSetSystemCall`). So a write can fail with a real `errno`, and what becomes of it is SQLite's own decision:
SQLITE_FULL, SQLITE_IOERR, a rollback, or nothing at all when it happens in a checkpoint that can wait.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import math
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_EXTENSIONS = {"pysqlite3": "pysqlite3._sqlite3", "sqlite3": "_sqlite3"}
_POINTER = ctypes.c_void_p
_SIZE = ctypes.c_ssize_t
_OPEN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_int, use_errno=True)
_WRITE = ctypes.CFUNCTYPE(_SIZE, ctypes.c_int, _POINTER, ctypes.c_size_t, use_errno=True)
_PWRITE = ctypes.CFUNCTYPE(_SIZE, ctypes.c_int, _POINTER, ctypes.c_size_t, ctypes.c_int64, use_errno=True)
_TRUNCATE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int64, use_errno=True)


class _Vfs(ctypes.Structure):
    """The head of `struct sqlite3_vfs`, version 3, as far as it is wanted here."""

    _fields_: ClassVar = [
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("path_size", ctypes.c_int),
        ("next", _POINTER),
        ("name", ctypes.c_char_p),
        ("data", _POINTER),
        ("methods_of_versions_1_and_2", _POINTER * 13),
        ("set_call", ctypes.CFUNCTYPE(ctypes.c_int, _POINTER, ctypes.c_char_p, _POINTER)),
    ]


class BrokenDisk:
    """Counts the changes that SQLite asks the kernel for, and fails those that it was told to fail.

    Attributes:
        changes: Writes, truncations and new files asked for since the last `breaks` or `is_repaired`.
        failures: How many of them failed.
    """

    def __init__(self) -> None:
        self.is_repaired()

    def breaks(
        self, *, at: int = 1, times: float = math.inf, error: int = errno.ENOSPC, growing: bool = False
    ) -> None:
        """Fail the change number `at` from now, and those after it, `times` in all.

        Args:
            error: The `errno` that the kernel answers with.
            growing: Only what would need room fails, as on a full disk; the rest is not counted either.
        """
        self.changes = self.failures = 0
        self._fails = (at, at + times)
        self._error = error
        self._growing = growing

    def is_repaired(self) -> None:
        """Let everything work again."""
        self.breaks(times=0)

    def refuses(self, *, needs_room: bool) -> bool:
        """Count one change, and say whether it fails."""
        if self._growing and not needs_room:
            return False
        self.changes += 1
        refused = self._fails[0] <= self.changes < self._fails[1]
        self.failures += refused
        if refused:
            ctypes.set_errno(self._error)
        return refused


@contextmanager
def broken_disk(module: ModuleType) -> Iterator[BrokenDisk]:
    """Put a disk that can break under the library of this DB-API module, for all its connections."""
    extension = importlib.import_module(_EXTENSIONS[module.__name__.partition(".")[0]])
    find = ctypes.CDLL(extension.__file__).sqlite3_vfs_find
    find.restype, find.argtypes = _POINTER, [ctypes.c_char_p]
    address = find(None)
    vfs = _Vfs.from_address(address)
    assert vfs.version >= 3, "this SQLite cannot replace system calls"
    disk = BrokenDisk()
    calls = _calls(disk)
    for name, call in calls.items():
        vfs.set_call(address, name.encode(), ctypes.cast(call, _POINTER))
    try:
        yield disk
    finally:
        vfs.set_call(address, None, None)


def _calls(disk: BrokenDisk) -> dict[str, Any]:
    """Return what replaces SQLite's system calls, each of the C type that SQLite expects."""
    kernel = ctypes.CDLL(None, use_errno=True)
    real_write = _WRITE(("write", kernel))
    real_pwrite = _PWRITE(("pwrite", kernel))
    real_truncate = _TRUNCATE(("ftruncate", kernel))

    def make(path: bytes, flags: int, mode: int) -> int:
        if flags & os.O_CREAT and not os.path.lexists(path) and disk.refuses(needs_room=True):
            return -1
        return _with_errno(lambda: os.open(path, flags, mode))

    def write(file: int, data: int, size: int) -> int:
        if disk.refuses(needs_room=_position(file) + size > _size_of(file)):
            return -1
        return int(real_write(file, data, size))

    def pwrite(file: int, data: int, size: int, offset: int) -> int:
        if disk.refuses(needs_room=offset + size > _size_of(file)):
            return -1
        return int(real_pwrite(file, data, size, offset))

    def truncate(file: int, size: int) -> int:
        if disk.refuses(needs_room=size > _size_of(file)):
            return -1
        return int(real_truncate(file, size))

    return {
        "open": _OPEN(make),
        "write": _WRITE(write),
        "pwrite": _PWRITE(pwrite),
        "pwrite64": _PWRITE(pwrite),
        "ftruncate": _TRUNCATE(truncate),
    }


def _size_of(file: int) -> int:
    return os.fstat(file).st_size


def _position(file: int) -> int:
    return os.lseek(file, 0, os.SEEK_CUR)


def _with_errno(call: Callable[[], int]) -> int:
    try:
        return call()
    except OSError as error:
        ctypes.set_errno(error.errno or errno.EIO)
        return -1
