"""What a hub adds to the cost of a message: the same drain through ``hub.run()`` and through ``consume``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Answer, run
from benchmarks.contenders import OURS, load
from benchmarks.payload import order
from benchmarks.workloads.drain import send_all
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload, create

if TYPE_CHECKING:
    from benchmarks.channel import Channel
    from crossdock import Hub, Message

CONSUME = "AsyncQueue.consume"
HUB = "hub, async handler"
THREADS = "hub, sync handler"
APP = "app"
MESSAGES = 20_000
IN_THREADS = 4_000
AT_ONCE = timedelta(0)
CONCURRENCY = 8


class HubCost(Workload):
    """A handler that does nothing, through the hub and without it; a sync one runs in a thread of the hub."""

    name = "hub"
    title = "Through the hub, empty handler"
    columns = (Column("per_s", "messages/s"), Column("count", "drained"))
    contenders = OURS
    ratio_of = None

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        ways = (CONSUME, HUB, THREADS)
        return [Entrant(one.contender, way) for one in super().entrants(contenders) for way in ways]

    def prepare(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        durability = create(entrant, place)
        self._run("fill", entrant, place, count=self._count(entrant, scale))
        return durability

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        return self._run("drain", entrant, place, count=self._count(entrant, scale), way=entrant.variant)

    def _count(self, entrant: Entrant, scale: Scale) -> int:
        return int((IN_THREADS if entrant.variant == THREADS else MESSAGES) * min(1.0, scale.seconds))

    def _run(self, role: str, entrant: Entrant, place: Place, **arguments: Any) -> Answer:
        return run(
            f"workloads.hub_cost:{role}",
            place.log,
            limit_s=90,
            contender=entrant.contender,
            directory=str(place.directory),
            **arguments,
        )


def fill(channel: Channel, *, contender: str, directory: str, count: int) -> Answer:
    """Be the child that sends what will be drained."""
    subject = load(contender)
    channel.ready()
    with closing(subject.open(Path(directory))) as session:
        send_all(session, [order(n) for n in range(count)])
    return {}


def drain(channel: Channel, *, contender: str, directory: str, count: int, way: str) -> Answer:
    """Be the child that drains; the clock stops when all is settled and the loop has ended."""
    subject: Any = load(contender)
    ways: dict[str, Callable[[Any], float]] = {CONSUME: _consume, HUB: _hub, THREADS: _hub_in_threads}
    channel.ready()
    with closing(subject.open(Path(directory))) as session:
        took = ways[way]((subject, Path(directory), session))
        left = session.unfinished()
    if left:
        raise AssertionError(f"{left} of {count} messages were not handled")
    return {"per_s": count / took, "count": count}


def _consume(place: Any) -> float:
    subject, directory, _ = place

    async def through() -> float:
        async with subject.open_async(directory) as queue:
            begin = time.perf_counter()
            async for _ in queue.consume(APP, wait=AT_ONCE):
                pass
            return time.perf_counter() - begin

    return asyncio.run(through())


def _hub(place: Any) -> float:
    async def nothing(message: Message) -> None:
        del message

    return _timed(_hub_with(place, nothing))


def _hub_in_threads(place: Any) -> float:
    def nothing(message: Message) -> None:
        del message

    return _timed(_hub_with(place, nothing))


def _hub_with(place: Any, handler: Callable[[Any], Awaitable[None] | None]) -> Hub:
    from crossdock import Hub  # noqa: PLC0415 - only these children need it

    hub = Hub(place[2].queue)
    hub.app(APP, concurrency=CONCURRENCY)(handler)
    return hub


def _timed(hub: Hub) -> float:
    begin = time.perf_counter()
    hub.run(wait=AT_ONCE)
    return time.perf_counter() - begin
