"""Who lives: each process holds a lock on a file of its own, and its death is seen by the lock's release."""

from __future__ import annotations

import json
import os
import re
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from crossdock._version import __version__
from crossdock.durable_files import FILE_MODE
from crossdock.store.file_locks import LockFile
from crossdock.store.work_times import SUFFIX, WorkTimes, late_work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock.domain.delivery import Late

LEFT_OPEN: Final = "left-open"
"""The file beside the lock files that tells of deaths, where somebody wants to know."""
_SUFFIX: Final = ".lock"
_GIVEN_UP: Final = ".given-up"
_BOOT_ID: Final = re.compile("[0-9a-f]{32}")
_STOPPED: Final = frozenset("Tt")
_STATE, _START = 0, 19
"""Positions in /proc/PID/stat, counted behind the command's name. Source: proc_pid_stat(5)."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A process of the store, as its lock file tells.

    Attributes:
        owner: Its name and boot id, as in ``lease_owner``.
        started: Ticks after the machine's start; with ``pid`` it tells a process from a later one of that number.
    """

    owner: str
    pid: int
    started: int | None
    pid_namespace: str | None


class Presence:
    """This process's lock file, and a look at everyone else's.

    Args:
        folder: Where the lock files are.
        name: What the process is called.
        boot_id: 32 hexadecimal digits that no other process has; default: random ones.
        deaths: A file that is touched whenever a process is found to have died; None: nobody wants to know.
    """

    def __init__(
        self, folder: Path, name: str, boot_id: str | None = None, *, deaths: Path | None = None
    ) -> None:
        self.boot_id = boot_id or uuid.uuid4().hex
        self.owner = f"{name}/{self.boot_id}"
        self._folder = folder
        self._deaths = deaths
        self._file = self._take_place()
        self.work_times = WorkTimes(folder / f"{self.boot_id}{SUFFIX}")

    def dead_owners(self) -> Iterator[str]:
        """Give each peer that died, its lock held by us meanwhile, so that no one else takes its messages back.

        When the caller comes back for the next, the dead peer's file is removed.
        """
        self._sweep_unborn()
        for path in self._others():
            with suppress(FileNotFoundError, PermissionError):
                lock = LockFile(path, create=False)
                try:
                    if lock.try_lock() and path.exists():
                        yield _read(path).owner
                        self._sweep(path)
                finally:
                    lock.close()

    def _sweep_unborn(self) -> None:
        """Remove the file of a process that died while it was making it."""
        for path in self._folder.glob(".*.new"):
            with suppress(FileNotFoundError, PermissionError):
                lock = LockFile(path, create=False)
                if lock.try_lock():
                    path.unlink(missing_ok=True)
                lock.close()

    def _sweep(self, path: Path) -> None:
        """Remove what a dead process left: its sockets, and last its lock file."""
        if self._deaths is not None:
            self._deaths.touch(FILE_MODE)
        for left in (self._folder / "wake").glob(f"*.{path.stem}-*"):
            left.unlink(missing_ok=True)
        path.with_suffix(SUFFIX).unlink(missing_ok=True)
        path.with_suffix(_GIVEN_UP).unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def give_up(self, pid: int) -> None:
        """Note that a process was told to stop and did not, so that its end, which is near, counts as no crash.

        It may be our own.
        """
        for path in _lock_files(self._folder):
            peer = _read(path)
            if peer.pid == pid and _exists(peer):
                path.with_suffix(_GIVEN_UP).touch(FILE_MODE)
                # It may have left by itself in this instant, and nobody would remove our note.
                if not path.exists():
                    path.with_suffix(_GIVEN_UP).unlink(missing_ok=True)

    def was_given_up(self, owner: str) -> bool:
        """Tell whether that was noted of the process that owns a lease."""
        boot_id = owner.rpartition("/")[2]
        return bool(_BOOT_ID.fullmatch(boot_id)) and (self._folder / f"{boot_id}{_GIVEN_UP}").exists()

    def condition(self, owner: str) -> Literal["running", "stopped", "gone", "unknown"]:
        """Tell how the process that owns a lease does; unknown: it is no Crossdock process of this machine."""
        boot_id = owner.rpartition("/")[2]
        if not _BOOT_ID.fullmatch(boot_id):
            return "unknown"
        path = self._folder / f"{boot_id}{_SUFFIX}"
        if not path.exists():
            return "gone"
        peer = _read(path)
        if not _exists(peer):
            return "gone"
        return "stopped" if _is_stopped(peer) else "running"

    def late(self) -> Iterator[tuple[str, Late]]:
        """Give each process, this one included, that works on something longer than it may, with what that is."""
        for peer, found in self._late_peers():
            yield peer.owner, found

    def stuck_process(self, pid: int) -> bool:
        """Tell whether the event loop of a process is blocked by a handler whose timeout is over."""
        return any(found.is_stuck and peer.pid == pid for peer, found in self._late_peers())

    def _late_peers(self) -> Iterator[tuple[Peer, Late]]:
        for path in self._folder.glob(f"*{SUFFIX}"):
            found = late_work(path)
            lock = path.with_suffix(_SUFFIX)
            if found is not None and lock.exists():
                yield _read(lock), found

    def leave(self) -> None:
        """Release our lock and remove the file; safe to call twice."""
        self.work_times.close()
        if self._file.fd >= 0:
            self._path.unlink(missing_ok=True)
            self._path.with_suffix(_GIVEN_UP).unlink(missing_ok=True)
            self._file.close()

    @property
    def _path(self) -> Path:
        return self._folder / f"{self.boot_id}{_SUFFIX}"

    def _take_place(self) -> LockFile:
        """Lock the file before it gets its name: nobody can find it unlocked and take us for dead."""
        hidden = self._folder / f".{self.boot_id}.new"
        while True:
            lock = LockFile(hidden)
            if lock.try_lock() and self._describe(lock):
                with suppress(FileNotFoundError):  # swept away in the instant before it was locked: once more
                    hidden.rename(self._path)
                    return lock
            lock.close()

    def _describe(self, lock: LockFile) -> bool:
        described = {
            "owner": self.owner,
            "pid": os.getpid(),
            "started": started_at(os.getpid()),
            "pid_namespace": _pid_namespace(),
            "version": __version__,
        }
        return os.write(lock.fd, json.dumps(described).encode()) > 0

    def _others(self) -> list[Path]:
        return [path for path in _lock_files(self._folder) if path != self._path]


def live_owners(folder: Path) -> list[str]:
    """Return the processes that have a store open, seen from outside."""
    owners: list[str] = []
    for path in _lock_files(folder):
        with suppress(FileNotFoundError, PermissionError):
            lock = LockFile(path, create=False)
            if not lock.try_lock():
                owners.append(_read(path).owner)
            lock.close()
    return owners


def _lock_files(folder: Path) -> list[Path]:
    return [path for path in folder.glob(f"*{_SUFFIX}") if path.name != "write.lock"]


def _exists(peer: Peer) -> bool:
    """Tell whether a process is there; one of another PID namespace cannot be seen and counts as there."""
    if peer.pid_namespace is None or peer.pid_namespace != _pid_namespace() or peer.started is None:
        return True
    return started_at(peer.pid) == peer.started


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _is_stopped(peer: Peer) -> bool:
    """Tell whether a process is stopped (SIGSTOP, a debugger); unknown counts as running."""
    fields = _stat(peer.pid)
    if fields is None or (peer.started is not None and int(fields[_START]) != peer.started):
        return False
    return fields[_STATE] in _STOPPED


def started_at(pid: int) -> int | None:
    """Return when a process started, in ticks after the machine's start, or None where that is not told."""
    fields = _stat(pid)
    return None if fields is None else int(fields[_START])


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _read(path: Path) -> Peer:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Peer(str(told["owner"]), int(told["pid"]), told.get("started"), told.get("pid_namespace"))
    except (OSError, ValueError, KeyError, TypeError):
        return Peer(f"unknown/{path.stem}", 0, None, None)
