"""Several worker processes on one queue, whose handlers wait for something else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.channel import Answer, Child, run
from benchmarks.contenders import OURS, load
from benchmarks.ledger import Ledger
from benchmarks.payload import order
from benchmarks.workloads.drain import send_all
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload, create

if TYPE_CHECKING:
    from benchmarks.channel import Channel

COUNTS = (1, 2, 4)
HANDLER_S = 0.005
POLL_S = 0.01
SECONDS = 3.0


class Scaling(Workload):
    """Each worker handles one message at a time, for 5 ms: more workers do more, until something stands in the way."""

    name = "scaling"
    title = "1 to 4 worker processes, handlers of 5 ms"
    columns = (Column("per_s", "messages/s"), Column("workers", "processes"))
    contenders = OURS
    most_rounds = 3

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        return [Entrant(one.contender, workers(n)) for one in super().entrants(contenders) for n in COUNTS]

    def prepare(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        durability = create(entrant, place)
        count = int(_count(entrant) * (SECONDS + 3) / HANDLER_S)
        common = {"contender": entrant.contender, "directory": str(place.directory)}
        run("workloads.scaling:fill", place.log, limit_s=90, **common, count=count)
        return durability

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        children = [
            Child("roles:work", place.log, contender=entrant.contender, directory=str(place.directory),
                  ledger=f"{place.directory}/w{n}.ledger", name=f"w{n}", poll_s=POLL_S)
            for n in range(_count(entrant))
        ]  # fmt: skip
        try:
            for child in children:
                child.wait_ready()
            for child in children:
                child.go()
            for child in children:
                child.wait_ready()
            time.sleep(0.3)  # all are at work
            begin_ns = time.monotonic_ns()
            time.sleep(SECONDS)
            end_ns = time.monotonic_ns()
            for child in children:
                child.stop()
            for child in children:
                child.result(limit_s=20)
        finally:
            for child in children:
                child.kill()
        starts = Ledger.read(place.directory).starts.values()
        done = sum(begin_ns <= at < end_ns for runs in starts for at, _ in runs)
        return {"per_s": done / (end_ns - begin_ns) * 1e9, "workers": len(children)}


def workers(count: int) -> str:
    """Name a line of the table."""
    return f"{count} worker{'s' if count > 1 else ''}"


def _count(entrant: Entrant) -> int:
    return int(entrant.variant.partition(" ")[0])


def fill(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that sends what the workers take."""
    subject = load(contender)
    channel.ready()
    with closing(subject.open(Path(directory))) as session:
        send_all(session, [{**order(n), "sleep_s": HANDLER_S} for n in range(count)])
    return {}
