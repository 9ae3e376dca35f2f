"""Pieces of one task in one slot become one piece, at nobody's cost."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from task_priority.fit.joining import joined
from task_priority.fit.placing import Piece, place, without
from task_priority.fit.slots import Slot
from tests.task_priority.cases import at
from tests.task_priority.fit.test_placing import met_in_time, some_slots, some_wishes, wish

DAY = [Slot(at(26, 9), at(26, 12))]
SPLIT = {
    "a": (Piece(at(26, 9), at(26, 10)), Piece(at(26, 11), at(26, 12))),
    "b": (Piece(at(26, 10), at(26, 11)),),
}


def test_the_later_piece_comes_to_the_earlier_one_of_what_is_wanted_more() -> None:
    assert joined(SPLIT, [wish("a", 8), wish("b", 4)], DAY) == {
        "a": (Piece(at(26, 9), at(26, 11)),),
        "b": (Piece(at(26, 11), at(26, 12)),),
    }


def test_the_earlier_piece_comes_to_the_later_one_where_what_lies_between_would_be_late_or_is_wanted_more() -> (
    None
):
    back = {"a": (Piece(at(26, 10), at(26, 12)),), "b": (Piece(at(26, 9), at(26, 10)),)}
    assert joined(SPLIT, [wish("a", 8), wish("b", 4, until=at(26, 11, 30))], DAY) == back
    assert joined(SPLIT, [wish("b", 4), wish("a", 8)], DAY) == back


def test_nothing_is_lost_overlaps_or_is_late_for_it() -> None:
    dice = random.Random(19)
    moved = 0
    for _ in range(1200):
        slots, wishes = some_slots(dice), some_wishes(dice)
        wishes = [replace(one, or_by=(at(26, 14), at(26, 18)) if one.until else ()) for one in wishes]
        before = place(wishes, slots)
        after = joined(before, wishes, slots)
        without(slots, sorted(piece for pieces in after.values() for piece in pieces))
        ordered = sorted(piece for pieces in after.values() for piece in pieces)
        assert all(one.end <= other.start for one, other in pairwise(ordered))
        assert met_in_time(wishes, before) == met_in_time(wishes, after)
        for key, pieces in after.items():
            assert sum((p.length for p in pieces), timedelta(0)) == sum(
                (p.length for p in before[key]), timedelta(0)
            )
            homes = [slot for piece in pieces for slot in slots if slot.start <= piece.start < slot.end]
            assert len(homes) == len(set(homes)) == len(pieces)
            assert all(piece.end <= home.end for piece, home in zip(pieces, homes, strict=True))
        moved += after != before
    assert moved > 2
