"""What the archiver asks: of the store, and of the files that archived messages go to at last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from crossdock.domain.archive import AgedPage, ArchivedLine, BegunFile, FileFacts, PayloadPage, Sized


class ArchiveFiles(Protocol):
    """Files that are written once, each under a name that was noted in the store before.

    Filing calls ``write`` for a name, and then ``confirm``; until that has returned, the file does not count.

    On one host the messages are removed from the store after that. If the process dies meanwhile, the next one asks for
    the ``facts``: if there are none it calls ``discard``; else it removes the messages whose ``row_ids`` the file has.

    Of many hosts none can look at the files of another, so the store decides: between ``write`` and ``confirm`` one
    transaction removes the messages and notes the facts. If the process dies before that, the next one of its host
    calls ``discard``; if after it, ``confirm``, provided that the folder still ``holds`` the file.
    """

    def prepare(self, folder: str) -> str:
        """Make sure that the folder of all files is there, and return its full path; raises StoreUnavailable."""

    def exists(self, folder: str, name: str) -> bool:
        """Tell whether anything stands under a name."""

    def write(self, folder: str, name: str, lines: Iterable[bytes]) -> FileFacts:
        """Write a file; when this returns, it survives a power cut. Raises StoreUnavailable if it cannot."""

    def confirm(self, folder: str, name: str, facts: FileFacts, *, created_at: str, created_by: str) -> None:
        """Let a file count that was written; may be repeated. Raises StoreUnavailable if it cannot."""

    def discard(self, folder: str, name: str) -> None:
        """Remove what an interrupted ``write`` left, and a file that was not confirmed."""

    def facts(self, folder: str, name: str) -> FileFacts | None:
        """Return what a file holds; None: it was not confirmed.

        Raises StoreDamaged or StoreUnavailable if that cannot be told for sure: then nothing may be removed.
        """

    def holds(self, folder: str, name: str, facts: FileFacts) -> bool:
        """Tell whether a file is there, and whole, confirmed or not."""

    def row_ids(self, folder: str, name: str) -> Iterator[int]:
        """Give the ids of the rows in a file."""


class ArchiveVerbs(Protocol):
    """What the archiver does in a transaction."""

    def archive(self, row_ids: Sequence[int]) -> int:
        """Move those of these rows to the archive that are completed and not hidden; return how many."""

    def forget_archived(self, row_ids: Sequence[int]) -> int:
        """Remove rows of the archive for good, with their history; return how many were there."""

    def drop_payloads(self, checksums: Sequence[str]) -> None:
        """Remove those of these payloads that no message has any more."""

    def begin_file(self, name: str, folder: str, app: str) -> bool:
        """Note that a file is about to be written; False: another process writes one for the app, or has the name."""

    def take_out(self, name: str, facts: FileFacts, row_ids: Sequence[int]) -> bool:
        """Remove rows of the archive, with their history, and note that they are in a file now; all or nothing.

        False: another host has given the file up meanwhile. Raises StoreError if one of the rows is not there any more.
        """

    def end_file(self, name: str, facts: FileFacts) -> None:
        """Note that a file was written, and that what is in it was removed."""

    def give_up_file(self, name: str) -> bool:
        """Let a file never count that was begun; False: its messages are in it alone, so it counts."""

    def drop_file(self, name: str) -> None:
        """Forget a file that was given up."""


class ArchiveReading(Protocol):
    """What the archiver asks of one consistent snapshot."""

    def finished_apps(self) -> list[str]:
        """Return the apps that have finished messages in their queue."""

    def aged(self, app: str, before: datetime, *, through: int, after: int, limit: int) -> AgedPage:
        """Look at ``limit`` completed messages: which ended up to ``before``, or stand up to the row ``through``."""

    def surplus(self, app: str, at_most: int) -> int:
        """Return the newest row of an app that has ``at_most`` newer completed ones, or 0."""

    def completed_sizes(self, app: str, behind: Sized | None, limit: int) -> list[Sized]:
        """Return ``limit`` completed messages of an app, the newest first, behind another."""

    def archived_sizes(self, app: str, behind: Sized | None, limit: int) -> list[Sized]:
        """Return ``limit`` archived messages of an app, those that came last first, behind another."""

    def archived_apps(self) -> list[str]:
        """Return the apps that have archived messages."""

    def oldest_archived(self, app: str) -> datetime | None:
        """Return when the message of an app came to the archive that has been there longest."""

    def archived_lines(
        self, app: str, before: datetime, behind: ArchivedLine | None, limit: int
    ) -> list[ArchivedLine]:
        """Return messages that were archived up to ``before``, behind another, each as it stands in a file."""

    def unused_payloads(self, after: str, limit: int) -> PayloadPage:
        """Look at ``limit`` payloads behind one: which no message has any more."""

    def open_files(self) -> list[BegunFile]:
        """Return the files that were begun and not finished."""

    def file_names(self, prefix: str) -> set[str]:
        """Return the names of files that begin so."""
