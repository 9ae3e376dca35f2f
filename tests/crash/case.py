"""Everything known about one run, arranged for the checks, and the kinds of violation that they look for."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.crash.history import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.crash.account import Account, Row
    from tests.crash.history import Sighting

CLOCK_GRAIN_S = 0.002
"""The store keeps microseconds, the histories floats; the wall clock of one host is read by both."""

RETURNED = ("message.nacked", "message.lapsed", "message.crashed", "message.handed_back", "message.replayed")
"""The events after which a message may run again (P3)."""

SPENDING = ("message.nacked", "message.lapsed")
"""The events that spend an attempt."""


class Fault(Enum):
    """The kinds of violation, with the promise each breaks."""

    LOST = "P1: acknowledged to its sender, but not in the store"
    INVENTED = "P1: in the store, but nobody sent it"
    ALTERED = "P1: the data is not what was sent"
    DOUBLED = "P1: one message holds several rows, or two sends of it were told different ones"
    TORN_BATCH = "P1: of one send_many some are stored and some are not"
    OUTBOX_TORN = "P1: what a sender wrote in its transaction and the message sent in it differ"
    NEVER_RAN = "P1: completed, but no run of it came to its end"
    STUCK = "P1: neither completed nor dead after everything was drained"
    ACK_LOST = "P1: its completion was acknowledged to a worker, but it is not completed"
    NACK_LOST = "P1: a nack was acknowledged to a worker, but the timeline does not know it"
    EFFECT_TORN = "P1: what a handler wrote in its transaction and the completion of its message differ"
    REPEATED = "P3: ran again without a recorded reason"
    DELIVERED_TWICE = "P3: one claim was handed out twice"
    RAN_AFTER_COMPLETION = "P3: ran after its completion was acknowledged"
    OVERLAPPED = "P3: ran twice at the same time without a recorded lapse"
    LEASE_TAKEN = "P6: a worker was told that it lost its lease, and no lapse is recorded"
    LAPSED_ALIVE = "P6: the lease of a worker that lived and ran has lapsed"
    DEAD_UNEXPLAINED = "P3: dead without the history that its code demands"
    CRASH_INVENTED = "crash counting: a crash is recorded that no death explains"
    CRASH_AS_LAPSE = "crash counting: a dead worker's message was counted as lapsed"
    MISCOUNTED = "crash counting: attempts or crashes disagree with the timeline"
    OUT_OF_ORDER = "P13: a later message of its key had started before"
    KEY_OVERLAPPED = "P13: two messages of one key ran at the same time"
    LATE = "P5: ran again too late after a death"
    ERROR = "P9: an error reached the application"
    DAMAGED = "the file does not pass SQLite's integrity check"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that must not be."""

    fault: Fault
    message_id: str
    text: str

    def __str__(self) -> str:
        return f"{self.fault.name} [{self.fault.value}] {self.message_id}: {self.text}"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a handler; ``over`` is infinite while it is not known to have ended."""

    start: Sighting
    over: float
    ended: bool

    @property
    def pid(self) -> int:
        """The process it ran in."""
        return self.start.pid


@dataclass
class Case:
    """Everything known about one run, arranged for the checks.

    Args:
        drained: After the kills, consumers ran until nothing was left: demand that nothing is.
        max_crashes: The queue's limit.
        orphan_limit_s: P5: the 99th percentile may not exceed it; None: only measure.
        witnessed: Whoever got a message noted it: demand that each completed one was seen to its end.
        lapses_allowed: Workers were stopped, or held explicit leases for long.
    """

    sightings: list[Sighting]
    account: Account
    drained: bool = True
    max_crashes: int = 3
    orphan_limit_s: float | None = 1.0
    witnessed: bool = False
    lapses_allowed: bool = False

    @cached_property
    def by_kind(self) -> dict[Kind, list[Sighting]]:
        """The sightings of each kind, in order of time."""
        found: dict[Kind, list[Sighting]] = defaultdict(list)
        for each in sorted(self.sightings, key=lambda each: each.mono):
            found[each.kind].append(each)
        return found

    @cached_property
    def rows(self) -> dict[tuple[str, str], Row]:
        """By app and message id."""
        return {(row.app, row.message_id): row for row in self.account.rows}

    @cached_property
    def deaths(self) -> dict[int, Sighting]:
        """When each killed process was killed, by pid."""
        return {each.pid: each for each in self.by_kind[Kind.KILLED]}

    @cached_property
    def ends(self) -> dict[int, float]:
        """When each process left the store, by pid: the earliest of kill, close and end."""
        ends: dict[int, float] = {}
        for kind in (Kind.KILLED, Kind.CLOSED, Kind.REAPED):
            for each in self.by_kind[kind]:
                ends[each.pid] = min(each.mono, ends.get(each.pid, math.inf))
        return ends

    @cached_property
    def runs(self) -> dict[tuple[str, str], list[Run]]:
        """The runs of each message, in order of their starts."""
        ended = {(each.pid, each.note, each.message_id): each.mono for each in self.by_kind[Kind.ENDED]}
        runs: dict[tuple[str, str], list[Run]] = defaultdict(list)
        for start in self.by_kind[Kind.STARTED]:
            end = ended.get((start.pid, start.note, start.message_id))
            over = self.ends.get(start.pid, math.inf) if end is None else end
            runs[start.app, start.message_id].append(Run(start, over, ended=end is not None))
        return runs

    def settlings(self, *kinds: Kind) -> Iterator[tuple[Sighting, Row]]:
        """What workers were told about a message, with its row; a message without one is LOST already."""
        for kind in kinds:
            for each in self.by_kind[kind]:
                row = self.rows.get((each.app, each.message_id))
                if row is not None:
                    yield each, row

    def repeats(self) -> Iterator[tuple[Row, Run, Run]]:
        """Every run beyond the first of its message, with the one before."""
        for name, runs in self.runs.items():
            if name in self.rows:
                for before, again in pairwise(runs):
                    yield self.rows[name], before, again


def happened(row: Row, before: Run, again: Run, *events: str) -> bool:
    """Whether one of the events lies between the starts of two runs."""
    begin, end = before.start.wall - CLOCK_GRAIN_S, again.start.wall + CLOCK_GRAIN_S
    return any(begin <= at <= end for at in row.times(*events))


def returned(row: Row, before: Run, again: Run) -> bool:
    """Whether an event that puts a message back lies between two runs."""
    return happened(row, before, again, *RETURNED)


def replayed(row: Row, begin: float, end: float) -> bool:
    """Whether an operator sent it again between two instants of the wall clock."""
    return any(begin - CLOCK_GRAIN_S <= at <= end for at in row.times("message.replayed"))


def timeline(row: Row, since: float = 0.0) -> str:
    """The events of a message in a line, with the seconds since an instant."""
    shown = [f"{each.event.removeprefix('message.')}+{each.at - since:.3f}" for each in row.events if since]
    return " ".join(shown or [each.event.removeprefix("message.") for each in row.events])
