"""Files that are there whole or not at all, whenever the power fails."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

FILE_MODE = 0o600
FOLDER_MODE = 0o700


class FileSystem:
    """What is done to files, one step each, so that a test can stop between any two."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it that are missing, open to their owner alone, and keep them."""
        missing = [one for one in (folder, *folder.parents) if not one.exists()]
        for one in reversed(missing):
            one.mkdir(mode=FOLDER_MODE, exist_ok=True)
            self.sync(one.parent)

    def create(self, path: Path) -> BinaryIO:
        """Open an empty file for writing; one that is there is overwritten."""
        flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC
        return os.fdopen(os.open(path, flags, FILE_MODE), "wb")

    def sync(self, path: Path) -> None:
        """Let what was written to a file, or what is in a folder, survive a power cut."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name."""
        source.rename(target)

    def remove(self, path: Path) -> None:
        """Remove a file if it is there."""
        path.unlink(missing_ok=True)


def publish(files: FileSystem, hidden: Path, target: Path) -> None:
    """Give a finished file its name, so that a power cut leaves all of it or nothing under it."""
    files.sync(hidden)
    files.rename(hidden, target)
    files.sync(target.parent)
