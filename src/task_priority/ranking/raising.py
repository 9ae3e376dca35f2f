"""What would move a task up: small changes to it, each with the points that it would give and the place it leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, NamedTuple

from task_priority.model import Priority, Task
from task_priority.moments import Day
from task_priority.ranking.lengths import length_of
from task_priority.ranking.rank import Ranked, order_of
from task_priority.ranking.status import first_of, standing_of
from task_priority.ranking.terms import Facts, Present, terms_of

_QUICK: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Raise:
    """A change that moves a task up.

    Attributes:
        change: In words, such as ``due today``.
        points: By so many the score would grow.
        place: Which it would have then, all others being as they are.
    """

    change: str
    points: int
    place: int


class _Changed(NamedTuple):
    """A task as it would be."""

    change: str
    task: Task
    parts: Sequence[Task]


def raises(ranked: Ranked, everything: Sequence[Ranked], present: Present) -> list[Raise]:
    """Return what would move a task up; of its priorities the lowest that does.

    Args:
        ranked: The task at its place.
        everything: The whole list.
        present: What it was judged by.
    """
    orders = [
        order_of(one.task, one.score, present.settings) for one in everything if one.task.id != ranked.task.id
    ]
    found: list[Raise] = []
    for changed in _changes(ranked.task, ranked.parts, present):
        standing = standing_of(changed.task, changed.parts, present.settings)
        score = sum(term.points for term in terms_of(Facts(changed.task, standing, present)))
        order = order_of(changed.task, score, present.settings)
        place = 1 + sum(other < order for other in orders)
        if place < ranked.place and not (found and _is_of_one_kind(found[-1].change, changed.change)):
            found.append(Raise(changed.change, score - ranked.score, place))
    return found


def _changes(task: Task, parts: Sequence[Task], present: Present) -> Iterator[_Changed]:
    settings = present.settings
    for labels in (settings.someday_labels, settings.waiting_labels, settings.blocked_labels):
        if label := first_of(task.labels, labels):
            kept = tuple(one for one in task.labels if one != label)
            yield _Changed(f"without the label @{label}", replace(task, labels=kept), parts)
    if task.assignee is not None:
        yield _Changed("assigned to you", replace(task, assignee=None), parts)
    if parts:
        yield _Changed("its sub-tasks done", task, ())
    yield _Changed("due today", replace(task, due=Day(present.today)), parts)
    for priority in sorted(Priority):
        if priority > task.priority:
            yield _Changed(f"priority {priority.shown}", replace(task, priority=priority), parts)
    if length_of(task) is None:
        yield _Changed("said to take 15 min", replace(task, duration=_QUICK), parts)
    for label in sorted(settings.weights.labels.keys() - set(task.labels)):
        yield _Changed(f"with the label @{label}", replace(task, labels=(*task.labels, label)), parts)


def _is_of_one_kind(change: str, other: str) -> bool:
    return change.startswith("priority ") and other.startswith("priority ")
