"""Where a SQLite store lives: its file, the folder beside it, and whether the place can hold one."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from crossdock.domain.errors import ConfigError, StoreUnavailable
from crossdock.durable_files import FILE_MODE, FOLDER_MODE

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

NETWORK_FILE_SYSTEMS: Final = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs", "fuse.s3fs",
    "fuse.rclone", "davfs",
})  # fmt: skip
"""Where SQLite's locks do not work, by the names that Linux has for them."""
_MOUNTS: Final = Path("/proc/self/mountinfo")
_OCTAL: Final = re.compile(r"\\([0-7]{3})")
"""How a space, a tab, a line feed or a backslash is written there. Source: proc_pid_mountinfo(5)."""


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """A store's file; ``path`` is None for one in memory."""

    path: Path | None

    def __str__(self) -> str:
        """Return the path, for people."""
        return "the store in memory" if self.path is None else str(self.path)

    @property
    def folder(self) -> Path:
        """The folder beside the file: lock files, sockets."""
        assert self.path is not None  # noqa: S101 - asked for by stores on disk only
        return self.path.with_name(self.path.name + ".d")

    def identity(self) -> tuple[int, int] | None:
        """Return the file's device and inode, or None if it is not there."""
        assert self.path is not None  # noqa: S101 - asked for by stores on disk only
        return identity_of(str(self.path))

    def prepare(self) -> None:
        """Make the file (empty) and its folder, open to their owner alone.

        Raises:
            StoreUnavailable: The parent folder is missing, or may not be written.
            ConfigError: The place is a network file system, or the path is no plain file.
        """
        assert self.path is not None  # noqa: S101 - asked for by stores on disk only
        _refuse_network(self.path)
        try:
            if not self.path.exists():
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, FILE_MODE))
            elif not stat.S_ISREG(self.path.stat().st_mode):
                raise ConfigError(f"store.url: {self.path} is not a file")
            self.folder.mkdir(mode=FOLDER_MODE, exist_ok=True)
        except OSError as error:
            raise StoreUnavailable(
                f"cannot open the store {self.path}: {error.strerror}. "
                f"Check that the folder exists and that you may write to it"
            ) from error


def identity_of(path: str) -> tuple[int, int] | None:
    """Return the device and inode of a file, or None if it is not there.

    Args:
        path: As text, which the system takes more quickly than a ``Path``.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def is_postgresql(url: str | URL) -> bool:
    """Tell whether a store URL names a PostgreSQL database; what is no URL at all does not."""
    try:
        return make_url(url).get_backend_name() == "postgresql"
    except ArgumentError:
        return False


def parse_url(url: str | URL) -> StoreLocation:
    """Return the place that a store URL names.

    Raises:
        ConfigError: Not a URL of a SQLite store.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise ConfigError(
            f"store.url: {url!r} is no URL; write for example sqlite:///crossdock.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            f"store.url: {parsed.render_as_string()} names {parsed.get_backend_name()!r}; "
            f"a store is at sqlite:///… or postgresql+psycopg://…"
        )
    if parsed.query:
        raise ConfigError(f"store.url: options after '?' are not taken: {parsed.render_as_string()}")
    if parsed.database in {None, "", ":memory:"}:
        return StoreLocation(None)
    path = Path(str(parsed.database)).expanduser().resolve()
    _refuse_raw_path(url, path)
    return StoreLocation(path)


def _refuse_raw_path(url: str | URL, path: Path) -> None:
    """Refuse a URL into which somebody put, as it is, a path with a ``%`` that means something in a URL."""
    if not isinstance(url, str) or "%" not in url:
        return
    written = Path(url.partition(":///")[2]).expanduser().resolve()
    if written != path and (written.exists() or (written.parent != path.parent and written.parent.is_dir())):
        raise ConfigError(
            f"store.url: {url} names {path}, since % begins an escape in a URL, but there is "
            f"{written if written.exists() else written.parent}; write each % of a path as %25"
        )


def _refuse_network(path: Path) -> None:
    kind = file_system(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise ConfigError(
            f"store.url: {path} is on a network file system ({kind}), where SQLite's locks do not work; "
            f"put the store on a local disk"
        )


def file_system(path: Path) -> str | None:
    """Return the kind of file system that holds ``path``, or None where the machine does not tell."""
    try:
        mounts = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for line in mounts:
        fields, _, rest = line.partition(" - ")
        point = _OCTAL.sub(lambda code: chr(int(code[1], 8)), fields.split()[4])
        inside = point == "/" or str(path) == point or str(path).startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    return kind
