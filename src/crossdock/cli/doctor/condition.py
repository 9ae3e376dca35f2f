"""The store itself: its schema and journal, what it holds, and the processes that use it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crossdock._version import __version__
from crossdock.cli.doctor.finding import Finding, fail, ok, warn
from crossdock.cli.human import count, size
from crossdock.domain.errors import CrossdockError
from crossdock.store.liveness import started_at
from crossdock.store.settings import StoreSettings
from crossdock.store.sqlite.location import StoreLocation

_LARGE_LOG: Final = 256 * 1024**2
_SKEW_S: Final = 2.0
_STOPPED: Final = frozenset("Tt")


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the store that lives."""

    name: str
    pid: int
    version: str
    stopped: bool


def store(location: StoreLocation, url: str, settings: StoreSettings) -> Iterator[Finding]:
    """Look into a store that is there, without changing it."""
    from crossdock.store.sqlite import maintenance
    from crossdock.store.sqlite.build import choose
    from crossdock.store.tables import SCHEMA_NUMBER

    assert location.path is not None  # noqa: S101 - asked for by stores on disk only
    processes = list(living(location.folder))
    try:
        described = maintenance.info(url, settings=settings)
    except CrossdockError as error:
        yield fail("store", str(error), "crossdock store check, then perhaps crossdock store restore BACKUP")
        return
    yield schema(described, SCHEMA_NUMBER)
    yield _journal(described["journal_mode"], safe=settings.outside_writers or choose().affected)
    yield from _files(location.path)
    yield _examined(location)
    yield messages(described)
    yield from running(processes)


def living(folder: Path) -> Iterator[Process]:
    """Give the processes whose lock file is there and that still run on this machine."""
    for path in sorted(folder.glob("*.lock")):
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            pid = int(told["pid"])
            state = (
                Path(f"/proc/{pid}/stat")
                .read_text(encoding="utf-8", errors="replace")
                .rpartition(")")[2]
                .split()[0]
            )
            if started_at(pid) == told.get("started"):
                name = str(told["owner"]).partition("/")[0]
                yield Process(name, pid, str(told.get("version", "?")), state in _STOPPED)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            continue  # write.lock, or a process that ended meanwhile


def schema(described: dict[str, Any], known: int) -> Finding:
    """Compare the number of a store's schema with what this version knows."""
    number, oldest = described["schema"], described["oldest_code"]
    text = f"number {number}; this version of Crossdock knows {known}"
    if oldest > known:
        return fail("schema", text, "upgrade Crossdock")
    if number < known:
        return warn("schema", text, "crossdock store migrate (it also happens when the store is opened)")
    return ok("schema", text)


def _journal(mode: str, *, safe: bool) -> Finding:
    """Compare the journal of the file with what is wanted; the file knows only whether it is a write-ahead log."""
    is_log, wanted = mode == "wal", "a rollback journal" if safe else "a write-ahead log"
    if is_log is not safe:
        return ok("journal", f"{wanted}, synchronous={'EXTRA (the safe mode)' if safe else 'FULL'}")
    return warn(
        "journal",
        f"the file's mode is {mode}, and it should be {wanted}; the next opening sets it unless another program has "
        "the store open",
        "restart the programs that use the store",
    )


def _files(path: Path) -> Iterator[Finding]:
    written = path.stat().st_mtime
    if written > time.time() + _SKEW_S:
        yield warn("clock", "the store was written in the future: the clock was set back", "set the clock")
    log = path.with_name(f"{path.name}-wal")
    held = log.stat().st_size if log.exists() else 0
    if held > _LARGE_LOG:
        yield warn(
            "log",
            f"the write-ahead log has {size(held)}",
            "end the program that keeps a read transaction open",
        )
    yield ok("size", f"{size(path.stat().st_size)}, log {size(held)}")


def _examined(location: StoreLocation) -> Finding:
    """Tell when the file was examined, and what came of it."""
    from crossdock.store.sqlite.damage import told_damage
    from crossdock.store.sqlite.examining import examined_at

    damage = told_damage(str(location.path))
    if damage is not None:
        return fail("examined", damage, "crossdock store check, then perhaps crossdock store restore BACKUP")
    at = examined_at(location.folder)
    if at is None:
        return ok("examined", "not yet; crossdock run does it")
    return ok("examined", f"sound at {at:%Y-%m-%d %H:%M} UTC")


def messages(described: dict[str, Any]) -> Finding:
    """Tell how many messages there are."""
    counts = (f"{count(number)} {status}" for status, number in described["messages"].items())
    return ok("messages", ", ".join(counts) or "none")


def running(processes: list[Process]) -> Iterator[Finding]:
    """Look at the processes of this machine that use the store."""
    named = [f"{one.name} ({one.pid})" for one in processes if not one.stopped]
    yield ok("processes", ", ".join(named) or "none uses the store now")
    for one in processes:
        if one.stopped:
            yield warn(
                "processes",
                f"{one.name} ({one.pid}) is stopped; its messages go to others when their leases end",
                f"kill -CONT {one.pid}, or end it",
            )
        if one.version != __version__:
            text = f"{one.name} ({one.pid}) runs Crossdock {one.version}, this is {__version__}"
            yield warn("processes", text, "restart it when convenient")
