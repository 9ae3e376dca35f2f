"""Which task is meant: by its id, the beginning of its id, its place in the list, or words of its title."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from task_priority.ranking.rank import Ranked


def candidates(ranked: Sequence[Ranked], reference: str) -> list[Ranked]:
    """Return the tasks that are meant; exactly one if the reference is clear, none if it fits nothing.

    The first of these that fits any task decides: the id, with its source or without; the place, as ``3`` or ``#3``;
    the beginning of an id; the title; words that the title has in this order or another, whatever their case.

    Args:
        ranked: The whole list.
        reference: What a person typed.
    """
    wanted = reference.strip()
    place = wanted.removeprefix("#")
    folded = wanted.casefold()
    words = folded.split()
    rules: Sequence[Callable[[Ranked], bool]] = (
        lambda one: wanted in {one.task.id, _plain_id(one)},
        lambda one: place.isdecimal() and one.place == int(place),
        lambda one: bool(wanted) and (one.task.id.startswith(wanted) or _plain_id(one).startswith(wanted)),
        lambda one: one.task.title.casefold() == folded,
        lambda one: bool(words) and all(word in one.task.title.casefold() for word in words),
    )
    for fits in rules:
        if found := [one for one in ranked if fits(one)]:
            return found
    return []


def _plain_id(ranked: Ranked) -> str:
    return ranked.task.id.partition(":")[2]
