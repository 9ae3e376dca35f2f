"""Taking what lies in a folder now, and nothing that comes later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from crossdock.adapters.file.arrival import Arrived, Lookout
from crossdock.adapters.file.departures import Leaving
from crossdock.adapters.file.fates import Fate, fate_of
from crossdock.adapters.file.tree import Tree


@dataclass(slots=True, kw_only=True)
class Once:
    """What is to be taken once, and what became of it.

    Attributes:
        tree: Whose stage.
        settle: So long something that may still be written to is waited for.
        only: Only these files; empty: all.
        ended: Is told the fate of each file, from the thread that does the work.
        left: What was not taken since it is not whole, and what it waits for.
    """

    tree: Tree
    settle: timedelta
    only: frozenset[Path] = frozenset()
    ended: Callable[[Fate], object]
    left: dict[Path, str] = field(default_factory=dict)

    def note_end(self, name: str, leaving: Leaving) -> None:
        """Tell of a file that has left."""
        self.ended(fate_of(self.tree, name, leaving))

    def means(self, path: Path) -> bool:
        """Tell whether a file is to be taken."""
        return not self.only or path in self.only


class OneLook:
    """A lookout that finds what lay there at its first look, however often it looks.

    Args:
        lookout: Sees everything.
        once: What of it is meant.
        elapsed: Seconds since some moment.

    Attributes:
        is_over: Whether all of it was given, or has not become whole in time.
    """

    def __init__(self, lookout: Lookout, once: Once, *, elapsed: Callable[[], float]) -> None:
        self.is_over = False
        self._lookout = lookout
        self._once = once
        self._elapsed = elapsed
        self._lay: frozenset[Path] | None = None
        self._until = 0.0
        self._was_last = False

    def look(self) -> list[Arrived]:
        """Return what is there of what lay there first; as ``Lookout.look``."""
        found = [one for one in self._lookout.look() if any(map(self._once.means, one.paths))]
        settling = {path for path in self._lookout.settling if self._once.means(path)}
        if self._lay is None:
            self._lay = frozenset(settling).union(path for one in found for path in one.paths)
            self._until = self._elapsed() + self._once.settle.total_seconds()
        there = [one for one in found if self._lay.intersection(one.paths)]
        if self._was_last or not (there or settling & self._lay):
            self.is_over = True
            self._note_left(there, settling & self._lay)
            return []
        self._was_last = self._elapsed() >= self._until
        return there

    def _note_left(self, there: list[Arrived], settling: set[Path]) -> None:
        incomplete: Mapping[Path, str] = self._lookout.incomplete
        self._once.left = {path: wants for path, wants in incomplete.items() if self._once.means(path)}
        self._once.left |= dict.fromkeys(settling, "its writer, who was still at it")
        self._once.left |= {one.folder / one.names[0]: "a manifest that is whole" for one in there}
