"""The tree of folders that files wander through, and its walls: nothing outside of its root is ever touched."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final

from crossdock.adapters.file.naming import check_name
from crossdock.config.table import Explained
from crossdock.domain.errors import ConfigError, InvalidMessage, NotConnected

ARCHIVE: Final = "archive"
ERRORS: Final = "errors"
CLAIMED: Final = "claimed"
OWN_FOLDERS: Final = frozenset({ARCHIVE, ERRORS, CLAIMED})
"""What every root has beside its stages."""

BUFFER_BYTES: Final = 256 * 1024
"""So much of a file is read at a time."""
_DATE_LENGTH: Final = len("2025-11-24")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The folders of one root: stages such as ``imports``, and what every root has beside them.

    Attributes:
        root: Absolute, without links.
        stage: The name of the folder that an adapter reads or writes.
    """

    root: Path
    stage: str
    archive_name: str = ARCHIVE
    errors_name: str = ERRORS
    claimed_name: str = CLAIMED

    @property
    def stage_folder(self) -> Path:
        """``<root>/<stage>``."""
        return self.root / self.stage

    def dated(self, day: date) -> Path:
        """``<root>/<stage>/<YYYY-MM-DD>``, where files are written."""
        return self.stage_folder / f"{day:%Y-%m-%d}"

    def archive(self, day: date) -> Path:
        """``<root>/archive/<YYYY-MM>``, where files go that were taken."""
        return self.root / self.archive_name / f"{day:%Y-%m}"

    def errors(self, day: date) -> Path:
        """``<root>/errors/<YYYY-MM-DD>``, where files go that cannot be taken."""
        return self.root / self.errors_name / f"{day:%Y-%m-%d}"

    def claimed(self, boot_id: str) -> Path:
        """``<root>/claimed/<boot-id>``, where a process keeps what it is taking."""
        return self.root / self.claimed_name / check_name(boot_id)

    @property
    def claims(self) -> Path:
        """``<root>/claimed``, the folder of all processes."""
        return self.root / self.claimed_name

    def dated_folders(self) -> Iterator[tuple[date, Path]]:
        """Give the folders of the stage that are named after a day and are no links; none if there is no stage."""
        try:
            entries = sorted(os.scandir(self.stage_folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        for entry in entries:
            day = parse_day(entry.name)
            if day is not None and entry.is_dir(follow_symlinks=False):
                yield day, Path(entry.path)

    def relative(self, path: Path) -> str:
        """Return how people and messages name a file of the tree: from the root, with ``/``."""
        return path.relative_to(self.root).as_posix()


def tree_of(folder: str, *, above: Path) -> Tree:
    """Return the tree of a stage; nothing needs to be there yet.

    Args:
        folder: ``<root>/<stage>``.
        above: A relative folder counts from here.

    Raises:
        ConfigError: The folder has no name of its own, or the name is that of a folder that every root has.
    """
    path = Path(os.path.abspath((above / folder).expanduser()))  # noqa: PTH100 - the stage itself may be no link
    issue = stage_issue(path.name)
    if issue is not None:
        raise ConfigError(f"file: {folder!r}: {issue}")
    return Tree(root=path.parent.resolve(), stage=path.name)


def stage_setting(folder: str) -> str:
    """Return the folder of a stage, if its name does not tell already that it can be none.

    Raises:
        Explained: It does.
    """
    name = os.path.basename(os.path.normpath(folder))  # noqa: PTH119 - text, of no file system
    issue = None if name in {os.curdir, os.pardir} else stage_issue(name)
    if issue is not None:
        raise Explained(issue)
    return folder


def stage_issue(name: str) -> str | None:
    """Return why a stage cannot have a name; None: it can."""
    if not name:
        return "is the root of the file system; name a folder in another, such as data/imports"
    try:
        check_name(name)
    except InvalidMessage as error:
        return f"is no folder for files: {error}"
    if name in OWN_FOLDERS:
        return f"each root has a folder {name!r} of its own; give the stage another name"
    return None


def parse_day(text: str) -> date | None:
    """Read the name of a folder of one day; None: it is none."""
    try:
        return date.fromisoformat(text) if len(text) == _DATE_LENGTH else None
    except ValueError:
        return None


def demand_inside(tree: Tree, folder: Path) -> None:
    """Make sure that a folder of the tree is there, and that nothing on the way to it leads out of the root.

    Raises:
        NotConnected: It is not there now, or is no folder.
        ConfigError: It is not in the tree, or a link stands on the way.
    """
    parts = folder.relative_to(tree.root).parts if folder.is_relative_to(tree.root) else ("..",)
    if ".." in parts:
        raise ConfigError(f"{folder} is not in {tree.root}; nothing outside of it is touched")
    at = tree.root
    for part in ("", *parts):
        at = at / part
        mode = _mode_of(at)
        if stat.S_ISLNK(mode):
            raise ConfigError(
                f"{at} is a link, and links are not followed inside {tree.root}; put a folder in its place"
            )
        if not stat.S_ISDIR(mode):
            raise NotConnected(f"{at} is not a folder; it is asked for again")


def demand_one_file_system(tree: Tree, *folders: Path) -> None:
    """Make sure that files can be renamed from each folder to each other; all of them are there.

    Raises:
        ConfigError: One is on a file system of its own.
    """
    device = tree.root.stat().st_dev
    for folder in folders:
        if folder.stat().st_dev != device:
            raise ConfigError(
                f"{folder} is on another file system than {tree.root}: files could not be moved there in one step. "
                f"Put the whole tree on one"
            )


def open_plain(path: Path) -> BinaryIO:
    """Open a file for reading if it is one: a link is not followed, a pipe or device is never waited for.

    Raises:
        OSError: It cannot be opened.
        InvalidMessage: It is no plain file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if path.is_symlink():
            raise InvalidMessage.of("filename", f"{path.name!r} is a link, which is not followed") from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise InvalidMessage.of("filename", f"{path.name!r} is not a plain file")
    return os.fdopen(fd, "rb", buffering=BUFFER_BYTES)


def _mode_of(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotConnected(f"{path} is not there; make the folder, or bring it back") from error
    except OSError as error:
        raise NotConnected(f"cannot look at {path}: {error.strerror}. It is asked for again") from error
