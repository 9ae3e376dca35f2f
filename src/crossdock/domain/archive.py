"""What passes between those who move messages to the archive and the store that holds them."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple

from crossdock.domain.retention import before

FILE_SUFFIX: Final = ".jsonl.gz"
"""How the name of a file with archived messages ends."""
GIVEN_UP_AFTER: Final = timedelta(minutes=15)
"""A file that another host began longer ago than this is never finished; writing one takes a third of it at most."""


class AgedPage(NamedTuple):
    """Completed messages that may be archived.

    Attributes:
        row_ids: Of these.
        after: Look on behind this row; None: nothing behind it is old enough.
    """

    row_ids: list[int]
    after: int | None


class Sized(NamedTuple):
    """What a finished message takes, roughly.

    Attributes:
        archived_at: When it came to the archive; None: it is still in its queue.
        size: Bytes, those of its data alone.
    """

    row_id: int
    size: int
    archived_at: datetime | None = None


class PayloadPage(NamedTuple):
    """Payloads that no message has any more.

    Attributes:
        unused: The checksums of these.
        after: Look on behind this one; None: there is none behind it.
    """

    unused: list[str]
    after: str | None


class ArchivedLine(NamedTuple):
    """An archived message as it stands in a file.

    Attributes:
        archived_at: As the store writes it.
        text: One line of JSON, without the line feed.
    """

    row_id: int
    archived_at: str
    text: bytes


class FileFacts(NamedTuple):
    """What its manifest says of a file.

    Attributes:
        file_size: In bytes.
        checksum: ``sha256:`` and 64 hexadecimal digits, of the file as it is on the disk.
    """

    row_count: int
    file_size: int
    checksum: str


class BegunFile(NamedTuple):
    """A file that was begun and not finished.

    Attributes:
        folder: On the host that began it.
        begun_by: The process.
        ours: It was begun on this host.
        facts: What it holds, if its messages are in it alone: they were removed when this was noted.
        given_up: Another host did not wait for it any longer, and writes its messages to a file of its own.
    """

    name: str
    folder: str
    app: str
    begun_at: datetime
    begun_by: str
    ours: bool = True
    facts: FileFacts | None = None
    given_up: bool = False


class NextStep(Enum):
    """What is to become of a file that was begun and not finished."""

    LEAVE = auto()
    GIVE_UP = auto()
    DISCARD = auto()
    CONFIRM = auto()
    LOOK = auto()


def next_step(begun: BegunFile, now: datetime, *, many_hosts: bool) -> NextStep:
    """Decide about a file whose process nobody of its host has heard of since.

    Args:
        begun: The file.
        now: Aware UTC.
        many_hosts: The store decides what is in a file; else the file's manifest does, and must be looked at.
    """
    counts = begun.facts is not None
    if begun.ours:
        if counts:
            return NextStep.CONFIRM
        return NextStep.DISCARD if many_hosts or begun.given_up else NextStep.LOOK
    if begun.given_up or begun.begun_at > before(now, GIVEN_UP_AFTER):
        return NextStep.LEAVE
    return NextStep.CONFIRM if counts else NextStep.GIVE_UP
