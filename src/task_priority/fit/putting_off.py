"""Which tasks, were they put off, would make room for a wish: as few as suffice, the least wanted first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final, NamedTuple

from task_priority.fit.placing import Piece, Wish, fitting, pieces_for, without
from task_priority.fit.slots import Slot
from task_priority.model import Task

_TRIED: Final = 16
"""So many tasks are tried alone, the least wanted first; then several are put off together."""


class Occupant(NamedTuple):
    """A task that has a place in the plan."""

    task: Task
    pieces: tuple[Piece, ...]


class PuttingOff:
    """Looks for tasks that make room for a wish when they are put off.

    Args:
        slots: The free time before anything was placed.
        occupants: What is placed there, the most wanted first.
    """

    def __init__(self, slots: Sequence[Slot], occupants: Sequence[Occupant]) -> None:
        self._slots, self._occupants = slots, occupants

    def tasks_for(self, wish: Wish) -> tuple[Task, ...]:
        """Return tasks without which a wish fits, none of them for nothing; empty: no others help."""
        usable = list(fitting(wish, self._slots))
        likely = [one for one in reversed(self._occupants) if _touches(one, usable)]
        if not likely or not pieces_for(wish, self._slots):
            return ()
        for one in likely[:_TRIED]:
            if self._fits_without(wish, [one]):
                return (one.task,)
        enough = bisect_left(
            range(len(likely)), 1, key=lambda count: int(self._fits_without(wish, likely[:count]))
        )
        away = likely[:enough]
        for one in reversed(away.copy()):
            fewer = [other for other in away if other is not one]
            if self._fits_without(wish, fewer):
                away = fewer
        return tuple(one.task for one in away)

    def _fits_without(self, wish: Wish, away: Sequence[Occupant]) -> bool:
        kept = [
            piece for one in self._occupants if all(one is not gone for gone in away) for piece in one.pieces
        ]
        return bool(pieces_for(wish, without(self._slots, sorted(kept))))


def _touches(occupant: Occupant, slots: Sequence[Slot]) -> bool:
    return any(slot.start <= piece.start < slot.end for slot in slots for piece in occupant.pieces)
