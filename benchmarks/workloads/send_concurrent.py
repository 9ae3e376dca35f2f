"""Sixty-four senders at once in one process, each with one durable send at a time."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Answer, run
from benchmarks.contenders import PEERS, load
from benchmarks.contenders.contender import COROUTINES, THREADS
from benchmarks.payload import order
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload

if TYPE_CHECKING:
    from benchmarks.channel import Channel
    from crossdock import AsyncQueue

SENDERS = 64
ONE = "1 sender"
WAYS = {"procrastinate": COROUTINES, "pgqueuer": COROUTINES}
"""Those that only speak asyncio; all others send in threads."""


class SendConcurrent(Workload):
    """Threads for all; for Crossdock coroutines and one sender too, as its bar is the gain over one."""

    name = "send-concurrent"
    title = "64 concurrent single senders"
    columns = (Column("per_s", "messages/s"), Column("slowest_ms", "slowest send, ms"))
    contenders = ("raw-minimal", "raw-own-table", *PEERS, "crossdock")
    ratio_of = "per_s"

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        entrants = [
            Entrant(one.contender, WAYS.get(one.contender, THREADS)) for one in super().entrants(contenders)
        ]
        if self.ours in contenders:
            entrants += [Entrant(self.ours, COROUTINES), Entrant(self.ours, ONE)]
        return entrants

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        role = "send_in_coroutines" if entrant.variant == COROUTINES else "send_in_threads"
        return run(
            f"workloads.send_concurrent:{role}",
            place.log,
            limit_s=90,
            contender=entrant.contender,
            directory=str(place.directory),
            seconds=scale.seconds,
            senders=1 if entrant.variant == ONE else SENDERS,
        )


def send_in_threads(
    channel: Channel, *, contender: str, directory: str, seconds: float, senders: int
) -> Answer:
    """Be the child: start the threads, let all begin at once, count what was acknowledged."""
    subject = load(contender)
    channel.ready()
    place = Path(directory)
    barrier = threading.Barrier(senders + 1)
    took: list[float] = []
    failures: list[Exception] = []

    def one_sender(number: int) -> None:
        session = subject.thread_session(shared, place)
        mine = []
        barrier.wait()
        end = time.perf_counter() + seconds
        try:
            while (start := time.perf_counter()) < end:
                session.send(order(number))
                mine.append(time.perf_counter() - start)
        except Exception as error:  # noqa: BLE001 - told to the parent, below
            failures.append(error)
        took.extend(mine)
        if session is not shared:
            session.close()

    with closing(subject.open(place)) as shared:
        threads = [threading.Thread(target=one_sender, args=(n,)) for n in range(senders)]
        for thread in threads:
            thread.start()
        barrier.wait()
        start = time.perf_counter()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - start
    if failures:
        raise failures[0]
    return {"per_s": len(took) / elapsed, "slowest_ms": max(took) * 1e3}


def send_in_coroutines(
    channel: Channel, *, contender: str, directory: str, seconds: float, senders: int
) -> Answer:
    """Be the child of Crossdock's ``AsyncQueue``."""
    subject: Any = load(contender)
    channel.ready()
    took = asyncio.run(_gather(subject.open_async(Path(directory)), seconds, senders))
    return {"per_s": len(took) / seconds, "slowest_ms": max(took) * 1e3}


async def _gather(queue: AsyncQueue, seconds: float, senders: int) -> list[float]:
    took: list[float] = []

    async def one_sender(number: int, end: float) -> None:
        while (start := time.perf_counter()) < end:
            await queue.send("app", order(number))
            took.append(time.perf_counter() - start)

    async with queue:
        await queue.send("app", order(0))
        end = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            for n in range(senders):
                group.create_task(one_sender(n, end))
    return took
