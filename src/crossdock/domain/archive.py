"""What passes between those who move messages to the archive and the store that holds them."""

from __future__ import annotations

from typing import Final, NamedTuple

FILE_SUFFIX: Final = ".jsonl.gz"
"""How the name of a file with archived messages ends."""


class AgedPage(NamedTuple):
    """Completed messages that may be archived.

    Attributes:
        row_ids: Of these.
        after: Look on behind this row; None: nothing behind it is old enough.
    """

    row_ids: list[int]
    after: int | None


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


class BegunFile(NamedTuple):
    """A file that was begun and not finished."""

    name: str
    folder: str
    app: str


class FileFacts(NamedTuple):
    """What its manifest says of a file.

    Attributes:
        file_size: In bytes.
        checksum: ``sha256:`` and 64 hexadecimal digits, of the file as it is on the disk.
    """

    row_count: int
    file_size: int
    checksum: str
