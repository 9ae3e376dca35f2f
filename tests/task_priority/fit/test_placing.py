"""Placing, beside every other order in which the same wishes could have been placed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations, product

from task_priority.fit.placing import Piece, Wish, pieces_for, place, without
from task_priority.fit.slots import Slot
from tests.task_priority.cases import at

QUARTER = timedelta(minutes=15)


def wish(key: str, quarters: int, **facts: object) -> Wish:
    return Wish(key, (), quarters * QUARTER, **facts)  # type: ignore[arg-type]


def test_the_most_wanted_comes_first() -> None:
    placed = place([wish("a", 4), wish("b", 4)], [Slot(at(26, 9), at(26, 12))])
    assert [placed[key][0].start for key in "ab"] == [at(26, 9), at(26, 10)]


def test_what_ends_soon_is_let_in_first_if_it_would_be_late_otherwise() -> None:
    placed = place([wish("a", 8), wish("b", 2, until=at(26, 10))], [Slot(at(26, 9), at(26, 12))])
    assert placed["a"][0].start == at(26, 9, 30)
    assert placed["b"][0].start == at(26, 9)


def test_what_is_wanted_less_waits_if_both_ends_can_be_met() -> None:
    placed = place([wish("a", 2), wish("b", 2, until=at(26, 10))], [Slot(at(26, 9), at(26, 12))])
    assert placed["a"][0].start == at(26, 9)
    assert placed["b"][0].start == at(26, 9, 30)


def test_what_is_better_early_is_not_put_off_by_what_is_wanted_less() -> None:
    days = [Slot(at(day, 9), at(day, 10)) for day in (26, 27, 28)]
    late = wish("late", 4, better_by=(at(27, 0), at(28, 0)))
    ending = [wish("b", 4, until=at(26, 12)), wish("c", 4, until=at(27, 12))]
    placed = place([late, *ending], days)
    assert placed["late"][0].start == at(26, 9)
    assert placed["c"][0].start == at(27, 9)
    assert "b" not in placed


def test_what_is_better_early_comes_as_early_as_what_is_wanted_more_allows() -> None:
    days = [Slot(at(day, 9), at(day, 10)) for day in (26, 27, 28, 29)]
    more, less = wish("more", 4, until=at(26, 12)), wish("less", 4, until=at(28, 12))
    late = wish("late", 4, better_by=(at(27, 0), at(28, 0)))
    assert place([more, late, less], days)["late"][0].start == at(27, 9)


def test_what_is_better_early_lets_others_go_first_on_its_day() -> None:
    day = [Slot(at(26, 9), at(26, 12))]
    placed = place([wish("late", 4, better_by=(at(27, 0),)), wish("b", 4, until=at(26, 10))], day)
    assert [placed[key][0].start for key in ("late", "b")] == [at(26, 10), at(26, 9)]


def test_a_long_task_is_split_where_it_may_be() -> None:
    slots = [Slot(at(26, 9), at(26, 10)), Slot(at(26, 11), at(26, 12))]
    assert place([wish("a", 8)], slots) == {}
    placed = place([wish("a", 8, shortest=2 * QUARTER)], slots)
    assert [(one.start, one.end) for one in placed["a"]] == [
        (at(26, 9), at(26, 10)),
        (at(26, 11), at(26, 12)),
    ]


def test_no_piece_is_left_over_that_is_too_short() -> None:
    slots = [Slot(at(26, 9), at(26, 10)), Slot(at(26, 11), at(26, 12))]
    placed = place([wish("a", 5, shortest=2 * QUARTER)], slots)
    assert [one.length for one in placed["a"]] == [3 * QUARTER, 2 * QUARTER]


def test_a_slot_that_is_in_the_way_of_longer_ones_is_left_out() -> None:
    slots = [Slot(at(26, hour), at(26, hour, minutes)) for hour, minutes in ((9, 30), (10, 40), (11, 40))]
    placed = place([wish("a", 5, shortest=2 * QUARTER)], slots)
    assert [(one.start, one.end) for one in placed["a"]] == [
        (at(26, 10), at(26, 10, 40)),
        (at(26, 11), at(26, 11, 35)),
    ]


def test_what_is_long_enough_for_more_pieces_is_let_in_though_something_shorter_is_not() -> None:
    slots = [Slot(at(26, hour), at(26, hour, 45)) for hour in (9, 10)]
    shorter, longer = (wish(key, count, shortest=3 * QUARTER) for key, count in (("a", 5), ("b", 6)))
    assert list(place([shorter, longer, wish("c", 3)], slots)) == ["b"]


def test_a_task_that_may_be_split_is_placed_exactly_if_it_fits_and_as_early_as_can_be() -> None:
    dice = random.Random(17)
    split = 0
    for _ in range(1500):
        slots, shortest = some_slots(dice), dice.randint(1, 3)
        one = wish(
            "a",
            dice.randint(1, 10),
            until=dice.choice([None, at(26, 9) + dice.randint(4, 32) * QUARTER]),
            shortest=shortest * QUARTER,
        )
        pieces = pieces_for(one, slots)
        ends = list(ends_of_every_split(one, slots))
        assert bool(pieces) == bool(ends), (one, slots)
        if pieces:
            assert pieces[-1].end == min(ends), (one, slots)
            assert sum((piece.length for piece in pieces), QUARTER * 0) == one.needed
            assert len(pieces) == 1 or min(piece.length for piece in pieces) >= shortest * QUARTER
            without(slots, pieces)
            split += len(pieces) > 1
    assert split > 150


def test_plans_are_nearly_as_good_as_the_best_that_any_order_gives() -> None:
    """The worth of a plan: each wish that is met is worth as much as all together that are wanted less."""
    dice = random.Random(7)
    shares = []
    for _ in range(400):
        slots, wishes = some_slots(dice), some_wishes(dice)
        best = max(worth(wishes, met) for met in every_plan(wishes, slots))
        if best:
            shares.append(worth(wishes, set(place(wishes, slots))) / best)
    assert sum(shares) / len(shares) > 0.99
    assert len([share for share in shares if share < 0.9]) <= 3


def test_the_most_wanted_is_placed_if_it_fits_at_all() -> None:
    dice = random.Random(11)
    for _ in range(2000):
        slots, wishes = some_slots(dice), [sometimes_better_early(one, dice) for one in some_wishes(dice)]
        if pieces_for(wishes[0], slots):
            assert wishes[0].key in place(wishes, slots), (wishes, slots)


def test_what_is_admitted_late_makes_nothing_else_late() -> None:
    dice = random.Random(13)
    late = 0
    for _ in range(2000):
        slots, wishes = some_slots(dice), some_wishes(dice)
        before = met_in_time(wishes, place(wishes, slots))
        or_late = [replace(one, or_by=(at(26, 14), at(26, 18)) if one.until else ()) for one in wishes]
        after = place(or_late, slots)
        assert before <= met_in_time(wishes, after), (wishes, slots)
        late += len([one for one in wishes if one.until and one.key in after]) - len(before)
    assert late > 100


def some_slots(dice: random.Random) -> list[Slot]:
    start, slots = at(26, 9), []
    for _ in range(dice.randint(1, 4)):
        start += dice.randint(1, 4) * QUARTER
        slots.append(Slot(start, start := start + dice.randint(1, 8) * QUARTER))
    return slots


def some_wishes(dice: random.Random) -> list[Wish]:
    return [
        wish(
            str(number),
            dice.randint(1, 8),
            until=dice.choice([None, at(26, 9) + dice.randint(4, 32) * QUARTER]),
            shortest=dice.choice([None, 2 * QUARTER]),
        )
        for number in range(4)
    ]


def ends_of_every_split(wish: Wish, slots: list[Slot]) -> Iterator[datetime]:
    """Yield when a wish would be over, were it split in any way that it may be, to the quarter of an hour."""
    assert wish.shortest is not None
    lengths = []
    for slot in slots:
        end = slot.end if wish.until is None else min(slot.end, wish.until)
        most = (end - slot.start) // QUARTER
        least = min(wish.shortest, wish.needed) // QUARTER
        lengths.append([0, *range(least, most + 1)])
    for chosen in product(*lengths):
        if sum(chosen) * QUARTER == wish.needed:
            yield max(
                slot.start + length * QUARTER for slot, length in zip(slots, chosen, strict=True) if length
            )


def met_in_time(wishes: list[Wish], placed: dict[str, tuple[Piece, ...]]) -> set[str]:
    return {
        one.key for one in wishes if one.until and one.key in placed and placed[one.key][-1].end <= one.until
    }


def sometimes_better_early(wish: Wish, dice: random.Random) -> Wish:
    return replace(wish, better_by=dice.choice([(), (at(26, 11), at(26, 14))]))


def every_plan(wishes: list[Wish], slots: list[Slot]) -> Iterator[set[str]]:
    for order in permutations(wishes):
        room, met = list(slots), set()
        for one in order:
            if pieces := pieces_for(one, room):
                room = without(room, pieces)
                met.add(one.key)
        yield met


def worth(wishes: list[Wish], met: set[str]) -> int:
    return sum(2 ** (len(wishes) - number) for number, one in enumerate(wishes) if one.key in met)
