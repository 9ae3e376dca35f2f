"""The power is cut at each step of writing: what is not synced may be gone, and each message is in one file in the end.

The disk keeps what was synced. Of what was done to the names in a folder since its last sync, the first few changes are
there, however many, a rename wholly or not at all, as every journaling file system has it. A file that was not synced
is whole, empty or garbage.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import pytest

from crossdock.durable_files import FileSystem
from tests.adapters.file.case import Table, adapter, deliver
from tests.adapters.file.test_writing_interrupted import (
    FIRST,
    GATHERED,
    WITH_LATEST,
    account,
    redeliver,
    start,
)

Change: TypeAlias = tuple[Path | None, Path | None]
"""From which name to which: nothing before is a new file, nothing after a removed one."""


@dataclass(slots=True)
class Disk:
    """What is on the disk at some moment.

    Attributes:
        names: By path the number of the file, as everyone sees it now.
        safe: The same, as it was when each folder was last synced.
        changes: By folder what was done since.
        contents: By file what was synced.
    """

    names: dict[Path, int] = field(default_factory=dict)
    safe: dict[Path, int] = field(default_factory=dict)
    changes: dict[Path, list[tuple[Change, int]]] = field(default_factory=lambda: defaultdict(list))
    contents: dict[int, bytes] = field(default_factory=dict)

    def change(self, before: Path | None, after: Path | None, number: int) -> None:
        """Do something to a name."""
        if before is not None:
            self.names.pop(before, None)
        if after is not None:
            self.names[after] = number
        for folder in {path.parent for path in (before, after) if path is not None}:
            self.changes[folder].append(((before, after), number))

    def sync_names(self, folder: Path) -> None:
        self.safe = {path: number for path, number in self.safe.items() if path.parent != folder}
        self.safe |= {path: number for path, number in self.names.items() if path.parent == folder}
        self.changes[folder] = []

    def after_cut(self, kept: Callable[[int], int]) -> dict[Path, int]:
        """Return the names that are there when the power is back; ``kept``: so many of so many changes."""
        found = dict(self.safe)
        for folder, changes in self.changes.items():
            for (before, after), number in changes[: kept(len(changes))]:
                if before is not None and before.parent == folder:
                    found.pop(before, None)
                if after is not None and after.parent == folder:
                    found[after] = number
        return found


class WatchedFiles(FileSystem):
    """Keeps account of a disk, and calls ``step`` before each thing that is done."""

    def __init__(self, disk: Disk, step: Callable[[], None]) -> None:
        self._disk = disk
        self._step = step
        self._count = 0

    def create_new(self, path: Path, mode: int = 0o600) -> BinaryIO:
        self._step()
        file = super().create_new(path, mode)
        self._count += 1
        self._disk.change(None, path, self._count)
        return file

    def sync(self, path: Path) -> None:
        self._step()
        super().sync(path)
        if path.is_dir():
            self._disk.sync_names(path)
        else:
            self._disk.contents[self._disk.names[path]] = path.read_bytes()

    def rename(self, source: Path, target: Path) -> None:
        self._step()
        super().rename(source, target)
        self._disk.change(source, target, self._disk.names[source])

    def rename_new(self, source: Path, target: Path) -> None:
        self._step()
        super().rename_new(source, target)
        self._disk.change(source, target, self._disk.names[source])

    def remove(self, path: Path) -> None:
        self._step()
        super().remove(path)
        if path in self._disk.names:
            self._disk.change(path, None, self._disk.names[path])


class PowerCutError(BaseException):
    """The power is gone."""


def write_until(folder: Path, settings: dict[str, Any], at: int) -> tuple[Table, Disk]:
    """Deliver in a folder until the power goes at a step; what was said to the table is kept by the table."""
    table = start(folder)
    disk = Disk()
    steps = iter(range(at))

    def step(_name: str = "") -> None:
        if next(steps, None) is None:
            raise PowerCutError

    async def work() -> None:
        to = adapter(folder, WatchedFiles(disk, step), **settings)
        await to.connect()
        await deliver(to, table, FIRST)

    with suppress(PowerCutError):
        asyncio.run(work())
    return table, disk


def garbage(draw: random.Random) -> Iterator[bytes]:
    """Give what stands in files that were never synced."""
    while True:
        yield draw.choice([b"", bytes(512), b"{}"])


def lay_out(found: dict[Path, int], disk: Disk, unsynced: Iterator[bytes], *, old: Path, new: Path) -> None:
    """Make the files that are there when the power is back."""
    for path, number in found.items():
        target = new / path.relative_to(old)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(disk.contents[number] if number in disk.contents else next(unsynced))


FATES: dict[str, Callable[[random.Random], Callable[[int], int]]] = {
    "nothing unsynced is there": lambda _draw: lambda _count: 0,
    "all names are there": lambda _draw: lambda count: count,
    "some are there": lambda draw: lambda count: draw.randint(0, count),
    "others are there": lambda draw: lambda count: draw.randint(0, count),
}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("settings", [GATHERED, WITH_LATEST], ids=["gathered", "with latest"])
def test_after_a_power_cut_at_any_step_each_message_is_in_one_file(
    settings: dict[str, Any], fate: str, tmp_path: Path
) -> None:
    ended = False
    at = 0
    while not ended:
        draw = random.Random(f"{fate}/{at}")
        old, new = tmp_path / f"{at}-before", tmp_path / f"{at}-after"
        table, disk = write_until(old, settings, at)
        ended = not table.waiting()
        new.mkdir()
        (new / "table.json").write_bytes((old / "table.json").read_bytes())
        lay_out(disk.after_cut(FATES[fate](draw)), disk, garbage(draw), old=old, new=new)
        again = Table(new / "table.json")
        asyncio.run(redeliver(new, again, settings))
        account(new, again, settings)
        at += 1
    assert at > 15
