"""Records a program in a process of its own, then cuts the power at point after point of what it did."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tests.power_loss.disk import (
    Chance,
    DataIsLost,
    Disk,
    EverythingSurvives,
    Fate,
    NamesAreLost,
    NothingSurvives,
)
from tests.power_loss.trace import Event, Note, Sync, SyncNames, load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Notes: TypeAlias = tuple[tuple[Any, ...], ...]

_ROOT = Path(__file__).parents[2]
_CORNERS: tuple[Fate, ...] = (NothingSurvives(), EverythingSurvives(), NamesAreLost(), DataIsLost())
_SECONDS_FOR_A_RUN = 60


@dataclass(frozen=True, slots=True)
class Cut:
    """One power cut: what is on the disk afterwards, and what the program had said until then."""

    position: int
    fate: str
    files: Mapping[str, bytes]
    notes: Notes

    def __str__(self) -> str:
        return f"at event {self.position}, {self.fate}"

    def write_to(self, directory: Path) -> None:
        """Lay the files out in an empty directory, under their own names."""
        directory.mkdir(parents=True)
        for path, content in self.files.items():
            (directory / Path(path).name).write_bytes(content)


def record(program: str, directory: Path, **options: object) -> list[Event]:
    """Run `program` (a module of this folder) and return the trace of it.

    The program gets the directory to work in, the file for its trace, and the options as JSON.
    """
    directory.mkdir(parents=True)
    trace = directory.with_suffix(".trace")
    answer = subprocess.run(
        [sys.executable, "-m", f"tests.power_loss.{program}", directory, trace, json.dumps(options)],
        cwd=_ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(_ROOT), str(_ROOT / "src")))},
        capture_output=True,
        text=True,
        timeout=_SECONDS_FOR_A_RUN,
        check=False,
    )
    assert answer.returncode == 0, f"{program} {options} failed:\n{answer.stdout}{answer.stderr}"
    return load(trace)


def cuts(
    events: list[Event],
    *,
    seeds: int,
    everywhere: bool = False,
    lies: Callable[[str], bool] = lambda _path: False,
) -> Iterator[Cut]:
    """Cut the power while each sync is under way and at the end; `everywhere`: before every event.

    Between two syncs nothing becomes safe: a cut during the next one can leave all that an earlier one can.
    At each point: the four extremes, then `seeds` draws. Equal outcomes at one point are given once.
    """
    disk = Disk(lies=lies)
    notes: list[tuple[Any, ...]] = []
    for position, event in enumerate([*events, None]):
        if everywhere or event is None or isinstance(event, (Sync, SyncNames)):
            yield from _cuts_here(disk, position, tuple(notes), seeds)
        if isinstance(event, Note):
            notes.append(event.what)
        if event is not None:
            disk.follow(event)


def _cuts_here(disk: Disk, position: int, notes: Notes, seeds: int) -> Iterator[Cut]:
    seen = set()
    drawn = [Chance(random.Random(f"{position}/{seed}")) for seed in range(seeds)]
    for number, fate in enumerate((*_CORNERS, *drawn)):
        files = disk.after_power_loss(fate)
        print_of_files = _digest(files)
        if print_of_files not in seen:
            seen.add(print_of_files)
            name = type(fate).__name__ if number < len(_CORNERS) else f"Chance {number - len(_CORNERS)}"
            yield Cut(position, name, files, notes)


def _digest(files: Mapping[str, bytes]) -> str:
    whole = hashlib.blake2b()
    for path, content in sorted(files.items()):
        whole.update(f"{path}\0{len(content)}\0".encode())
        whole.update(content)
    return whole.hexdigest()
