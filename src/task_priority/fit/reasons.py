"""Why a task has no place in the plan, or none in time: what binds, and the nearest change that would help."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final, NamedTuple

from task_priority.fit.placing import Wish, fitting, pieces_for, room_for
from task_priority.fit.putting_off import PuttingOff
from task_priority.fit.slots import NO_TIME, Slot
from task_priority.fit.sparing import Sparing
from task_priority.model import Event, Task, TaskId
from task_priority.settings import Settings
from task_priority.words import count_text, duration_text

_NAMED: Final = 3


class Constraint(Enum):
    """What keeps a task out of the plan."""

    NO_TIME = "no time"
    """There is less free time than it needs, even with nothing else to do."""
    TAKEN = "taken"
    """There would be time, but what is ranked higher, or due earlier, has it."""
    IN_PIECES = "in pieces"
    """There is time, but not in one piece, or not in pieces that are long enough."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not, in facts and in words.

    Attributes:
        needed: What the task asks for.
        free: What there was for it before anything was placed.
        left: What is left for it now, in pieces that it may have.
        change: The nearest change that would help, in words.
        put_off: The tasks that this change puts off.
    """

    constraint: Constraint
    needed: timedelta
    free: timedelta
    left: timedelta
    text: str
    change: str
    put_off: tuple[TaskId, ...] = ()


class _Change(NamedTuple):
    """A change that would help, in words, and the tasks that it puts off."""

    text: str
    put_off: tuple[TaskId, ...] = ()


class Reasons:
    """Says why wishes were not placed.

    Args:
        slots: The free time before anything was placed.
        left: What is left of it.
        sparing: Looks for an event that could be left out.
        putting_off: Looks for tasks that could be put off.
        settings: Say how long a piece may be, and in which zone times are told.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        left: Sequence[Slot],
        *,
        sparing: Sparing,
        putting_off: PuttingOff,
        settings: Settings,
    ) -> None:
        self.slots, self.left, self.settings = slots, left, settings
        self.sparing, self.putting_off = sparing, putting_off
        self._labels = frozenset(label for slot in slots for label in slot.labels)
        self._found: dict[tuple[Wish, datetime | None], Reason] = {}

    def of(self, wish: Wish, *, done_by: datetime | None = None) -> Reason:
        """Say why one was not placed, or not in time; wishes that ask for the same have the same reason.

        Args:
            wish: With the end that it was to meet.
            done_by: When it is over, if it was placed after that end.
        """
        labels = tuple(label for label in wish.labels if label in self._labels)
        shape = replace(wish, key="", labels=labels, better_by=(), or_by=())
        if (shape, done_by) not in self._found:
            self._found[shape, done_by] = _Search(shape, self, done_by).reason()
        return self._found[shape, done_by]


class _Search:
    """The search for what binds one wish."""

    def __init__(self, wish: Wish, reasons: Reasons, done_by: datetime | None) -> None:
        self._wish = wish
        self._done_by = done_by
        self._at = reasons
        to_the_minute = replace(wish, shortest=timedelta(minutes=1))
        self._free = room_for(to_the_minute, reasons.slots)
        self._left = room_for(wish, reasons.left) if wish.shortest else _longest(wish, reasons.left)

    def reason(self) -> Reason:
        constraint, change = self._constraint(), self._change()
        return Reason(
            constraint=constraint,
            needed=self._wish.needed,
            free=self._free,
            left=self._left,
            text=self._text(constraint),
            change=change.text,
            put_off=change.put_off,
        )

    def _constraint(self) -> Constraint:
        if self._free < self._wish.needed:
            return Constraint.NO_TIME
        return Constraint.TAKEN if pieces_for(self._wish, self._at.slots) else Constraint.IN_PIECES

    def _text(self, constraint: Constraint) -> str:
        wish = self._wish
        needs = f"needs {duration_text(wish.needed)}{self._before()}"
        match constraint:
            case Constraint.NO_TIME:
                return f"{needs}, {duration_text(self._free)} free"
            case Constraint.TAKEN:
                left = duration_text(self._left)
                return f"{needs}, {left} left; the rest goes to what is ranked higher or due earlier"
            case Constraint.IN_PIECES if wish.shortest is None:
                longest = duration_text(_longest(wish, self._at.slots))
                return f"{needs} in one piece, the longest that is free is {longest}"
            case Constraint.IN_PIECES:
                return f"{needs}, free only in pieces that are too short"

    def _change(self) -> _Change:
        """Name the first of these that helps: split it, move its end, shorten it, give something else up."""
        wish, left, shortest = self._wish, self._at.left, self._at.settings.shortest_piece
        if wish.shortest is None and pieces_for(replace(wish, shortest=shortest), left):
            return _Change(f"it fits if it may be split into pieces of {duration_text(shortest)} or more")
        later = self._later()
        if later is not None:
            return _Change(f"it fits if it may be done by {self._when(later)}")
        longest = _longest(wish, left)
        if longest >= min(shortest, wish.needed / 2):
            return _Change(f"it fits if it takes {duration_text(longest)} or less")
        return self._give_up()

    def _later(self) -> datetime | None:
        """Return when it is over, or could be, if it may be late."""
        if self._wish.until is None or self._done_by is not None:
            return self._done_by
        pieces = pieces_for(replace(self._wish, until=None), self._at.left)
        return pieces[-1].end if pieces else None

    def _give_up(self) -> _Change:
        wish = self._wish
        spared = self._at.sparing.event_for(wish)
        if spared is not None:
            length = duration_text(spared.end - spared.start)
            return _Change(f"it fits without “{spared.event.title}” ({length})")
        if others := self._at.putting_off.tasks_for(wish):
            text = f"it fits if {_names_of(others)} {'is' if len(others) == 1 else 'are'} put off"
            return _Change(text, tuple(task.id for task in others))
        return _Change(self._more_time())

    def _more_time(self) -> str:
        wish = self._wish
        if self._at.sparing.fits_without_events(wish):
            if events := self._at.sparing.events_for(wish):
                return f"it fits without {_names(one.event for one in events)}"
            return "it needs more of the time that events take up"
        if self._at.sparing.fits_alone(wish):
            return "it needs more of the time that events and other tasks take up"
        if wish.until is not None:
            return "it needs longer working hours, or an end after this plan"
        return "it needs longer working hours, or a longer plan"

    def _before(self) -> str:
        return "" if self._wish.until is None else f" before {self._when(self._wish.until)}"

    def _when(self, instant: datetime) -> str:
        local = instant.astimezone(self._at.settings.zone)
        if (local.hour, local.minute) == (0, 0):
            return f"the end of {local - timedelta(minutes=1):%A}"
        return f"{local:%A %H:%M}"


def _longest(wish: Wish, slots: Sequence[Slot]) -> timedelta:
    return max((slot.length for slot in fitting(wish, slots)), default=NO_TIME)


def _names_of(tasks: Sequence[Task]) -> str:
    """Name tasks, three at most: the others are counted, and named by ``put_off``."""
    others = len(tasks) - _NAMED
    return _names(tasks[:_NAMED], *[count_text(others, "other task")] * (others > 0))


def _names(some: Iterable[Task | Event], *more: str) -> str:
    names = [*(f"“{one.title}”" for one in some), *more]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
