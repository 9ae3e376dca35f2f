"""The time per message beside a great many others, against the empty table.

Of single sends and takes the median counts: what a larger table costs falls on each of them, while a mean of a few
hundred follows the few that the disk kept waiting. The means are compared, too, in a column of their own.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.channel import Answer, run
from benchmarks.contenders import PEERS, load
from benchmarks.payload import Payload, order
from benchmarks.workloads.drain import send_all
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload, create

if TYPE_CHECKING:
    from benchmarks.channel import Channel

EMPTY = "empty"
EMPTY_KEYED = "empty, one key"
BASELINE = {"behind one key": EMPTY_KEYED}
"""Messages of one key are compared with messages of one key; everything else with the plain empty table."""
STATES = {
    "huey": ("pending", "scheduled"),
    "persist-queue": ("pending", "completed"),
    "litequeue": ("pending", "completed"),
    "dbos": ("pending", "completed"),
    "crossdock": ("pending", "scheduled", "completed", "behind one key", "beside one key"),
    "pgqueuer": ("pending",),
    "dbos-postgresql": ("pending", "completed"),
}
STATES["crossdock-postgresql"] = STATES["crossdock"]
MOST = {"dbos": 100_000, "dbos-postgresql": 100_000}
"""Its fifteen indexes make filling in a million take minutes."""
TIMES = ("send_us", "drain_us", "take_us")
MEANS = ("send_mean_us", "drain_us", "take_mean_us")
SENDS = 300
TAKES = 200
DRAINED = 2_000
LIMIT_S = 2.0
FILL_LIMIT_S = 240
"""For a million messages."""


class Growth(Workload):
    """Each state has its store, filled once; every round sends, drains and takes a few messages in each."""

    name = "growth"
    title = "Beside a great many messages"
    columns = (
        Column("filled", "filled in"),
        Column("send_us", "send, µs"),
        Column("drain_us", "drain, µs/message"),
        Column("take_us", "claim one and ack, µs"),
        Column("worst", "worst against empty, ×", 2),
        Column("worst_mean", "by means, ×", 2),
    )
    contenders = (*PEERS, "crossdock")
    keeps_store = True
    most_rounds = 3

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        entrants = []
        for one in super().entrants(contenders):
            keyed = (EMPTY_KEYED,) if one.contender == self.ours else ()
            states = (EMPTY, *keyed, *STATES[one.contender])
            entrants += [Entrant(one.contender, state) for state in states]
        return entrants

    def prepare(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        durability = create(entrant, place)
        if entrant.variant not in {EMPTY, EMPTY_KEYED}:
            run(
                "workloads.growth:fill",
                place.log,
                limit_s=max(FILL_LIMIT_S, FILL_LIMIT_S * _filled(entrant, scale) / 1e6),
                contender=entrant.contender,
                directory=str(place.directory),
                state=entrant.variant,
                count=_filled(entrant, scale),
            )
        return durability

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        answer = run(
            "workloads.growth:measure",
            place.log,
            limit_s=60,
            contender=entrant.contender,
            directory=str(place.directory),
            state=entrant.variant,
        )
        return answer | {"filled": _filled(entrant, scale)}

    def relate(self, figures: Mapping[str, Answer]) -> None:
        """Divide by the same contender's empty table; the worst of send, drain and take counts, by medians."""
        for label, own in figures.items():
            contender, _, state = label.partition(", ")
            empty = figures.get(f"{contender}, {BASELINE.get(state, EMPTY)}", {})
            for name, times in (("worst", TIMES), ("worst_mean", MEANS)):
                ratios = [own[key] / empty[key] for key in times if key in own and key in empty]
                if ratios and own["filled"]:
                    own[name] = max(ratios)


def _filled(entrant: Entrant, scale: Scale) -> int:
    if entrant.variant in {EMPTY, EMPTY_KEYED}:
        return 0
    return min(scale.growth, MOST.get(entrant.contender, scale.growth))


def fill(channel: Channel, *, contender: str, directory: str, state: str, count: int) -> Answer:
    """Be the child that fills a store."""
    subject = load(contender)
    channel.ready()
    subject.fill(Path(directory), state, count)
    return {}


def measure(channel: Channel, *, contender: str, directory: str, state: str) -> Answer:
    """Be the child that times one process's sends and takings beside what is there."""
    subject = load(contender)
    channel.ready()
    with closing(subject.open(Path(directory), worker="growth")) as session:
        session.join(state)
        count = min(DRAINED, subject.drain_messages // 5)
        answer = _time_each("send", lambda n: session.send(order(n)), SENDS)
        send_all(session, [order(n) for n in range(count)])
        drained = session.drain(_ignore, count=count, seconds=LIMIT_S)
        answer["drain_us"] = drained.seconds / max(drained.count, 1) * 1e6
        if subject.takes_by_batch:
            send_all(session, [order(n) for n in range(TAKES)])
            answer |= _time_each("take", lambda _: session.take(_ignore), TAKES)
    return answer


def _time_each(name: str, act: Callable[[int], object], count: int) -> Answer:
    """Microseconds for one of ``count`` acts, or of as many as the limit allows: their median and their mean."""
    instants = [time.perf_counter()]
    while len(instants) <= count and instants[-1] - instants[0] < LIMIT_S:
        act(len(instants) - 1)
        instants.append(time.perf_counter())
    each_us = [(after - before) * 1e6 for before, after in itertools.pairwise(instants)]
    return {f"{name}_us": statistics.median(each_us), f"{name}_mean_us": statistics.fmean(each_us)}


def _ignore(data: Payload) -> None:
    assert data["order"] >= 0
