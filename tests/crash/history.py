"""What each process saw, written outside the store, so that the store's own account can be judged.

A process appends one record of 128 bytes per sighting to a file of its own, each with one ``write`` to a
descriptor opened with ``O_APPEND``. 128 divides the page size, so no record crosses a page: the kernel gives
up a write between pages only, and so a ``kill -9`` can neither tear a record nor take back an earlier one.
"""

from __future__ import annotations

import os
import struct
import time
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LAYOUT = struct.Struct("<BBHIqqd40s16s16s24s")
"""kind, flag, attempt, pid, row_id, monotonic ns, wall s, message id, app, key, note."""

RECORD_BYTES = 128
NOTE_BYTES = 24

assert _LAYOUT.size == RECORD_BYTES


class Kind(IntEnum):
    """What was seen. The writer of a record is the process it names, unless stated."""

    OPENED = 1
    """This process has opened the store."""
    SEND_BEGUN = 2
    """About to send. The note is the fingerprint of the data, the row id the number of the ``send_many`` it
    is part of, and the flag is 1 when it is sent inside a transaction of the sender's own."""
    SENT = 3
    """The send was acknowledged; the flag is 1 for a duplicate."""
    STARTED = 4
    """A handler started; the note is the lease token."""
    ENDED = 5
    """The handler ended, well or not; nothing is settled yet."""
    ACKED = 6
    """``ack`` returned: the completion is acknowledged."""
    NACKED = 7
    """``nack`` returned."""
    FAILED = 8
    """``fail`` returned."""
    HANDED_BACK = 9
    """``hand_back`` returned."""
    LEASE_LOST = 10
    """Settling raised LeaseLost; the note is the verb that did."""
    EFFECT = 11
    """``transaction`` committed: acknowledged, together with a row of the handler's own."""
    FAIL_BEGUN = 12
    """About to ``fail``, so a dead letter with code PERMANENT has a reason even if we die in the call."""
    ERROR = 13
    """An error reached the application that it cannot be blamed for; the note is its class."""
    CLOSED = 14
    """The store was closed in good order."""
    KILLED = 15
    """The harness is about to kill -9 the process whose pid this is."""
    REAPED = 16
    """The harness learned that the process whose pid this is has ended; the note is the status."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record of a history. Times are of this host: ``mono`` in seconds compares across its processes."""

    kind: Kind
    pid: int
    mono: float
    wall: float
    message_id: str = ""
    app: str = ""
    key: str = ""
    row_id: int = 0
    attempt: int = 0
    flag: int = 0
    note: str = ""


class Recorder:
    """Writes the history of one process. Made after the fork; a second one for the same file continues it."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def saw(  # noqa: PLR0913 - one keyword per field of the record
        self,
        kind: Kind,
        *,
        message_id: str = "",
        app: str = "",
        key: str | None = None,
        row_id: int = 0,
        attempt: int = 0,
        flag: int = 0,
        note: str = "",
        pid: int | None = None,
    ) -> float:
        """Append one record; it survives a ``kill -9`` from the moment this returns its monotonic time."""
        mono_ns = time.monotonic_ns()
        record = _LAYOUT.pack(
            kind,
            flag,
            attempt,
            os.getpid() if pid is None else pid,
            row_id,
            mono_ns,
            time.time(),
            message_id.encode(),
            app.encode(),
            (key or "").encode(),
            note.encode()[:NOTE_BYTES],
        )
        if os.write(self._fd, record) != RECORD_BYTES:
            raise OSError("the history could not be written whole")
        return mono_ns / 1e9

    def close(self) -> None:
        """Close the file; it may be read while it is open as well."""
        os.close(self._fd)


def read_history(path: Path) -> Iterator[Sighting]:
    """Yield what the file holds, in the order it was written.

    Raises:
        ValueError: The file ends inside a record, which the layout is made to rule out.
    """
    content = path.read_bytes()
    if len(content) % RECORD_BYTES:
        raise ValueError(f"{path}: ends inside a record ({len(content)} bytes)")
    for kind, flag, attempt, pid, row_id, mono_ns, wall, message_id, app, key, note in _LAYOUT.iter_unpack(
        content
    ):
        yield Sighting(
            kind=Kind(kind),
            pid=pid,
            mono=mono_ns / 1e9,
            wall=wall,
            message_id=_text(message_id),
            app=_text(app),
            key=_text(key),
            row_id=row_id,
            attempt=attempt,
            flag=flag,
            note=_text(note),
        )


def read_histories(folder: Path) -> list[Sighting]:
    """Everything the processes of one run saw, in the order of time."""
    sightings = [each for path in sorted(folder.glob("*.history")) for each in read_history(path)]
    return sorted(sightings, key=lambda each: each.mono)


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode(errors="replace")
