"""One process drains a full queue with a handler that does nothing but look at the data."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.channel import Answer, run
from benchmarks.contenders import FLOORS, PEERS, load
from benchmarks.contenders.contender import NotSupportedError, Session
from benchmarks.payload import Payload, order
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload, create

if TYPE_CHECKING:
    from benchmarks.channel import Channel


class Drain(Workload):
    """The floors drain by 100 (``raw-own-table`` fused), peers as their worker does, we by ``consume``.

    Each starts from a depth that it can empty in a second or two. That favours the slow ones whose speed
    falls with the depth; ``growth`` shows by how much.
    """

    name = "drain"
    title = "Drain, one process, empty handler"
    columns = (Column("per_s", "messages/s"), Column("count", "drained"))
    contenders = (*FLOORS, "raw-minimal-fused", *PEERS, "crossdock")
    ratio_of = "per_s"

    def prepare(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        durability = create(entrant, place)
        run(
            "workloads.drain:pile_up",
            place.log,
            limit_s=90,
            contender=entrant.contender,
            directory=str(place.directory),
            share=min(1.0, scale.seconds),
        )
        return durability

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        return run(
            "workloads.drain:drain",
            place.log,
            limit_s=60,
            contender=entrant.contender,
            directory=str(place.directory),
            seconds=scale.seconds,
        )


def pile_up(channel: Channel, *, contender: str, directory: str, share: float) -> Answer:
    """Be the child that sends what will be drained."""
    subject = load(contender)
    channel.ready()
    with closing(subject.open(Path(directory))) as session:
        send_all(session, [order(n) for n in range(int(subject.drain_messages * share))])
    return {}


def drain(channel: Channel, *, contender: str, directory: str, seconds: float) -> Answer:
    """Be the child that drains, in a process that has not sent: nothing of the messages is in its memory."""
    subject = load(contender)
    channel.ready()
    seen = 0

    def handle(data: Payload) -> None:
        nonlocal seen
        seen += data["paid"]

    with closing(subject.open(Path(directory), worker="drain")) as session:
        drained = session.drain(handle, count=subject.drain_messages, seconds=seconds)
    if drained.count == 0 or seen < drained.count:
        raise AssertionError(f"handled {seen} messages but settled {drained.count}")
    return {"per_s": drained.count / drained.seconds, "count": drained.count}


def send_all(session: Session, batch: list[Payload]) -> None:
    """Send a batch in bulk, or one by one where there is no bulk send."""
    try:
        session.send_many(batch)
    except NotSupportedError:
        for data in batch:
            session.send(data)
