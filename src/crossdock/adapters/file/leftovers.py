"""Clears what dead processes left in the folders of a stage, and forgets the numbers of days long past."""

from __future__ import annotations

import fcntl
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from crossdock.adapters.file.draft import TICKET_SUFFIX, WITHDRAWN_SUFFIX, Draft, Drafts
from crossdock.adapters.file.latest import LATEST_MARK
from crossdock.adapters.file.manifest import read_own
from crossdock.adapters.file.naming import MANIFEST_SUFFIX
from crossdock.adapters.file.tree import Tree
from crossdock.durable_files import FileSystem

KEEP: Final = timedelta(days=7)
"""So long after its day a ticket tells that a file was published; a retry that comes later writes it again."""

_PART: Final = re.compile(r"\.(?P<stem>.+_\d{4}-\d\d-\d\d_\d{3,})\.(?P<rest>.+)\.part")


class Leftovers:
    """Looks through a stage.

    Args:
        files: The file layer.
        drafts: Withdraws drafts.
        put_latest: Finishes the latest copy of a published draft, or drops it.
    """

    def __init__(self, files: FileSystem, drafts: Drafts, put_latest: Callable[[Draft], None]) -> None:
        self._files = files
        self._drafts = drafts
        self._put_latest = put_latest

    def clear(self, tree: Tree, today: date) -> None:
        """Do it for all days; what cannot be cleared, such as another user's files, stays: nothing depends on it."""
        for day, folder in tree.dated_folders():
            for stem, rests in _parts(folder).items():
                with suppress(OSError):
                    self._clear(folder, stem, rests)
            if day < today - KEEP:
                with suppress(OSError):
                    self._forget(folder)

    def _clear(self, folder: Path, stem: str, rests: set[str]) -> None:
        """Withdraw a draft that nobody works on; a writer holds the lock of its ticket."""
        with _abandoned(folder / f".{stem}{TICKET_SUFFIX}") as abandoned:
            if not abandoned:
                return
            if MANIFEST_SUFFIX[1:] in rests:
                manifest = read_own(folder / f".{stem}{MANIFEST_SUFFIX}.part")
                self._drafts.withdraw(Draft(folder, manifest.filename if manifest else f"{stem}.", ""))
            elif f"{LATEST_MARK}{MANIFEST_SUFFIX}" in rests and not self._is_withdrawn(folder, stem):
                self._put_latest(Draft(folder, f"{stem}.", ""))
            for rest in rests:
                self._files.remove(folder / f".{stem}.{rest}.part")

    def _is_withdrawn(self, folder: Path, stem: str) -> bool:
        return (folder / f".{stem}{WITHDRAWN_SUFFIX}").exists()

    def _forget(self, folder: Path) -> None:
        """Remove tickets, and only when they are gone for good what says that a draft was withdrawn."""
        for stem, rests in _parts(folder).items():
            if (folder / f".{stem}{TICKET_SUFFIX}").exists():
                return  # somebody works on it, to this day
            for rest in rests:
                self._files.remove(folder / f".{stem}.{rest}.part")
        for suffix in (TICKET_SUFFIX, WITHDRAWN_SUFFIX):
            hidden = sorted(folder.glob(f".*{suffix}"))
            for path in hidden:
                self._files.remove(path)
            if hidden:
                self._files.sync(folder)


def _parts(folder: Path) -> dict[str, set[str]]:
    """Return what is hidden and unfinished in a folder, by stem."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in folder.iterdir():
        part = _PART.fullmatch(path.name)
        if part is not None:
            found[part["stem"]].add(part["rest"])
    return found


@contextmanager
def _abandoned(ticket: Path) -> Iterator[bool]:
    """Tell whether a draft is ours and nobody works on it, and keep it so; without a ticket it is a stranger's."""
    try:
        file = ticket.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
