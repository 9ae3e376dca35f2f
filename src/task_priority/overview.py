"""What is known at an instant: the plan, of which sources it was made, and what is still on its way to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from task_priority.fit.plan import Plan
from task_priority.model import Event, Task, TaskId
from task_priority.moments import Moment
from task_priority.ranking.doubles import doubles_of
from task_priority.reading import Unread
from task_priority.settings import Settings

STALE_AFTER: Final = timedelta(hours=1)
"""A source that was not asked for so long may have changed in the meantime."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """How fresh a source is, and what came of it.

    Attributes:
        synced_at: When it was last asked with success; None: never.
        problem: Why its last run failed, and what to do.
    """

    name: str
    synced_at: datetime | None
    problem: str | None = None
    tasks: Sequence[Task] = ()
    events: Sequence[Event] = ()
    unread: Sequence[Unread] = ()

    def is_stale(self, now: datetime) -> bool:
        """Tell whether it may have changed in the meantime."""
        return self.synced_at is None or now - self.synced_at > STALE_AFTER


class Change(Enum):
    """What is to become of a task."""

    DONE = "done"
    PUT_OFF = "put off"
    TAKEN_BACK = "taken back"
    """What was changed before is to be as it was."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that was asked for, and that the stored tasks do not show yet.

    Attributes:
        title: Of the task when it was asked for.
        due: When it will be due; None: it will not, or that does not change.
        changes_due: It will be due then.
        problem: Why the last attempt to make it failed.
        given_up: It is not tried again.
    """

    task: TaskId
    title: str
    change: Change
    asked_at: datetime
    due: Moment | None = None
    changes_due: bool = False
    problem: str | None = None
    given_up: bool = False


@dataclass(frozen=True, slots=True)
class Overview:
    """What is known at an instant.

    Attributes:
        now: Aware.
        plan: Made of the tasks and events of all sources, as they will be when the pending changes have arrived.
    """

    now: datetime
    settings: Settings
    plan: Plan
    sources: Sequence[SourceState]
    pending: Sequence[Pending] = ()

    def doubles(self) -> list[Sequence[Task]]:
        """Return the tasks that may be there twice, together; looked for anew with each call."""
        return doubles_of(one.task for one in self.plan.ranked)
