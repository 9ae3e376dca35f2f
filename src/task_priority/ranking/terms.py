"""The terms of a score: each is a whole number of points and the evidence for it, and the score is their sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from task_priority.fit.slots import FreeTime
from task_priority.model import Task
from task_priority.moments import Day, day_of, end_of
from task_priority.ranking.lengths import length_of
from task_priority.ranking.status import Standing, Status
from task_priority.settings import Settings
from task_priority.words import count_text, day_text, duration_text

_HALVES_IN_DAYS: Final = 3
"""What is due in three days counts half of what is due today, in six days a quarter."""
_AGES_IN_DAYS: Final = 30
_QUICK: Final = timedelta(minutes=15)
_RATHER_QUICK: Final = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Term:
    """One reason for a task's place.

    Attributes:
        name: Of the setting that weighs it.
        points: Of the score; negative if it moves the task down.
        evidence: The facts behind it, in words.
    """

    name: str
    points: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Present:
    """What all tasks are judged by.

    Attributes:
        now: Aware.
        free: The working time that is free from now on.
        known_until: As far as the free time is known; what ends later is not judged by it.
    """

    now: datetime
    free: FreeTime
    known_until: datetime
    settings: Settings

    @property
    def today(self) -> date:
        """The day it is for the owner."""
        return self.now.astimezone(self.settings.zone).date()


class Facts:
    """What the terms of one task are made of.

    Args:
        task: Whose.
        standing: What can be done about it.
        present: What it is judged by.

    Attributes:
        length: How long it takes; None: nobody said.
        needed: How long it takes, or is taken to take.
        ends: When it must be done, or, if nobody says so, when it is meant to be.
        day: The first day that is named: of the deadline, or of the due date.
    """

    __slots__ = (
        "day",
        "ends",
        "free",
        "known_until",
        "length",
        "needed",
        "now",
        "settings",
        "standing",
        "task",
        "today",
    )

    def __init__(self, task: Task, standing: Standing, present: Present) -> None:
        self.task, self.standing = task, standing
        self.now, self.today, self.free = present.now, present.today, present.free
        self.known_until, self.settings = present.known_until, present.settings
        self.length, self.needed = length_of(task), needed_by(task, present.settings)
        self.ends = ends_at(task, present.settings)
        due = None if task.due is None else day_of(task.due, present.settings.zone)
        self.day = min((day for day in (due, task.deadline) if day is not None), default=None)


def needed_by(task: Task, settings: Settings) -> timedelta:
    """Return how long a task takes, or is taken to take."""
    length = length_of(task)
    return settings.default_duration if length is None else length.duration


def ends_at(task: Task, settings: Settings) -> datetime | None:
    """Return the instant by which a task must be done (its deadline) or is meant to be (its due date), in UTC."""
    if task.deadline is not None:
        return end_of(Day(task.deadline), settings.zone)
    return None if task.due is None else end_of(task.due, settings.zone)


def is_urgent(facts: Facts) -> bool:
    """Tell whether a task is overdue, due soon, or has less free time left before its end than it needs."""
    ends, day = facts.ends, facts.day
    if ends is None or day is None:
        return False
    soon = end_of(Day(day), facts.settings.zone) - facts.now <= facts.settings.urgent_within
    return soon or (ends <= facts.known_until and facts.free.before(ends) < facts.needed)


def terms_of(facts: Facts) -> tuple[Term, ...]:
    """Return all terms that give or take points, in the order in which they are explained."""
    return tuple(term for make in _MAKERS for term in make(facts) if term.points)


def _overdue(facts: Facts) -> Iterator[Term]:
    task, zone = facts.task, facts.settings.zone
    if facts.day is None:
        return
    days = (facts.today - facts.day).days
    if days > 0:
        points = round(facts.settings.weights.overdue * (1 - 0.5 ** (1 + days)))
        yield Term("overdue", points, f"overdue by {count_text(days, 'day')}")
    elif task.due is not None and end_of(task.due, zone) <= facts.now:
        yield Term("overdue", round(facts.settings.weights.overdue * 0.5), "its time has passed today")


def _due(facts: Facts) -> Iterator[Term]:
    if facts.day is None:
        return
    days = max(0, (facts.day - facts.today).days)
    points = round(facts.settings.weights.due * 0.5 ** (days / _HALVES_IN_DAYS))
    what = "deadline" if facts.day == facts.task.deadline else "due"
    yield Term("due", points, f"{what} {day_text(facts.day, facts.today)}")


def _slack(facts: Facts) -> Iterator[Term]:
    ends = facts.ends
    if ends is None or ends <= facts.now or ends > facts.known_until:
        return
    free, needed = facts.free.before(ends), facts.needed
    share = 1.0 if free <= needed else needed / free
    needs = duration_text(needed) if facts.length is None else facts.length.text
    until = day_text((ends - timedelta(microseconds=1)).astimezone(facts.settings.zone).date(), facts.today)
    yield Term(
        "slack",
        round(facts.settings.weights.slack * share),
        f"needs {needs} of the {duration_text(free)} that are free until {until}",
    )


def _priority(facts: Facts) -> Iterator[Term]:
    priority = facts.task.priority
    yield Term("priority", facts.settings.weights.priority.get(priority, 0), f"priority {priority.shown}")


def _age(facts: Facts) -> Iterator[Term]:
    if facts.task.added is None:
        return
    days = max(0, (facts.now - facts.task.added).days)
    points = round(facts.settings.weights.age * (1 - 0.5 ** (days / _AGES_IN_DAYS)))
    yield Term("age", points, f"written down {count_text(days, 'day')} ago")


def _quick(facts: Facts) -> Iterator[Term]:
    length = facts.length
    if length is None or length.duration > _RATHER_QUICK:
        return
    weight = facts.settings.weights.quick
    points = weight if length.duration <= _QUICK else round(weight / 2)
    yield Term("quick", points, f"takes {length.text}")


def _labels(facts: Facts) -> Iterator[Term]:
    for label in facts.task.labels:
        if label in facts.settings.weights.labels:
            yield Term(f"label {label}", facts.settings.weights.labels[label], f"label @{label}")


def _project(facts: Facts) -> Iterator[Term]:
    project = facts.task.project
    if project in facts.settings.weights.projects:
        yield Term(f"project {project}", facts.settings.weights.projects[project], f"project “{project}”")


def _standing(facts: Facts) -> Iterator[Term]:
    weights, reason = facts.settings.weights, facts.standing.reason
    match facts.standing.status:
        case Status.BLOCKED:
            yield Term("blocked", weights.blocked, reason)
        case Status.WAITING_FOR:
            yield Term("waiting", weights.waiting, reason)
        case Status.SOMEDAY:
            yield Term("someday", weights.someday, reason)
        case Status.NEXT_ACTION:
            pass


_MAKERS: Final[tuple[Callable[[Facts], Iterator[Term]], ...]] = (
    _overdue,
    _due,
    _slack,
    _priority,
    _age,
    _quick,
    _labels,
    _project,
    _standing,
)
