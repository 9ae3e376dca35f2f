"""Kills workers at random under a mixed load, starts them again, drains, and has the history explained."""

from __future__ import annotations

import random
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.crash.account import Account
from tests.crash.case import Case
from tests.crash.checker import Report, explain
from tests.crash.history import read_histories
from tests.crash.limits import MAX_CRASHES
from tests.crash.nursery import Nursery
from tests.stalls import Stalls

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.nursery import Child
    from tests.crash.stage import Place

MEAN_PAUSE_S = 0.4
"""Between two kills, on the average: a worker lives for some seconds, so P5 has time to show."""

RATE = 50.0
"""Messages a second from each producer."""

BULK, LEDGER = "bulk", "ledger"

CAST: tuple[tuple[str, dict[str, Any]], ...] = (
    ("produce", {"name": "north", "apps": [BULK], "outbox": LEDGER, "rate": RATE}),
    ("produce", {"name": "south", "apps": [BULK, LEDGER], "outbox": BULK, "rate": RATE}),
    ("consume", {"name": "worker-1", "app": BULK}),
    ("consume", {"name": "worker-2", "app": BULK}),
    ("consume_one", {"name": "worker-3", "app": BULK}),
    ("claim", {"name": "worker-4", "app": BULK}),
    ("keep_ledger", {"name": "keeper-1", "app": LEDGER}),
    ("keep_ledger", {"name": "keeper-2", "app": LEDGER}),
)


STALLS_OF_A_RESCUE = 4
"""To look, to take back, to wake, to claim."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Attributes:
        kills: How many processes are killed.
        seed: Decides who is killed when; printed with every failure.
        place: The store; it holds nothing yet.
        orphan_limit_s: P5's limit on the 99th percentile; None: measure only.
    """

    folder: Path
    kills: int
    seed: int
    place: Place
    orphan_limit_s: float | None = 1.0


@dataclass(slots=True)
class Slot:
    """One place in the cast: a worker that is started again whenever it was killed."""

    role: str
    options: dict[str, Any]
    child: Child | None = None
    due: float = 0.0


def run(plan: Plan) -> Report:
    """Play the whole run.

    Raises:
        AssertionError: A worker complained or left a process behind.
    """
    with Nursery(plan.folder) as nursery, Stalls(plan.folder) as stalls:
        Stagehand(nursery, plan).play()
        complaints = nursery.complaints()
        assert not complaints, f"seed {plan.seed}: " + "\n".join(complaints)
    return judge(plan, stalled_s=stalls.longest_s)


def judge(plan: Plan, *, stalled_s: float = 0.0) -> Report:
    """Explain the histories and the account that lie in the plan's folder.

    Args:
        plan: What was played.
        stalled_s: How long the machine itself stood still at most; a rescue meets several such stalls.
    """
    account = Account.read(plan.folder / "account.json")
    limit_s = None if plan.orphan_limit_s is None else plan.orphan_limit_s + STALLS_OF_A_RESCUE * stalled_s
    case = Case(
        read_histories(plan.folder),
        account,
        max_crashes=MAX_CRASHES,
        orphan_limit_s=limit_s,
        witnessed=True,
    )
    return explain(case)


class Stagehand:
    """Starts, kills and starts again; knows nothing of what the workers do."""

    def __init__(self, nursery: Nursery, plan: Plan) -> None:
        self._nursery = nursery
        self._plan = plan
        self._rng = random.Random(plan.seed)
        self._common: dict[str, Any] = {**plan.place}
        self._slots = [Slot(role, options) for role, options in CAST]

    def play(self) -> None:
        """Prepare, kill, drain, take the account."""
        self._once("prepare")
        killed = 0
        while killed < self._plan.kills:
            self._start_due()
            self._nursery.attend(min(self._rng.expovariate(1 / MEAN_PAUSE_S), 3 * MEAN_PAUSE_S))
            self._start_due()
            killed += self._kill_some()
        self._drain()
        self._once("take", timeout_s=300)

    def _kill_some(self) -> int:
        alive = [slot for slot in self._slots if slot.child and slot.child.status is None]
        draw = self._rng.random()
        if draw < 0.06:
            victims = alive
        elif draw < 0.16:
            victims = self._rng.sample(alive, min(2, len(alive)))
        else:
            victims = self._rng.sample(alive, min(1, len(alive)))
        children = [slot.child for slot in victims if slot.child]
        self._nursery.kill(*children)
        self._nursery.wait(*children)
        for slot in victims:
            slot.due = time.monotonic() + (self._rng.random() * 0.5 if self._rng.random() < 0.5 else 0)
        return len(children)

    def _start_due(self) -> None:
        for slot in self._slots:
            ended = slot.child is None or slot.child.status is not None
            assert slot.child is None or slot.child.status in (None, -signal.SIGKILL), self._failed(
                slot.child
            )
            if ended and slot.due <= time.monotonic():
                seed = self._rng.getrandbits(30)
                slot.child = self._nursery.fork(slot.role, **slot.options, **self._common, seed=seed)

    def _failed(self, child: Child) -> str:
        return f"seed {self._plan.seed}: {child.role} ended with {child.status}:\n{child.complaint()}"

    def _drain(self) -> None:
        for slot in self._slots:
            slot.due = 0
        self._start_due()
        producers = [slot.child for slot in self._slots if slot.role == "produce" and slot.child]
        workers = [slot.child for slot in self._slots if slot.role != "produce" and slot.child]
        self._end(producers)
        self._once("wait_until_empty", timeout_s=60)
        self._end(workers)
        self._nursery.attend(0.2)
        deadline = time.monotonic() + 5
        while (strays := self._nursery.strays()) and time.monotonic() < deadline:
            self._nursery.attend(0.1)
        assert not strays, f"seed {self._plan.seed}: processes were left behind: {strays}"
        self._check_folder()

    def _check_folder(self) -> None:
        """The dead leave nothing behind in the folder beside the store: nobody would ever remove it."""
        if "host_folder" in self._plan.place:
            return
        left = [path.name for path in (self._plan.folder / "work.db.d").iterdir() if path.is_file()]
        assert set(left) - {"retention.turn", "left-open"} == {"asleep", "write.line", "write.lock"}, (
            f"seed {self._plan.seed}: left behind in work.db.d: {left}"
        )

    def _end(self, children: list[Child]) -> None:
        for child in children:
            child.signal(signal.SIGTERM)
        self._nursery.wait(*children, timeout_s=60)

    def _once(self, role: str, *, timeout_s: float = 30.0) -> None:
        child = self._nursery.fork(role, **self._common)
        self._nursery.wait(child, timeout_s=timeout_s)
        assert child.status == 0, f"{role} ended with {child.status}:\n{child.complaint()}"
