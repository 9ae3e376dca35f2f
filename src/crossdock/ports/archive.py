"""The port to the files that archived messages go to at last."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
