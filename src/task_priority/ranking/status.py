"""Where a task stands, in the words of Getting Things Done, and in which of Eisenhower's quadrants; by stated rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from task_priority.model import Task, TaskId
from task_priority.settings import Settings


class Status(Enum):
    """What can be done about a task (GTD)."""

    NEXT_ACTION = "next action"
    BLOCKED = "blocked"
    WAITING_FOR = "waiting for"
    SOMEDAY = "someday"


class Quadrant(Enum):
    """Important or not, urgent or not (Eisenhower)."""

    DO = "do first"
    SCHEDULE = "schedule"
    DELEGATE = "delegate"
    DROP = "later, or never"


@dataclass(frozen=True, slots=True)
class Standing:
    """A status and the reason for it, in words."""

    status: Status
    reason: str


def standing_of(task: Task, parts: Sequence[Task], settings: Settings) -> Standing:
    """Say what can be done about a task; the first rule that holds decides.

    Args:
        task: An open one.
        settings: Name the labels that say so.
        parts: The open tasks whose parent it is.
    """
    if label := first_of(task.labels, settings.someday_labels):
        return Standing(Status.SOMEDAY, f"it has the label @{label}")
    if label := first_of(task.labels, settings.waiting_labels):
        return Standing(Status.WAITING_FOR, f"it has the label @{label}")
    if task.assignee is not None:
        return Standing(Status.WAITING_FOR, f"it is assigned to {task.assignee}")
    if label := first_of(task.labels, settings.blocked_labels):
        return Standing(Status.BLOCKED, f"it has the label @{label}")
    if parts:
        return Standing(Status.BLOCKED, _open_parts(parts))
    return Standing(Status.NEXT_ACTION, "nothing stands in its way")


def quadrant_of(task: Task, settings: Settings, *, urgent: bool) -> Quadrant:
    """Say in which quadrant a task is; ``urgent``: it is overdue, due soon, or its time is running out."""
    important = task.priority >= settings.important_from or bool(
        first_of(task.labels, settings.important_labels)
    )
    if important:
        return Quadrant.DO if urgent else Quadrant.SCHEDULE
    return Quadrant.DELEGATE if urgent else Quadrant.DROP


def parts_by_parent(tasks: Sequence[Task]) -> Mapping[TaskId, Sequence[Task]]:
    """Return the tasks that are parts of others; one that is its own ancestor is nobody's part."""
    parents = {task.id: task.parent for task in tasks}
    parts: dict[TaskId, list[Task]] = {}
    for task in tasks:
        if task.parent in parents and not _is_own_ancestor(task.id, parents):
            parts.setdefault(task.parent, []).append(task)
    return parts


def first_of(labels: Collection[str], wanted: frozenset[str]) -> str | None:
    """Return the first of some labels that is wanted, whatever its case."""
    return next((label for label in labels if label.casefold() in wanted), None)


def _is_own_ancestor(task: TaskId, parents: Mapping[TaskId, TaskId | None]) -> bool:
    seen = {task}
    above = parents[task]
    while above is not None and above in parents:
        if above == task:
            return True
        if above in seen:
            return False
        seen.add(above)
        above = parents[above]
    return False


def _open_parts(parts: Sequence[Task]) -> str:
    first = min(parts, key=lambda part: (part.title, part.id))
    if len(parts) == 1:
        return f"its sub-task “{first.title}” is open"
    return f"{len(parts)} of its sub-tasks are open, among them “{first.title}”"
