"""Kills workers, and the API where that lets messages in, at random while messages pour from one road into another;
drains, and has the history explained.

The far sides are the witnesses: what was given, what the giver was told of it, each start and each end of a delivery.
What a road knows of a message is its number, so that stands for the id in sightings and account.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock import Queue
from crossdock.config import load
from crossdock.testing.far_side import as_toml
from tests.adapters.roads import IN, OUT, OUTBOUND, ROADS_IN
from tests.crash.account import Account
from tests.crash.case import Case
from tests.crash.checker import Report, explain
from tests.crash.history import Kind, Sighting, read_histories
from tests.crash.nursery import Nursery
from tests.crash.stage import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from tests.adapters.roads import InboundRoad, OutboundRoad
    from tests.crash.nursery import Child
    from tests.crash.stage import Place

WORKERS = 2
KEYS = 4
ITEMS = 24
"""Are given at a time."""
PAUSE_S = (0.05, 0.5)
"""Between two kills; a worker needs part of it to begin."""
PATIENCE_S = 90.0
MAX_CRASHES = 1000
"""Nothing may die: whatever was given has to arrive."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One run.

    Attributes:
        kills: How many processes to kill in all.
        seed: Decides whom to kill and when.
    """

    folder: Path
    inbound: str
    outbound: str
    kills: int
    seed: int
    place: Place


def run(plan: Plan) -> Report:
    """Play the whole run.

    Raises:
        AssertionError: A worker failed, or something was not taken in, or not delivered.
    """
    with Nursery(plan.folder) as nursery:
        scene = _Scene(plan, nursery)
        scene.play()
        complaints = nursery.complaints(notices=True)
        assert not complaints, f"seed {plan.seed}: " + "\n".join(complaints)
    return explain(scene.case())


class _Scene:
    """Two roads, the workers between them, and who kills those."""

    def __init__(self, plan: Plan, nursery: Nursery) -> None:
        self._plan = plan
        self._nursery = nursery
        self._rng = random.Random(plan.seed)
        self._inbound: InboundRoad = ROADS_IN[plan.inbound]
        self._outbound: OutboundRoad = OUTBOUND[plan.outbound]
        self._workers: list[Child] = []
        self._api: Child | None = None
        self._let_in_before = 0
        self._given: list[dict[str, str]] = []

    def play(self) -> None:
        """Prepare, give and kill, drain, take the account."""
        self._configure()
        self._once("prepare")
        killed = 0
        while killed < self._plan.kills:
            self._start_missing()
            self._give()
            self._nursery.attend(self._rng.uniform(*PAUSE_S))
            killed += self._kill_some()
        if self._inbound.api is not None:
            self._kill_the_api()
        self._start_missing()
        self._give()
        self._drain()
        self._once("take_by_number")

    def case(self) -> Case:
        """Translate what the roads saw into what the checker reads."""
        account = Account.read(self._plan.folder / "account.json")
        row_ids = {row.message_id: row.row_id for row in account.rows}
        begun = [
            Sighting(Kind.SEND_BEGUN, 0, 0.0, 0.0, one["n"], OUT, note=fingerprint(one, one["key"]))
            for one in self._given
        ]
        # The far side is told that it is stored, not where; a missing one is not in any row.
        told = [
            Sighting(Kind.SENT, 0, 0.0, 0.0, n, OUT, row_id=row_ids.get(n, 0)) for n in self._acknowledged()
        ]
        deliveries = self._outbound.seen(self._plan.folder)
        others = [one for one in read_histories(self._plan.folder) if one.app != OUT]
        return Case(
            [*begun, *told, *deliveries, *others],
            account,
            max_crashes=MAX_CRASHES,
            orphan_limit_s=None,
            witnessed=True,
        )

    def _configure(self) -> None:
        folder, place = self._plan.folder, self._plan.place
        store = {key: place[key] for key in ("url", "host_folder") if key in place}  # type: ignore[literal-required]
        tables: dict[str, Mapping[str, Any]] = {
            "store": store,
            "queue": {"lease": "1s", "max_crashes": MAX_CRASHES},
            f"apps.{OUT}": {
                "outbound": self._outbound.table(folder),
                "retry": {"backoff": "10ms..50ms"},
                "concurrency": 4,
            },
        }
        if self._inbound.table is not None:
            tables[f"apps.{IN}"] = {"inbound": self._inbound.table(folder), "next": [OUT]}
        if self._inbound.api is not None:
            tables["api"] = self._inbound.api(folder)
        text = [
            "\n".join([f"[{name}]", *(f"{key} = {as_toml(value)}" for key, value in table.items())])
            for name, table in tables.items()
        ]
        (folder / "crossdock.toml").write_text("\n".join(text) + "\n")

    def _give(self) -> None:
        first = len(self._given)
        items = [{"n": str(n), "key": str(n % KEYS)} for n in range(first, first + ITEMS)]
        self._given += items
        self._inbound.give(self._plan.folder, items)

    def _acknowledged(self) -> set[str]:
        return set() if self._inbound.acknowledged is None else self._inbound.acknowledged(self._plan.folder)

    def _start_missing(self) -> None:
        failed = [child for child in self._driving() if child.status not in (None, -signal.SIGKILL)]
        assert not failed, f"seed {self._plan.seed}: " + "\n".join(child.complaint() for child in failed)
        self._workers = [child for child in self._workers if child.status is None]
        while len(self._workers) < WORKERS:
            self._workers.append(self._nursery.fork("work_by_configuration"))
        if self._inbound.api is not None and (self._api is None or self._api.status is not None):
            self._let_in_before = len(self._acknowledged())
            self._api = self._nursery.fork("serve_by_configuration")

    def _driving(self) -> list[Child]:
        return self._workers if self._api is None else [*self._workers, self._api]

    def _kill_some(self) -> int:
        # The API takes longer to begin than a pause: one that has let in nothing yet would never get that far.
        children = self._driving() if len(self._acknowledged()) > self._let_in_before else self._workers
        count = len(children) if self._rng.random() < 0.25 else 1
        victims = self._rng.sample(children, count)
        self._nursery.kill(*victims)
        self._nursery.wait(*victims)
        return count

    def _kill_the_api(self) -> None:
        """Kill it while it lets something in, whatever chance has spared."""
        self._start_missing()
        self._give()
        assert self._api is not None
        deadline = time.monotonic() + PATIENCE_S
        while len(self._acknowledged()) <= self._let_in_before:
            assert time.monotonic() < deadline, self._api.complaint()[-2000:]
            self._nursery.attend(0.01)
        self._nursery.kill(self._api)
        self._nursery.wait(self._api)

    def _drain(self) -> None:
        """Wait until all that was given is stored and delivered and the giver knows it, then let the workers end."""
        everything = {one["n"] for one in self._given}
        knows = everything if self._inbound.acknowledged is not None else set()
        deadline = time.monotonic() + PATIENCE_S
        with Queue.from_config(load(self._plan.folder / "crossdock.toml", environ={}), app="watch") as queue:
            while not (
                queue.stats(OUT)
                and queue.stats(OUT)[OUT].completed >= len(everything)
                and self._acknowledged() >= knows
            ):
                assert time.monotonic() < deadline, (
                    f"seed {self._plan.seed}: given {len(everything)}, told {len(self._acknowledged())}, "
                    f"{queue.stats()}\n" + "\n".join(child.complaint()[-2000:] for child in self._driving())
                )
                self._nursery.attend(0.05)
        for child in self._driving():
            child.signal(signal.SIGTERM)
        self._nursery.wait(*self._driving(), timeout_s=60)

    def _once(self, role: str) -> None:
        options = {} if role == "work_by_configuration" else self._plan.place
        child = self._nursery.fork(role, **options)
        self._nursery.wait(child, timeout_s=PATIENCE_S)
        assert child.status == 0, f"{role} ended with {child.status}:\n{child.complaint()}"
