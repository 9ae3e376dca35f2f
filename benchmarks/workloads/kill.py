"""``kill -9`` of a worker in the middle of a message: what is lost, what runs again, and when."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Answer, Child, run
from benchmarks.contenders import PEERS, load
from benchmarks.contenders.contender import POLL_S
from benchmarks.ledger import Ledger
from benchmarks.payload import order
from benchmarks.workloads.crowd import figures
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload

if TYPE_CHECKING:
    from benchmarks.channel import Channel

LIVES = "another lives"
RESTART = "restart only"
NEIGHBOURS = 20
LIMIT_S = 4.0
"""How long to wait for the message to run again. Crossdock's bar is 1 s."""
PEER_KILLS = 2
"""Peers are killed less often: most never run the message again, and each time takes the whole limit."""


COUNTS = ("kills", "lost", "unexplained", "unfinished")


class Kill(Workload):
    """A worker is killed while it hangs in one message of forty; the clock runs until that one runs again.

    ``another lives``: a second worker process is on the store. ``restart only``: none; the clock starts when
    the new process, which has imported everything, opens the store.
    """

    name = "kill"
    title = "kill -9 of a worker"
    columns = (
        Column("kills", "kills"),
        Column("rerun_p50_s", "runs again, median s", 3),
        Column("rerun_max_s", "longest, s", 3),
        Column("never", f"not within {LIMIT_S:.0f} s"),
        Column("lost", "lost"),
        Column("unexplained", "unexplained repeats"),
        Column("unfinished", "left unfinished"),
    )
    contenders = (*PEERS, "crossdock")
    most_rounds = 1

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        return [
            Entrant(one.contender, way) for one in super().entrants(contenders) for way in (LIVES, RESTART)
        ]

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        kills = scale.kills if entrant.contender == self.ours else min(PEER_KILLS, scale.kills)
        names = ("a", "b") if entrant.variant == LIVES else ("a",)
        scene = Scene(entrant, place)
        try:
            for name in names:
                scene.start(name)
            reruns = [scene.kill_once(number) for number in range(kills)]
            scene.finish()
        finally:
            scene.end()
        ledger = Ledger.read(place.directory)
        return figures(entrant, place, ledger, killed=tuple(scene.killed)) | {
            "kills": kills,
            "reruns": reruns,
        }

    def summarise(self, rounds: Sequence[Mapping[str, Any]]) -> Answer:
        """Pool the kills of all rounds."""
        reruns = [value for one in rounds for value in one["reruns"]]
        known = [value for value in reruns if value is not None]
        answer: Answer = {
            key: sum(one[key] for one in rounds) for key in ("kills", "lost", "unexplained", "unfinished")
        }
        answer["never"] = len(reruns) - len(known)
        if known:
            answer |= {"rerun_p50_s": median(known), "rerun_max_s": max(known)}
        return answer


@dataclass(slots=True)
class Scene:
    """The workers of one measurement: who lives, who was killed."""

    entrant: Entrant
    place: Place
    living: dict[str, Child] = field(default_factory=dict)
    """By the worker's name, which a replacement inherits; its ledger is named after name and generation."""
    ledgers: dict[str, str] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    generation: int = 0

    def start(self, name: str) -> None:
        """Start a worker and wait until its store is open."""
        child = self.hire(name)
        child.go()
        child.wait_ready()
        self.living[name] = child

    def hire(self, name: str) -> Child:
        """Start a process that has imported everything and waits to open the store."""
        self.generation += 1
        self.ledgers[name] = f"{name}{self.generation}"
        child = Child(
            "roles:work",
            self.place.log,
            contender=self.entrant.contender,
            directory=str(self.place.directory),
            ledger=str(self.place.directory / f"{self.ledgers[name]}.ledger"),
            name=name,
            poll_s=POLL_S,
        )
        child.wait_ready()
        return child

    def kill_once(self, number: int) -> float | None:
        """Kill the worker that hangs in a message; returns the seconds until that message runs again."""
        hanging = self.feed(number)
        victim = self._wait_for_start(hanging, runs=1, limit_s=10)
        if victim is None:
            raise TimeoutError(f"no worker took message {hanging}")
        name = next(name for name, ledger in self.ledgers.items() if ledger == victim[1])
        self.killed.append(victim[1])
        alone = len(self.living) == 1
        successor = self.hire(name) if alone else None
        self.living[name].kill()
        begin_ns = time.monotonic_ns()
        if successor is not None:
            successor.go()
        again = self._wait_for_start(hanging, runs=2, limit_s=LIMIT_S)
        if successor is None:
            self.start(name)
        else:
            successor.wait_ready()
            self.living[name] = successor
        return None if again is None else (again[0] - begin_ns) / 1e9

    def feed(self, number: int) -> int:
        """Send forty messages with one in the middle whose first run hangs; returns its number."""
        first = (number + 1) * 1_000
        run(
            "workloads.kill:feed",
            self.place.log,
            limit_s=60,
            contender=self.entrant.contender,
            directory=str(self.place.directory),
            ledger=str(self.place.directory / f"feed{number}.ledger"),
            first=first,
        )
        return first + NEIGHBOURS

    def finish(self) -> None:
        """Give the workers time for what is left, then stop them in good order."""
        end = time.monotonic() + LIMIT_S
        while time.monotonic() < end:
            ledger = Ledger.read(self.place.directory)
            if ledger.acknowledged.keys() <= ledger.ends.keys():
                break
            time.sleep(0.05)
        for child in self.living.values():
            child.stop()
        for child in self.living.values():
            child.result(limit_s=20)

    def end(self) -> None:
        """Leave no process behind."""
        for child in self.living.values():
            child.kill()

    def _wait_for_start(self, message: int, *, runs: int, limit_s: float) -> tuple[int, str] | None:
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            started = Ledger.read(self.place.directory).starts.get(message, [])
            if len(started) >= runs:
                return started[runs - 1]
            time.sleep(0.005)
        return None


def feed(channel: Channel, *, contender: str, directory: str, ledger: str, first: int) -> Answer:
    """Be the child that sends one kill's messages and ends before it: only workers are on the store then."""
    subject = load(contender)
    channel.ready()
    with closing(subject.open(Path(directory))) as session, Path(ledger).open("w") as book:
        for n in range(first, first + 2 * NEIGHBOURS + 1):
            hangs = {"hang": True} if n == first + NEIGHBOURS else {}
            reference = session.send(order(n) | hangs)
            book.write(f"A {n} 0 {reference or '-'}\n")
    return {}
