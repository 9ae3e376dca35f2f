"""Looks which files have arrived whole. A look decides everything: nobody has to say that something has changed."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final, Literal, TypeAlias

from crossdock.adapters.file.naming import MANIFEST_SUFFIX, check_name, is_data, manifest_of
from crossdock.adapters.file.tree import Tree
from crossdock.domain.errors import InvalidMessage

Arrival: TypeAlias = Literal["manifest", "done-marker", "stable"]
State: TypeAlias = tuple[int, int, int]
"""Inode, size, and time of the last change."""
STUCK: Final = timedelta(hours=1)
"""So long a part waits for the other before a person is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is looked for, and how one knows that it is whole.

    Attributes:
        settle: How long a file must not have changed.
    """

    pattern: str = "*"
    arrival: Arrival = "manifest"
    marker: str = ".done"
    settle: timedelta = timedelta(seconds=5)

    def means(self, name: str) -> bool:
        """Tell whether a file of that name is looked for."""
        if not is_data(name) or (self.arrival == "done-marker" and name.endswith(self.marker)):
            return False
        return fnmatchcase(name, self.pattern) or fnmatchcase(name.removesuffix(".gz"), self.pattern)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file that is there whole, or several of one stem.

    Attributes:
        folder: Where it is.
        names: With a manifest, all data files of its stem; it names the one that is meant. Else one.
        at: When it was completed, as the file system tells: nanoseconds, for their order.
        state: Of a file that had settled: what changes when it is written to.
    """

    folder: Path
    names: tuple[str, ...]
    at: int
    state: State | None = None

    @property
    def paths(self) -> Iterator[Path]:
        """Its data files."""
        return (self.folder / name for name in self.names)

    def is_as_before(self) -> bool:
        """Tell whether a file that had settled has not been touched since."""
        if self.state is None:
            return True
        try:
            return _state_of((self.folder / self.names[0]).lstat()) == self.state
        except FileNotFoundError:
            return False


class Lookout:
    """Looks into the folders of a stage again and again.

    Args:
        tree: Whose stage.
        watch: What for.
        elapsed: Seconds since some moment; default of callers: ``time.monotonic``.
        stuck: Is told, once each, of a part that has waited long for the other.

    Attributes:
        incomplete: What the last look found that is not whole, and what it waits for.
        settling: What the last look found that may still be written to.
        is_over: Whether there is nothing more to look for; never, of this one.
    """

    is_over: Final = False

    def __init__(
        self, tree: Tree, watch: Watch, *, elapsed: Callable[[], float], stuck: Callable[[Path, str], None]
    ) -> None:
        self._tree = tree
        self._watch = watch
        self._elapsed = elapsed
        self._tell_stuck = stuck
        self._seen: dict[Path, tuple[State, float]] = {}
        self._waiting: dict[Path, float] = {}
        self.incomplete: Mapping[Path, str] = {}
        self.settling: frozenset[Path] = frozenset()

    def look(self) -> list[Arrived]:
        """Return what has arrived, the oldest first.

        Raises:
            OSError: The folder of the stage cannot be read.
        """
        found: list[Arrived] = []
        incomplete: dict[Path, str] = {}
        changing: dict[Path, tuple[State, float]] = {}
        for folder in (self._tree.stage_folder, *(folder for _, folder in self._tree.dated_folders())):
            with os.scandir(folder) as entries:
                there = {entry.name: entry for entry in entries}
            match self._watch.arrival:
                case "manifest":
                    found += self._with_manifests(folder, there, incomplete)
                case "done-marker":
                    found += self._with_markers(folder, there, incomplete)
                case "stable":
                    found += self._settled(folder, there, incomplete, changing)
        self._seen = changing
        self.settling = frozenset(changing).difference(path for one in found for path in one.paths)
        self.incomplete = incomplete
        self._note_waiting(incomplete)
        return sorted(found, key=lambda one: (one.at, one.names))

    def _with_manifests(
        self, folder: Path, there: Mapping[str, os.DirEntry[str]], incomplete: dict[Path, str]
    ) -> Iterator[Arrived]:
        stems: dict[str, list[str]] = defaultdict(list)
        for name in self._meant(there, incomplete):
            stems[manifest_of(name)].append(name)
        for manifest, names in stems.items():
            if manifest in there:
                if (at := _time_of(there[manifest])) is not None:
                    yield Arrived(folder, tuple(sorted(names)), at)
            else:
                incomplete[folder / names[0]] = f"its manifest, {manifest}"
        for name in there:
            if name.endswith(MANIFEST_SUFFIX) and not name.startswith(".") and name not in stems:
                incomplete[folder / name] = "its data file"

    def _with_markers(
        self, folder: Path, there: Mapping[str, os.DirEntry[str]], incomplete: dict[Path, str]
    ) -> Iterator[Arrived]:
        marker = self._watch.marker
        for name in self._meant(there, incomplete):
            if name + marker not in there:
                incomplete[folder / name] = f"its marker, {name}{marker}"
            elif (at := _time_of(there[name + marker])) is not None:
                yield Arrived(folder, (name,), at)
        for name in there:
            if name.endswith(marker) and not name.startswith(".") and name.removesuffix(marker) not in there:
                incomplete[folder / name] = "its data file"

    def _settled(
        self,
        folder: Path,
        there: Mapping[str, os.DirEntry[str]],
        incomplete: dict[Path, str],
        changing: dict[Path, tuple[State, float]],
    ) -> Iterator[Arrived]:
        now = self._elapsed()
        for name in self._meant(there, incomplete):
            try:
                found = there[name].stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            state = _state_of(found)
            before, since = self._seen.get(folder / name, (state, now))
            changing[folder / name] = (state, since if before == state else now)
            if now - changing[folder / name][1] >= self._watch.settle.total_seconds():
                yield Arrived(folder, (name,), found.st_mtime_ns, state)

    def _meant(self, there: Mapping[str, os.DirEntry[str]], incomplete: dict[Path, str]) -> Iterator[str]:
        """Give the names that are looked for; a folder is no file, while links and the like are to be complained of."""
        for name, entry in there.items():
            if self._watch.means(name) and not entry.is_dir(follow_symlinks=False):
                try:
                    yield check_name(name)
                except InvalidMessage as error:
                    incomplete[Path(entry.path)] = f"another name ({error.details[0][1]})"

    def _note_waiting(self, incomplete: Mapping[Path, str]) -> None:
        now = self._elapsed()
        self._waiting = {path: self._waiting.get(path, now) for path in incomplete}
        for path, since in self._waiting.items():
            if now - since >= STUCK.total_seconds():
                self._waiting[path] = float("inf")  # told; never again
                self._tell_stuck(path, incomplete[path])


def _time_of(entry: os.DirEntry[str]) -> int | None:
    try:
        return entry.stat(follow_symlinks=False).st_mtime_ns
    except FileNotFoundError:
        return None


def _state_of(found: os.stat_result) -> State:
    return found.st_ino, found.st_size, found.st_mtime_ns
