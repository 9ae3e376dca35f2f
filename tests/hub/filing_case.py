"""What the tests of the archiver and of its files work with."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from crossdock import Queue, Retention
from crossdock.domain.retention import Keep
from crossdock.durable_files import FileSystem
from crossdock.store.archive_files import ArchiveFiles
from crossdock.testing import FakeClock
from tests.contract.case import drain

DAY = timedelta(days=1)
SHORT = Retention(keep=Keep(completed_for=DAY), archived_for=DAY, dedup_for=DAY)
Open = Callable[..., Queue]


def lines(folder: Path) -> list[dict[str, Any]]:
    """Return what stands in all files that have a manifest, each compared with it."""
    found = []
    for manifest in sorted(folder.rglob("*.meta.json")):
        stated = json.loads(manifest.read_text())
        path = manifest.parent / stated["filename"]
        assert stated["checksum"] == "sha256:" + sha256(path.read_bytes()).hexdigest()
        assert stated["file_size"] == path.stat().st_size
        rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
        assert stated["row_count"] == len(rows)
        found += rows
    return found


def unconfirmed(queue: Queue) -> list[dict[str, Any]]:
    """Return what stands in files that only want their manifest: the store has noted that they count."""
    noted = "SELECT folder, name FROM archive_file WHERE finished_at IS NULL AND row_count IS NOT NULL"
    paths = [Path(folder) / name for folder, name in raw(queue, noted)]
    return [
        json.loads(line)
        for path in paths
        if not path.with_name(path.name.replace(".jsonl.gz", ".meta.json")).exists()
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def leftovers(folder: Path) -> list[str]:
    """Return hidden files, and files without a manifest."""
    files = {path.name for path in folder.rglob("*") if path.is_file()}
    whole = {name for name in files if name.replace(".jsonl.gz", ".meta.json") in files}
    return sorted(files - whole)


class Cut(BaseException):
    """The process ends here, whatever it was doing."""


class Fuse:
    """Counts steps, and ends the process at one of them."""

    def __init__(self) -> None:
        self.steps = 0
        self.cut_at: int | None = None

    def __call__(self) -> None:
        if self.steps == self.cut_at:
            raise Cut
        self.steps += 1


class CutFiles(FileSystem):
    """A file system that ends between any two steps, once in the middle of what is written."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def create(self, path: Path) -> BinaryIO:
        self._fuse()
        file = super().create(path)
        file.write(b"torn")
        file.flush()
        try:
            self._fuse()
        except Cut:
            file.close()
            raise
        file.seek(0)
        file.truncate()
        return file

    def sync(self, path: Path) -> None:
        self._fuse()
        super().sync(path)

    def rename(self, source: Path, target: Path) -> None:
        self._fuse()
        super().rename(source, target)
        self._fuse()

    def remove(self, path: Path) -> None:
        self._fuse()
        super().remove(path)


def archive_some(queue: Queue, clock: FakeClock, number: int) -> None:
    """Leave so many messages in the archive, old enough for a file."""
    queue.send_many("app", range(number))
    drain(queue)
    queue.archive()
    clock.advance(3 * DAY)


def cut_short(queue: Queue, monkeypatch: pytest.MonkeyPatch, fuse: Fuse) -> None:
    """Let each step of the archiver, in files and in the store, burn the fuse."""
    queue._archiver.filing._files = ArchiveFiles(CutFiles(fuse))
    write = queue._store.write

    def cut_write(work: Callable[[Any], Any]) -> Any:
        fuse()
        result = write(work)
        fuse()
        return result

    monkeypatch.setattr(queue._store, "write", cut_write)


def raw(queue: Queue, sql: str) -> list[Any]:
    """Ask the database itself."""

    def ask(database: Any) -> list[Any]:
        if queue._store.many_hosts:
            database.execute("SET search_path = integration")
        return list(database.execute(sql).fetchall())

    return queue._store.open_store.look(ask)
