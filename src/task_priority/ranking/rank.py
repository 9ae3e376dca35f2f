"""The ranked list: every open task with its score, the terms of the score, its status and its quadrant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from task_priority.model import Task
from task_priority.ranking.status import Quadrant, Standing, parts_by_parent, quadrant_of, standing_of
from task_priority.ranking.terms import Facts, Present, Term, ends_at, is_urgent, terms_of
from task_priority.settings import Settings


@dataclass(frozen=True, slots=True)
class Ranked:
    """A task at its place.

    Attributes:
        place: From 1.
        score: The sum of the points of the terms.
        parts: The open tasks, and headings, whose parent it is, by their ids.
    """

    place: int
    task: Task
    score: int
    terms: tuple[Term, ...]
    standing: Standing
    quadrant: Quadrant
    parts: tuple[Task, ...]


def rank(tasks: Sequence[Task], present: Present) -> list[Ranked]:
    """Rank tasks, the highest score first; of equal scores what ends earlier, then what was written down earlier.

    Headings, which cannot be completed, are left out. The same arguments give the same list, whatever the order of
    the tasks.

    Args:
        tasks: The open ones.
        present: What they are judged by.
    """
    parts = parts_by_parent(tasks)
    scored = []
    for task in tasks:
        if not task.actionable:
            continue
        facts = Facts(task, standing_of(task, parts.get(task.id, ()), present.settings), present)
        terms = terms_of(facts)
        score = sum(term.points for term in terms)
        scored.append((order_of(task, score, present.settings), facts, terms, score))
    scored.sort(key=lambda one: one[0])
    return [
        Ranked(
            place=place,
            task=facts.task,
            score=score,
            terms=terms,
            standing=facts.standing,
            quadrant=quadrant_of(facts.task, present.settings, urgent=is_urgent(facts)),
            parts=tuple(sorted(parts.get(facts.task.id, ()), key=lambda part: part.id)),
        )
        for place, (_, facts, terms, score) in enumerate(scored, 1)
    ]


def order_of(task: Task, score: int, settings: Settings) -> tuple[int, float, float, str]:
    """Return by what tasks are sorted."""
    ends, added = ends_at(task, settings), task.added
    return (
        -score,
        float("inf") if ends is None else ends.timestamp(),
        float("inf") if added is None else added.timestamp(),
        task.id,
    )
