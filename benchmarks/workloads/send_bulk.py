"""One sender, many messages in one commit."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.channel import Answer, run
from benchmarks.contenders import FLOORS, load
from benchmarks.payload import order
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload

if TYPE_CHECKING:
    from benchmarks.channel import Channel


class SendBulk(Workload):
    """The data is made before the clock starts. huey and persist-queue have no bulk send."""

    name = "send-bulk"
    title = "Bulk send"
    columns = (Column("per_s", "messages/s"), Column("count", "in one send"))
    contenders = (*FLOORS, "litequeue", "dbos", "crossdock")
    ratio_of = "per_s"

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        return run(
            "workloads.send_bulk:send",
            place.log,
            limit_s=60,
            contender=entrant.contender,
            directory=str(place.directory),
            share=min(1.0, scale.seconds),
        )


def send(channel: Channel, *, contender: str, directory: str, share: float) -> Answer:
    """Be the child: make the data first, then send it all in one call."""
    subject = load(contender)
    channel.ready()
    batch = [order(n) for n in range(int(subject.bulk_messages * share))]
    with closing(subject.open(Path(directory))) as session:
        session.send_many(batch[:10])
        start = time.perf_counter()
        session.send_many(batch)
        took = time.perf_counter() - start
    return {"per_s": len(batch) / took, "count": len(batch)}
