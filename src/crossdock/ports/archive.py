"""The archive as its archiver sees it: the files that messages go to at last, and what it does in a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from crossdock.domain.archive import FileFacts


class ArchiveFiles(Protocol):
    """Files that are written once, each under a name that was noted in the store before.

    The archiver calls ``write`` for a name, and removes the messages from the store only after it returned. If its
    process dies meanwhile, the next archiver asks for the ``facts``: if there are none the file does not count, and
    it calls ``discard``; else it removes the messages whose ``row_ids`` the file has.
    """

    def prepare(self, folder: str) -> None:
        """Make sure that the folder of all files is there. Raises StoreUnavailable if it cannot be."""

    def exists(self, folder: str, name: str) -> bool:
        """Tell whether anything stands under a name."""

    def write(
        self, folder: str, name: str, lines: Iterable[bytes], *, created_at: str, created_by: str
    ) -> FileFacts:
        """Write a file; when this returns, it survives a power cut. Raises StoreUnavailable if it cannot."""

    def discard(self, folder: str, name: str) -> None:
        """Remove what an interrupted ``write`` left, if it did not get to its end."""

    def facts(self, folder: str, name: str) -> FileFacts | None:
        """Return what a file holds; None: ``write`` did not get to its end.

        Raises StoreDamaged or StoreUnavailable if that cannot be told for sure: then nothing may be removed.
        """

    def row_ids(self, folder: str, name: str) -> Iterator[int]:
        """Give the ids of the rows in a file."""


class ArchiveVerbs(Protocol):
    """What the archiver does in a transaction."""

    def archive(self, row_ids: Sequence[int]) -> int:
        """Move those of these rows to the archive that are completed and not hidden; return how many."""

    def forget_archived(self, row_ids: Sequence[int]) -> None:
        """Remove rows of the archive for good, with their history."""

    def drop_payloads(self, checksums: Sequence[str]) -> None:
        """Remove those of these payloads that no message has any more."""

    def begin_file(self, name: str, folder: str, app: str) -> None:
        """Note that a file is about to be written."""

    def end_file(self, name: str, facts: FileFacts) -> None:
        """Note that a file was written, and that what is in it was removed."""

    def drop_file(self, name: str) -> None:
        """Forget a file that was begun and never written."""
