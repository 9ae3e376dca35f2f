"""Which tasks of the list are wanted: by status, project and label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from task_priority.ranking.rank import Ranked
from task_priority.ranking.status import Status


class StatusName(StrEnum):
    """A status as it is typed."""

    NEXT = "next"
    BLOCKED = "blocked"
    WAITING = "waiting"
    SOMEDAY = "someday"


_STATUSES: Final[Mapping[StatusName, Status]] = {
    StatusName.NEXT: Status.NEXT_ACTION,
    StatusName.BLOCKED: Status.BLOCKED,
    StatusName.WAITING: Status.WAITING_FOR,
    StatusName.SOMEDAY: Status.SOMEDAY,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a task must have to be wanted; None: anything will do. Case does not matter.

    Attributes:
        label: With an ``@`` before it, or without.
    """

    status: StatusName | None = None
    project: str | None = None
    label: str | None = None

    def includes(self, ranked: Ranked) -> bool:
        """Tell whether a task is wanted."""
        task = ranked.task
        return (
            (self.status is None or ranked.standing.status is _STATUSES[self.status])
            and (self.project is None or task.project.casefold() == self.project.casefold())
            and (
                self.label is None
                or self.label.removeprefix("@").casefold() in map(str.casefold, task.labels)
            )
        )
