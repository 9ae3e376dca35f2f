"""One durable send at a time, by one sender."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.channel import Answer, run
from benchmarks.contenders import FLOORS, PEERS, load
from benchmarks.payload import order
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload

if TYPE_CHECKING:
    from benchmarks.channel import Channel

WARM_UP = 20


class SendOne(Workload):
    """Every send returns after its own commit, and only then the next begins."""

    name = "send-one"
    title = "One durable send at a time"
    columns = (Column("per_s", "messages/s"), Column("p50_us", "p50, µs"), Column("p99_us", "p99, µs"))
    contenders = (*FLOORS, *PEERS, "crossdock")
    ratio_of = "per_s"

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        return run(
            "workloads.send_one:send",
            place.log,
            limit_s=60,
            contender=entrant.contender,
            directory=str(place.directory),
            seconds=scale.seconds,
        )


def send(channel: Channel, *, contender: str, directory: str, seconds: float) -> Answer:
    """Be the child: send until the time is up. The message is made anew each time, as senders do."""
    subject = load(contender)
    channel.ready()
    took: list[float] = []
    with closing(subject.open(Path(directory))) as session:
        for n in range(WARM_UP):
            session.send(order(n))
        begin = last = time.perf_counter()
        while last - begin < seconds:
            session.send(order(len(took)))
            now = time.perf_counter()
            took.append(now - last)
            last = now
    took.sort()
    return {
        "per_s": len(took) / (last - begin),
        "p50_us": took[len(took) // 2] * 1e6,
        "p99_us": took[int(len(took) * 0.99)] * 1e6,
    }
