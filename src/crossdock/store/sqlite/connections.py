"""Connections of one process to one SQLite file: one library, the right journal, the right durability."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from crossdock.domain.errors import StoreError, StoreUnavailable
from crossdock.store.forking import uninterrupted_by_fork
from crossdock.store.sqlite.errors import damaged, translate
from crossdock.store.sqlite.place import REPLACED, VANISHED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crossdock.store.settings import StoreSettings
    from crossdock.store.sqlite.build import SQLiteBuild
    from crossdock.store.sqlite.location import StoreLocation

_CACHED_STATEMENTS: Final = 512
_CACHE_KIB: Final = 32 * 1024
_JOURNAL_LIMIT_BYTES: Final = 64 * 1024 * 1024
_CHECKPOINT_PAGES: Final = 4000
"""So much of the log, 16 MiB, goes into the file at a time: an index page that many commits wrote goes there once."""

_opened: dict[tuple[int, int], tuple[str, int]] = {}
"""Which library this process opened a file with, and how often. Two libraries in one process would drop each
other's POSIX locks, so this is a fact of the process and not of a store."""
_opened_mutex: Final = threading.Lock()


class Connections:
    """Opens connections to one store, always with the same library and settings."""

    def __init__(self, location: StoreLocation, build: SQLiteBuild, settings: StoreSettings) -> None:
        self.location = location
        self.build = build
        self.safe_mode = settings.outside_writers or build.affected
        self._settings = settings
        self._identity: tuple[int, int] | None = None
        self.errors = (build.module.Error, UnicodeDecodeError)
        """What the driver raises; the second when a damaged file puts bytes that are no text into its own message."""
        self.journal_mode = ""
        """What ``set_journal`` found the file in."""

    def register(self) -> None:
        """Note that this process opens the file with this library.

        Raises:
            StoreError: It has the file open through another one.
        """
        if self.location.path is None:
            return
        identity = self.location.identity()
        if identity is None:
            raise StoreUnavailable(f"{self.location}: the file vanished while it was opened")
        with uninterrupted_by_fork, _opened_mutex:
            name, count = _opened.get(identity, (self.build.name, 0))
            if name != self.build.name or (count == 0 and _open_elsewhere(identity)):
                other = name if name != self.build.name else "another SQLite library"
                raise StoreError(
                    f"{self.location}: this process has the file open through {other}, and Crossdock would use "
                    f"{self.build}; two libraries in one process destroy each other's locks. Close the other "
                    f"connection, or open it with crossdock.create_engine(url)"
                )
            _opened[identity] = (name, count + 1)
        self._identity = identity

    def unregister(self) -> None:
        """Forget this store; to be called when its connections are closed."""
        if self._identity is None:
            return
        with uninterrupted_by_fork, _opened_mutex:
            name, count = _opened[self._identity]
            if count > 1:
                _opened[self._identity] = (name, count - 1)
            else:
                del _opened[self._identity]
        self._identity = None

    def open(self) -> Any:
        """Return a new DB-API connection, in autocommit mode, usable from any thread.

        Raises:
            StoreDamaged: It is not the file that was opened first.
            StoreError: The file cannot be opened, or is no database.
        """
        try:
            with uninterrupted_by_fork:
                connection = self._connect()
        except self.errors as error:
            self._demand_same_file()
            raise translate(error, self.location) from error
        return connection

    def open_writer(self) -> Any:
        """Return a new connection for our own statements alone; the rest as ``open``.

        It leaves the CHECK constraints out: they keep strangers honest, and would take a fifth of the time of a bulk
        send to look at what we made ourselves.
        """
        connection = self.open()
        connection.execute("PRAGMA ignore_check_constraints = ON")
        return connection

    def _connect(self) -> Any:
        path = ":memory:" if self.location.path is None else str(self.location.path)
        known = self._identity is not None
        if known:  # rw: never make a file in the place of ours
            path = f"file:{quote(os.fsencode(path))}?mode=rw"
        connection = self.build.module.connect(
            path,
            uri=known,
            timeout=self._settings.lock_timeout.total_seconds(),
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_CACHED_STATEMENTS,
        )
        try:
            self._demand_same_file()
            for pragma in self._pragmas():
                connection.execute(pragma).fetchall()
        except BaseException:
            connection.close()
            raise
        return connection

    def _demand_same_file(self) -> None:
        """Look before the first statement: it would read the write-ahead log beside the path into another file.

        Raises:
            StoreDamaged: The file that was registered is not there any more.
        """
        if self._identity is not None:
            identity = self.location.identity()
            if identity != self._identity:
                raise damaged(self.location, VANISHED if identity is None else REPLACED)

    def set_journal(self, connection: Any) -> str:
        """Put the file into its journal mode, make the connection's commits durable in it, and return the mode."""
        if self.location.path is None:
            self.journal_mode = "memory"
            return self.journal_mode
        wanted = "truncate" if self.safe_mode else "wal"
        (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
        if mode != wanted:
            (mode,) = self._change_journal(connection, wanted)
        connection.execute(self._synchronous).fetchall()
        self.journal_mode = str(mode)
        return self.journal_mode

    def _change_journal(self, connection: Any, wanted: str) -> tuple[str]:
        try:
            changed: tuple[str] = connection.execute(f"PRAGMA journal_mode = {wanted}").fetchone()
        except self.build.module.OperationalError as error:
            if not self.safe_mode:
                raise
            raise StoreUnavailable(
                f"{self.location} is open in other processes with a write-ahead log, which {self.build} must not "
                f"write or which store.outside_writers forbids. Stop them and start all again, or install "
                f"pysqlite3 0.6.1 or newer here"
            ) from error
        return changed

    @property
    def _synchronous(self) -> str:
        """In a rollback journal EXTRA also syncs the directory after a commit; in WAL mode FULL syncs each commit."""
        return f"PRAGMA synchronous = {'EXTRA' if self.safe_mode else 'FULL'}"

    def _pragmas(self) -> tuple[str, ...]:
        return (
            self._synchronous,
            "PRAGMA foreign_keys = ON",
            "PRAGMA temp_store = MEMORY",
            f"PRAGMA cache_size = -{_CACHE_KIB}",
            f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT_BYTES}",
            f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}",
        )


def make_durable(connection: Any) -> None:
    """Let each commit of a connection survive a power cut, in whatever journal mode the file is.

    In a rollback journal that takes EXTRA, and the mode TRUNCATE is each connection's own to choose.
    """
    (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
    if mode == "wal":
        connection.execute("PRAGMA synchronous = FULL").fetchall()
    elif mode != "memory":
        connection.execute("PRAGMA journal_mode = TRUNCATE").fetchall()
        connection.execute("PRAGMA synchronous = EXTRA").fetchall()


def note_opened(location: StoreLocation, build: SQLiteBuild) -> None:
    """Note that the application itself opened a file, through an engine of ours; it may stay open."""
    identity = location.identity()
    if identity is not None:
        with uninterrupted_by_fork, _opened_mutex:
            _opened.setdefault(identity, (build.name, 1))


def _open_elsewhere(identity: tuple[int, int]) -> bool:
    """Tell whether this process has a file open already (looked up without opening or closing anything)."""
    folder = "/proc/self/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    return any(_is(f"{folder}/{name}", identity) for name in names)


def _is(path: str | Path, identity: tuple[int, int]) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return (found.st_dev, found.st_ino) == identity


@contextmanager
def lenient(connection: Any) -> Iterator[None]:
    """Read text that is no UTF-8, too: an escape stands for each bad byte, which is no JSON either."""
    connection.text_factory = _as_far_as_it_goes
    try:
        yield
    finally:
        connection.text_factory = str


def _as_far_as_it_goes(text: bytes) -> str:
    return text.decode("utf-8", "backslashreplace")
