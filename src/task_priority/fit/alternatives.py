"""Where else a task of the plan could have gone, and why it did not: the answer to “why did it put that there?”."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from task_priority.fit.placing import Piece
from task_priority.fit.plan import Placed, Plan

_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Alternative:
    """Time in one piece that a task did not get.

    Attributes:
        why_not: In words.
    """

    piece: Piece
    why_not: str


def alternatives(plan: Plan, placed: Placed) -> list[Alternative]:
    """Return the earliest other times at which a task could have begun, three at most.

    A task may begin with a free slot, and where another task of the plan ends.
    """
    needed = sum((piece.length for piece in placed.pieces), timedelta(0))
    others = [one for one in plan.placed if one is not placed]
    found = []
    for piece in _candidates(plan, placed, needed):
        found.append(Alternative(piece, _why_not(piece, placed, others)))
        if len(found) == _SHOWN:
            break
    return found


def _candidates(plan: Plan, placed: Placed, needed: timedelta) -> Iterator[Piece]:
    starts = {slot.start for slot in plan.slots} | {piece.end for one in plan.placed for piece in one.pieces}
    for start in sorted(starts - {placed.pieces[0].start}):
        if _is_free(plan, placed, start, start + needed):
            yield Piece(start, start + needed)


def _is_free(plan: Plan, placed: Placed, start: datetime, end: datetime) -> bool:
    return any(
        slot.start <= start and end <= slot.end and slot.takes(placed.ranked.task.labels)
        for slot in plan.slots
    )


def _why_not(piece: Piece, placed: Placed, others: Sequence[Placed]) -> str:
    if piece.start > placed.pieces[0].start:
        return "it is later"
    in_the_way = [
        one
        for one in others
        if any(taken.start < piece.end and piece.start < taken.end for taken in one.pieces)
    ]
    if not in_the_way:
        return "another task, which must be done by then, would not fit any more"
    first = min(in_the_way, key=lambda one: one.ranked.place)
    if first.ranked.place < placed.ranked.place:
        return f"“{first.ranked.task.title}” is there, which is ranked higher ({first.ranked.score} points)"
    return f"“{first.ranked.task.title}” is there, which would be late otherwise"
