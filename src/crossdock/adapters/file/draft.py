"""A file on its way into a folder: hidden until it is whole, then there with its manifest, or withdrawn.

For the stem ``S`` and the file ``S.csv``, a writer

1. draws the number by making the ticket ``.S.ticket``, which keeps it from being used again, and holds a lock on it;
2. writes ``.S.csv.part`` and ``.S.meta.json.part``;
3. notes name and token of the ticket elsewhere, where whoever tries again will find them;
4. renames the data, then the manifest. **The manifest's rename is the commit point.**

Whoever finds such a note withdraws the draft by renaming ``.S.meta.json.part`` to ``.S.withdrawn``. Of this rename and
that of step 4 only one can be, so a file is published or withdrawn, whoever stalls, dies or comes back in between:

=========================== ================================ ==============================================
ticket with that token      ``.S.meta.json.part``            the file
=========================== ================================ ==============================================
there                       there                            not published; withdraw it
there, and ``.S.withdrawn``                                  withdrawn
there                       not there                        published, even if somebody has taken it since
not there                                                    nothing is known: it counts as never published
=========================== ================================ ==============================================

Tickets stay for a week, see ``leftovers.py``.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from crossdock.adapters.file.manifest import Manifest, read_own
from crossdock.adapters.file.naming import hidden, manifest_of, stem_of
from crossdock.durable_files import FileSystem

TICKET_SUFFIX: Final = ".ticket"
WITHDRAWN_SUFFIX: Final = ".withdrawn"

_CHUNK_BYTES: Final = 1024 * 1024


class Gone(Exception):
    """Somebody withdrew the draft that was to be published, or removed its hidden files."""


class Content(NamedTuple):
    """What a file turned out to hold."""

    file_size: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Draft:
    """The paths of a file and of everything hidden that belongs to it.

    Attributes:
        token: Tells this draft from any other that may get the same name.
    """

    folder: Path
    name: str
    token: str

    @property
    def stem(self) -> str:
        """What data and manifest share."""
        return stem_of(self.name)

    @property
    def data(self) -> Path:
        """The file."""
        return self.folder / self.name

    @property
    def manifest(self) -> Path:
        """Its manifest."""
        return self.folder / manifest_of(self.name)

    @property
    def hidden_data(self) -> Path:
        """The file while it is written."""
        return self.folder / hidden(self.name)

    @property
    def hidden_manifest(self) -> Path:
        """Its manifest until the file is published."""
        return self.folder / hidden(manifest_of(self.name))

    @property
    def ticket(self) -> Path:
        """What keeps its number from being used again."""
        return self.folder / f".{self.stem}{TICKET_SUFFIX}"

    @property
    def withdrawn(self) -> Path:
        """The manifest of a file that will never be published."""
        return self.folder / f".{self.stem}{WITHDRAWN_SUFFIX}"


class Drafts:
    """What can be done with drafts, each step through the file layer.

    Args:
        files: The file layer.
        mode: Of data files and manifests.
    """

    def __init__(self, files: FileSystem, mode: int) -> None:
        self._files = files
        self._mode = mode

    def draw(self, draft: Draft) -> BinaryIO:
        """Make the ticket; whoever closes what this returns tells that nobody works on the draft any more.

        Raises:
            FileExistsError: The number was drawn before.
        """
        ticket = self._files.create_new(draft.ticket)
        try:
            fcntl.flock(ticket, fcntl.LOCK_EX)
            ticket.write(json.dumps({"token": draft.token}).encode())
            ticket.flush()
            self._files.sync(draft.ticket)
        except BaseException:
            ticket.close()
            with suppress(OSError):
                self._files.remove(draft.ticket)
            raise
        return ticket

    def write(self, path: Path, pieces: Iterable[bytes]) -> Content:
        """Write a hidden file, and let it survive a power cut; what was left under its name is overwritten."""
        digest, size = sha256(), 0
        self._files.remove(path)
        with self._files.create_new(path, self._mode) as file:
            for piece in pieces:
                file.write(piece)
                digest.update(piece)
                size += len(piece)
        self._files.sync(path)
        return Content(size, f"sha256:{digest.hexdigest()}")

    def finish(self, draft: Draft, manifest: Manifest) -> None:
        """Write the hidden manifest; from now on the draft is complete and can be published."""
        self.write(draft.hidden_manifest, [manifest.to_bytes()])
        self._files.sync(draft.folder)

    def publish(self, draft: Draft) -> None:
        """Give data and manifest their names.

        Raises:
            FileExistsError: A stranger has taken one of the names; nothing was published.
            Gone: The draft was withdrawn.
        """
        try:
            self._files.rename_new(draft.hidden_data, draft.data)
            self._files.sync(draft.folder)
            self._files.rename_new(draft.hidden_manifest, draft.manifest)
        except FileNotFoundError as error:
            raise Gone(draft.name) from error
        self._files.sync(draft.folder)

    def discard(self, draft: Draft) -> None:
        """Remove our own draft that was never noted; the ticket last, or whoever draws it would lose what he writes."""
        for path in (draft.hidden_manifest, draft.hidden_data, draft.ticket):
            self._files.remove(path)

    def is_published(self, draft: Draft) -> bool:
        """Tell what became of a draft, and withdraw it if it was not published: then it never will be."""
        if not self._is_known(draft):
            return False
        if self.withdraw(draft):
            return False
        self._files.sync(draft.folder)  # its rename may have been the last thing before a kill
        return True

    def withdraw(self, draft: Draft) -> bool:
        """Keep a complete draft from being published, and remove its data; False: it has been published."""
        try:
            self._files.rename(draft.hidden_manifest, draft.withdrawn)
        except FileNotFoundError:
            if not draft.withdrawn.exists():
                return False
        self._files.sync(draft.folder)
        self._files.remove(draft.hidden_data)
        self._remove_unpublished_data(draft)
        return True

    def _is_known(self, draft: Draft) -> bool:
        try:
            return bool(json.loads(draft.ticket.read_bytes())["token"] == draft.token)
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return False

    def _remove_unpublished_data(self, draft: Draft) -> None:
        """Remove the data of a withdrawn draft if it got its name already; a stranger's file is left alone."""
        ours = read_own(draft.withdrawn)
        theirs = read_own(draft.manifest)
        if ours is None or (theirs is not None and theirs.filename == draft.name):
            return
        with suppress(FileNotFoundError):
            if draft.data.stat().st_size == ours.file_size and checksum_of(draft.data) == ours.checksum:
                self._files.remove(draft.data)
                self._files.sync(draft.folder)


def checksum_of(path: Path) -> str:
    """Return the checksum of a file, as manifests have it."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
