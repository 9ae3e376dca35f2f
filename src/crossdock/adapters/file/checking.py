"""Reads a file once from end to end before anything of it is taken: is it whole, and what its manifest says?"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, NamedTuple

from crossdock.adapters.file.claim import Claim
from crossdock.adapters.file.fault import FileFault
from crossdock.adapters.file.manifest import Manifest
from crossdock.adapters.file.reading.formats import Reading
from crossdock.adapters.file.reading.rows import Wanted
from crossdock.adapters.file.tree import BUFFER_BYTES, open_plain
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.wording import counted


class State(NamedTuple):
    """What changes when somebody writes to a file."""

    inode: int
    size: int
    written_ns: int


def instant(unix_ns: int) -> datetime:
    """Return nanoseconds of Unix time, such as those of a file, as aware UTC, cut to whole microseconds."""
    seconds, rest_ns = divmod(unix_ns, 10**9)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=rest_ns // 1000)


class Facts(NamedTuple):
    """What was found of a file.

    Attributes:
        rows: Good and bad; None: it is nothing that has rows.
    """

    checksum: str
    rows: int | None
    state: State


class Stopped(Exception):
    """Nobody wants to know any more."""


def check(path: Path, manifest: Manifest | None, reading: Reading, *, go_on: Callable[[], bool]) -> Facts:
    """Read a file and hold it against its manifest.

    Args:
        path: The data file.
        manifest: None: it has none.
        reading: How it is read.
        go_on: Asked again and again.

    Raises:
        FileFault: It is not what it should be.
        Stopped: It is not to go on.
        OSError: The disk cannot tell.
    """
    with open_data(path) as file:
        before = state_of(file)
        if manifest is not None and before.size != manifest.file_size:
            raise FileFault(
                "size",
                f"the file has {before.size} bytes, and its manifest says {manifest.file_size}",
                expected=manifest.file_size,
                given=before.size,
                advice="put the whole file and its manifest back",
            )
        hashed = _Hashed(file)
        rows, fault = _count(io.BufferedReader(hashed, BUFFER_BYTES), path.name, reading, go_on)
        hashed.finish(go_on)
        _hold_against(manifest, hashed.checksum, rows, fault)
        if state_of(file) != before:
            raise changed()
    return Facts(hashed.checksum, rows, before)


def open_data(path: Path) -> BinaryIO:
    """Open a data file.

    Raises:
        FileFault: It is gone, no plain file, or not for us.
        OSError: The disk cannot tell.
    """
    try:
        return open_plain(path)
    except InvalidMessage as error:
        raise FileFault(
            "kind", error.details[0][1], expected="a plain file", advice="put the file itself there"
        ) from error
    except FileNotFoundError as error:
        raise FileFault(
            "present", f"{path.name} is gone", expected=path.name, advice="put it and its manifest back"
        ) from error
    except PermissionError as error:
        raise FileFault(
            "readable", f"{path.name}: {error.strerror}", advice="let the user of Crossdock read it"
        ) from error


def state_of(file: BinaryIO) -> State:
    """Return what tells whether a file was written to."""
    found = os.fstat(file.fileno())
    return State(found.st_ino, found.st_size, found.st_mtime_ns)


def changed() -> FileFault:
    """Return the error for a file that somebody writes to."""
    return FileFault(
        "unchanged",
        "the file was written to while it was read: some program has it open still",
        advice="write under a hidden name, and rename the file when it is whole",
    )


def _count(
    file: BinaryIO, name: str, reading: Reading, go_on: Callable[[], bool]
) -> tuple[int | None, FileFault | None]:
    """Count the rows of a file that is read to its end, or to where it cannot be read."""
    if reading.split == "file" and reading.format_of(name) is None:
        return None, None
    rows = 0
    try:
        reader = reading.rows(file, name, wanted=Wanted.NUMBER)
        while chunk := reader.read():
            rows = chunk.end.rows
            if not go_on():
                raise Stopped
    except FileFault as fault:
        return None, fault
    return rows, None


def _hold_against(
    manifest: Manifest | None, checksum: str, rows: int | None, fault: FileFault | None
) -> None:
    if manifest is not None and checksum != manifest.checksum:
        raise FileFault(
            "checksum",
            f"the file is another than its manifest says: {checksum}, not {manifest.checksum}",
            expected=manifest.checksum,
            given=checksum,
            advice="put the right file and its manifest back",
        )
    if fault is not None:
        raise fault
    if manifest is None or manifest.row_count is None or rows is None:
        return
    if rows != manifest.row_count:
        raise FileFault(
            "row_count",
            f"the file has {counted(rows, 'row')}, and its manifest says {manifest.row_count}",
            expected=manifest.row_count,
            given=rows,
            advice="put the whole file back, with a manifest that counts its rows",
        )


class _Hashed(io.RawIOBase):
    """A file whose bytes are counted into a checksum as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def checksum(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # what BufferedReader passes
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]  # files have it
        self._digest.update(memoryview(buffer)[:count])
        return count

    def finish(self, go_on: Callable[[], bool]) -> None:
        """Read what nobody has read."""
        while block := self._file.read(BUFFER_BYTES):
            self._digest.update(block)
            if not go_on():
                raise Stopped


def claimed_facts(claim: Claim, reading: Reading, *, go_on: Callable[[], bool]) -> Facts:
    """Check a claimed file; as ``check``."""
    if claim.fault is not None:
        raise claim.fault
    return check(claim.path, claim.manifest, reading, go_on=go_on)
