"""What is ranked and what it must fit around: tasks and events, whatever service they come from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum, IntEnum
from typing import NewType

from task_priority.moments import Moment

TaskId = NewType("TaskId", str)
"""``<source>:<the id there>``, such as ``todoist:6XGgmFVcrG5RRjVr``."""


class Priority(IntEnum):
    """As Todoist stores it: 4 is urgent, and called p1 in its apps."""

    NORMAL = 1
    RAISED = 2
    HIGH = 3
    URGENT = 4

    @property
    def shown(self) -> str:
        """The name that people know: p1 to p4."""
        return f"p{5 - self}"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do.

    Attributes:
        due: When it is meant to be done. Missing it is a pity.
        deadline: The day by whose end it must be done.
        duration: How long its service says that it takes; None: it does not say.
        parent: The task of which it is a part, known or not.
        added: When it was written down, in UTC; None: not known.
        assignee: Whose it is, if somebody else's.
        actionable: False: a heading, which cannot be completed.
    """

    id: TaskId
    title: str
    project: str = ""
    section: str = ""
    labels: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    due: Moment | None = None
    deadline: date | None = None
    duration: timedelta | None = None
    parent: TaskId | None = None
    added: datetime | None = None
    assignee: str | None = None
    recurring: bool = False
    actionable: bool = True
    url: str | None = None


class Answer(Enum):
    """What the calendar's owner answered to an invitation."""

    NONE = "none"
    """There was nothing to answer."""
    ACCEPTED = "accepted"
    TENTATIVE = "tentative"
    DECLINED = "declined"
    OPEN = "open"
    """Not answered yet."""


class EventKind(Enum):
    """What an event is for, in the words of Google Calendar."""

    DEFAULT = "default"
    OUT_OF_OFFICE = "out-of-office"
    FOCUS_TIME = "focus-time"
    WORKING_LOCATION = "working-location"
    BIRTHDAY = "birthday"


@dataclass(frozen=True, slots=True, order=True)
class EventId:
    """Which event, and which of its repetitions.

    Attributes:
        instance: When this repetition was meant to start, as written there; empty: it does not repeat.
    """

    source: str
    calendar: str
    id: str
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of a calendar; of one that repeats, one repetition.

    Attributes:
        end: The first moment after it; for days, the day after the last.
        transparent: Its owner wrote that it does not take the time up.
        cancelled: It does not take place.
    """

    id: EventId
    title: str
    start: Moment
    end: Moment
    transparent: bool = False
    cancelled: bool = False
    answer: Answer = Answer.NONE
    kind: EventKind = EventKind.DEFAULT
