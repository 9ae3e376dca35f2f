"""Files that are there whole or not at all, whenever the power fails or a process dies."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias

FILE_MODE = 0o600
FOLDER_MODE = 0o700

_AT_FDCWD: Final = -100
_RENAME_NOREPLACE: Final = 1
_CANNOT: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP})
"""What a kernel or a file system says that does not know how to rename without replacing."""

_Rename: TypeAlias = Callable[[bytes, bytes], int]


class FileSystem:
    """What is done to files, one step each, so that a test can stop or fail between any two."""

    def make_folder(self, folder: Path, mode: int = FOLDER_MODE) -> None:
        """Make a folder and those above it that are missing, with this mode whatever the umask, and keep them."""
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=FOLDER_MODE, exist_ok=True)
            if mode != FOLDER_MODE:
                one.chmod(mode)
            self.sync(one.parent)

    def create(self, path: Path) -> BinaryIO:
        """Open an empty file for writing; one that is there is overwritten."""
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC
        return os.fdopen(os.open(path, flags, FILE_MODE), "wb")

    def create_new(self, path: Path, mode: int = FILE_MODE) -> BinaryIO:
        """Open a new file for writing, with this mode whatever the umask.

        Raises:
            FileExistsError: Something has the name already, a dangling link too.
        """
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, FILE_MODE)
        if mode != FILE_MODE:
            os.fchmod(fd, mode)
        return os.fdopen(fd, "wb")

    def sync(self, path: Path) -> None:
        """Let what was written to a file, or what is in a folder, survive a power cut."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name; a file that has it is replaced."""
        source.rename(target)

    def rename_new(self, source: Path, target: Path) -> None:
        """Give a file a name that nothing has yet: of several who try, with the same file or the same name, one does.

        Raises:
            FileExistsError: Something has the name already.
            FileNotFoundError: The file is not there (any more), or the folder of its new name.
        """
        _rename_without_replacing(os.fsencode(source), os.fsencode(target))

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)


def publish(files: FileSystem, hidden: Path, target: Path) -> None:
    """Give a finished file its name, so that a power cut leaves all of it or nothing under it."""
    files.sync(hidden)
    files.rename(hidden, target)
    files.sync(target.parent)


def _rename_without_replacing(source: bytes, target: bytes) -> None:
    """Rename in one step.

    The kernel's renameat2 looks and renames at once. A link to the new name and the removal of the old one would never
    replace anything either, but a kill between the two leaves the file under both names. So where renameat2 is missing
    (NFS, some FUSE file systems, other systems than Linux) we look, then rename: whole at any moment, and a stranger
    who takes the very name in the microseconds between would lose his file.
    """
    rename = _renameat2()
    failure = errno.ENOSYS if rename is None else rename(source, target)
    if failure in _CANNOT:
        failure = errno.EEXIST if os.path.lexists(target) else 0
        if not failure:
            os.rename(source, target)  # noqa: PTH104 - bytes, as the system takes them
    if failure:
        raise OSError(failure, os.strerror(failure), os.fsdecode(source), None, os.fsdecode(target))


@lru_cache(maxsize=1)
def _renameat2() -> _Rename | None:
    """Return the system's call, answering with the number of the error; None: there is none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return None
    call.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)

    def rename(source: bytes, target: bytes) -> int:
        done = call(_AT_FDCWD, source, _AT_FDCWD, target, _RENAME_NOREPLACE)
        return 0 if done == 0 else ctypes.get_errno()

    return rename
