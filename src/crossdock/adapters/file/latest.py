"""The copy of the newest file under a name that stays the same, beside the numbered ones."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from crossdock.adapters.file.draft import Draft, Drafts, checksum_of
from crossdock.adapters.file.manifest import Manifest, read_own
from crossdock.adapters.file.naming import hidden, manifest_of
from crossdock.domain.errors import TransientError
from crossdock.durable_files import FileSystem

LATEST_MARK: Final = "latest"

_CHUNK_BYTES: Final = 1024 * 1024
_LOCK_MODE: Final = 0o644
_PATIENCE_S: Final = 5.0
_LOOK_EVERY_S: Final = 0.01


class LatestCopy:
    """Keeps the copy: written hidden beside a draft, put in place once the draft is published.

    Args:
        files: The file layer.
        drafts: Writes hidden files.
        folder: Where the copy is.
        name: Of the copy.
    """

    def __init__(self, files: FileSystem, drafts: Drafts, folder: Path, name: str) -> None:
        self._files = files
        self._drafts = drafts
        self._data = folder / name
        self._manifest = folder / manifest_of(name)
        self._lock = folder / f".{name}.lock"

    def prepare(self, draft: Draft, manifest: Manifest) -> None:
        """Write the hidden copy of a draft whose hidden data is written."""
        with draft.hidden_data.open("rb") as data:
            self._drafts.write(_data_part(draft), _chunks(data))
        named = manifest.model_copy(update={"filename": self._data.name})
        self._drafts.write(_manifest_part(draft), [named.to_bytes()])

    def drop(self, draft: Draft) -> None:
        """Remove the hidden copy."""
        for part in (_data_part(draft), _manifest_part(draft)):
            self._files.remove(part)

    def put(self, draft: Draft) -> None:
        """Replace the copy by that of a published draft; done again, it goes on where it was interrupted.

        Data and manifest are replaced one after the other: whoever reads in between finds that the checksum does not
        fit, and reads again. A newer copy stays.

        Raises:
            TransientError: Others are at it all the time.
        """
        if not _manifest_part(draft).exists():
            return
        with self._turn():
            ours = read_own(_manifest_part(draft))
            if ours is not None and self._may_replace(draft, ours):
                self._replace(draft)
            else:
                self.drop(draft)

    def _may_replace(self, draft: Draft, ours: Manifest) -> bool:
        there = read_own(self._manifest)
        if there is not None and there.created_at > ours.created_at:
            return False
        return _data_part(draft).exists() or self._holds(ours)

    def _holds(self, ours: Manifest) -> bool:
        """Tell whether our data was put in place, and nobody's since."""
        try:
            return checksum_of(self._data) == ours.checksum
        except FileNotFoundError:
            return False

    def _replace(self, draft: Draft) -> None:
        if _data_part(draft).exists():
            self._files.rename(_data_part(draft), self._data)
            self._files.sync(self._data.parent)
        self._files.rename(_manifest_part(draft), self._manifest)
        self._files.sync(self._data.parent)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be the only one who replaces the copy."""
        flags = os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        with os.fdopen(os.open(self._lock, flags, _LOCK_MODE), "rb") as lock:
            deadline = time.monotonic() + _PATIENCE_S
            while not _locked(lock):
                if time.monotonic() > deadline:
                    raise TransientError(f"{self._lock} is held by another process; {self._data.name} is old")
                time.sleep(_LOOK_EVERY_S)
            yield


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _data_part(draft: Draft) -> Path:
    return draft.folder / hidden(f"{draft.stem}.{LATEST_MARK}")


def _manifest_part(draft: Draft) -> Path:
    return draft.folder / hidden(manifest_of(f"{draft.stem}.{LATEST_MARK}.x"))


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while chunk := file.read(_CHUNK_BYTES):
        yield chunk
