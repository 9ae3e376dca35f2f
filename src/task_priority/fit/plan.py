"""The plan: which task fits when, why not if it does not, and how much is due beside how much time is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from task_priority.fit.busy import Busy, Unheeded, busy_spans
from task_priority.fit.joining import joined
from task_priority.fit.placing import Piece, Wish, place, without
from task_priority.fit.putting_off import Occupant, PuttingOff
from task_priority.fit.reasons import Reason, Reasons
from task_priority.fit.slots import NO_TIME, FreeTime, Slot, time_left, working_time
from task_priority.fit.sparing import Sparing
from task_priority.model import Event, Task
from task_priority.moments import Day, Instant, day_of, end_of, start_of
from task_priority.ranking.rank import Ranked, rank
from task_priority.ranking.status import Status, first_of
from task_priority.ranking.terms import Present, ends_at, needed_by
from task_priority.settings import Settings

_OUTLOOK = timedelta(days=28)
"""So far the free time is known to the ranking: what is due in three weeks may be too much already."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A task and the time proposed for it.

    Attributes:
        pieces: In order; more than one if the task is split.
        late: It ends after its due date, which has passed or cannot be met.
        missed: Why it cannot be in time, if its due date has not passed.
    """

    ranked: Ranked
    pieces: tuple[Piece, ...]
    late: bool
    missed: Reason | None = None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A task that has no place in the plan, and why."""

    ranked: Ranked
    reason: Reason


@dataclass(frozen=True, slots=True)
class Balance:
    """What is asked of the time of the plan, beside what there is.

    Attributes:
        due: The length of all next actions that end within the plan or are overdue.
        wanted: The length of all next actions.
        free: The free time of the plan, before anything is placed.
        planned: The part of it that is given to tasks.
    """

    due: timedelta
    wanted: timedelta
    free: timedelta
    planned: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do next, why, and when it fits. A proposal: nothing is written anywhere.

    Attributes:
        start: When it begins, in UTC.
        end: How far it reaches.
        ranked: Every open task, the highest score first.
        placed: In order of time.
        unplaced: The next actions without a place, in order of rank.
        busy: What takes time up, in order.
        unheeded: The events within the plan that do not.
        slots: The free time, before anything is placed.
        present: What the tasks were judged by.
    """

    start: datetime
    end: datetime
    ranked: Sequence[Ranked]
    placed: Sequence[Placed]
    unplaced: Sequence[Unplaced]
    busy: Sequence[Busy]
    unheeded: Sequence[Unheeded]
    slots: Sequence[Slot]
    balance: Balance
    present: Present = field(compare=False, repr=False)


def make_plan(tasks: Sequence[Task], events: Sequence[Event], *, now: datetime, settings: Settings) -> Plan:
    """Rank tasks and fit them into the time that events leave.

    Deterministic: the same arguments give the same plan, in whatever order tasks and events are given.

    Args:
        tasks: The open ones.
        events: At least those between now and the end of the plan, their repetitions one by one.
        now: Aware.
        settings: Say how.
    """
    until = now + max(settings.horizon, _OUTLOOK)
    known_busy, unheeded = busy_spans(events, settings, now, until)
    known_working = list(working_time(settings, now, until))
    known = time_left(known_working, known_busy, settings.buffer)
    present = Present(now, FreeTime(known), until, settings)
    ranked = rank(tasks, present)
    end = now + settings.horizon
    slots = _before(end, known)
    busy = [one for one in known_busy if one.start < end]
    actions = [one for one in ranked if one.standing.status is Status.NEXT_ACTION]
    days = _ends_of_days(now, end, settings.zone)
    wishes = [_wish(one.task, now=now, end=end, settings=settings, days=days) for one in actions]
    found = joined(place(wishes, slots), wishes, slots)
    pieces = sorted(piece for pieces in found.values() for piece in pieces)
    left = without(slots, pieces)
    sparing = Sparing(
        _before(end, known_working),
        [one for one in known_busy if one.start - settings.buffer < end],
        pieces=pieces,
        left=left,
        buffer=settings.buffer,
    )
    occupants = [Occupant(one.task, found[one.task.id]) for one in actions if one.task.id in found]
    reasons = Reasons(
        slots, left, sparing=sparing, putting_off=PuttingOff(slots, occupants), settings=settings
    )
    placed = [
        _placed(one, wish, found[one.task.id], reasons)
        for one, wish in zip(actions, wishes, strict=True)
        if one.task.id in found
    ]
    return Plan(
        start=now,
        end=end,
        ranked=ranked,
        placed=sorted(placed, key=lambda one: one.pieces),
        unplaced=[
            Unplaced(one, reasons.of(wish))
            for one, wish in zip(actions, wishes, strict=True)
            if one.task.id not in found
        ],
        busy=busy,
        unheeded=[one for one in unheeded if start_of(one.event.start, settings.zone) < end],
        slots=slots,
        balance=_balance(actions, placed, slots, end=end, settings=settings),
        present=present,
    )


def wish_of(task: Task, *, now: datetime, end: datetime, settings: Settings) -> Wish:
    """Return what a task asks of a plan.

    What is overdue asks for the first day on which it can be done, and so does what cannot be done in time.
    """
    return _wish(task, now=now, end=end, settings=settings, days=_ends_of_days(now, end, settings.zone))


def _wish(
    task: Task, *, now: datetime, end: datetime, settings: Settings, days: tuple[datetime, ...]
) -> Wish:
    until = ends_at(task, settings)
    can_be_met = until is not None and now < until < end
    whole = first_of(task.labels, settings.whole_labels) is not None
    return Wish(
        key=task.id,
        labels=task.labels,
        needed=needed_by(task, settings),
        until=until if can_be_met else None,
        shortest=settings.shortest_piece if settings.split and not whole else None,
        better_by=days if until is not None and until <= now else (),
        or_by=tuple(day for day in days if until is not None and until < day) if can_be_met else (),
    )


def _ends_of_days(now: datetime, end: datetime, zone: tzinfo) -> tuple[datetime, ...]:
    """Return when the days of the owner end that end within the plan."""
    first, last = (day_of(Instant(instant), zone) for instant in (now, end))
    return tuple(end_of(Day(first + timedelta(days=count)), zone) for count in range((last - first).days))


def _placed(ranked: Ranked, wish: Wish, pieces: tuple[Piece, ...], reasons: Reasons) -> Placed:
    """Return a placed task, which may be placed after the end that it asked for."""
    done = pieces[-1].end
    ends = ends_at(ranked.task, reasons.settings)
    missed = reasons.of(wish, done_by=done) if wish.until is not None and done > wish.until else None
    return Placed(ranked, pieces, late=ends is not None and done > ends, missed=missed)


def _before(end: datetime, slots: Sequence[Slot]) -> list[Slot]:
    return [
        slot if slot.end <= end else Slot(slot.start, end, slot.labels) for slot in slots if slot.start < end
    ]


def _balance(
    actions: Sequence[Ranked],
    placed: Sequence[Placed],
    slots: Sequence[Slot],
    *,
    end: datetime,
    settings: Settings,
) -> Balance:
    tasks = [one.task for one in actions]
    due = [task for task in tasks if (ends := ends_at(task, settings)) is not None and ends <= end]
    return Balance(
        due=sum((needed_by(task, settings) for task in due), NO_TIME),
        wanted=sum((needed_by(task, settings) for task in tasks), NO_TIME),
        free=sum((slot.length for slot in slots), NO_TIME),
        planned=sum((piece.length for one in placed for piece in one.pieces), NO_TIME),
    )
