"""Four processes send, four take, all on one store; every message is counted outside it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.channel import Answer, Child, run
from benchmarks.contenders import PEERS, load
from benchmarks.ledger import Ledger
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload

if TYPE_CHECKING:
    from benchmarks.channel import Channel

PRODUCERS = 4
WORKERS = 4
POLL_S = 0.01
"""Shorter than when idle: here a polling worker should not sleep while others produce."""


class Crowd(Workload):
    """Producers send singly for some seconds; counted is what came through by the last handler's end."""

    name = "crowd"
    title = "4 producers and 4 workers, processes"
    columns = (
        Column("through_per_s", "through/s"),
        Column("sent_per_s", "sent/s"),
        Column("lost", "lost"),
        Column("unexplained", "unexplained repeats"),
        Column("unfinished", "left unfinished"),
        Column("errors", "refused sends"),
        Column("slowest_send_s", "slowest send, s", 2),
        Column("cpu_us", "CPU, µs/message"),
    )
    contenders = ("raw-minimal", "raw-own-table", *PEERS, "crossdock")
    ratio_of = "through_per_s"
    most_rounds = 3

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        common = {"contender": entrant.contender, "directory": str(place.directory)}
        workers = [
            Child(
                "roles:work",
                place.log,
                **common,
                ledger=f"{place.directory}/w{n}.ledger",
                name=f"w{n}",
                poll_s=POLL_S,
            )
            for n in range(WORKERS)
        ]
        producers = [
            Child("roles:produce", place.log, **common, ledger=f"{place.directory}/p{n}.ledger", number=n + 1,
                  seconds=scale.crowd_s)
            for n in range(PRODUCERS)
        ]  # fmt: skip
        try:
            start_ns, produced = _let_them_run(workers, producers, scale.crowd_s)
            _wait_for_the_rest(place.directory, limit_s=2 * scale.crowd_s)
            for worker in workers:
                worker.stop()
            worked = [worker.result(limit_s=20) for worker in workers]
        finally:
            for child in (*workers, *producers):
                child.kill()
        ledger = Ledger.read(place.directory)
        cpu_s = sum(one["cpu_s"] for one in (*produced, *worked))
        answer = figures(entrant, place, ledger) | rates(ledger, start_ns, scale.crowd_s)
        answer["errors"] = sum(one["errors"] for one in produced)
        answer["cpu_us"] = cpu_s / max(len(ledger.ends), 1) * 1e6
        return answer

    def summarise(self, rounds: Any) -> Answer:
        """Take medians of the rates, but the worst of what must not happen."""
        answer = super().summarise(rounds)
        worst = {key: max(one[key] for one in rounds) for key in WORST}
        return answer | worst


WORST = ("lost", "unexplained", "unfinished", "errors", "slowest_send_s")


def figures(entrant: Entrant, place: Place, ledger: Ledger, killed: tuple[str, ...] = ()) -> Answer:
    """Hold the ledger against what the store says."""
    repeated = [
        ledger.acknowledged[n]
        for n, runs in ledger.starts.items()
        if len(runs) > 1 and n in ledger.acknowledged
    ]
    seen = run(
        "workloads.crowd:look",
        place.log,
        limit_s=60,
        contender=entrant.contender,
        directory=str(place.directory),
        references=repeated,
    )
    recorded = seen["redeliveries"]
    return {
        "lost": ledger.lost(seen["unfinished"]),
        "repeats": ledger.repeats(),
        "unexplained": ledger.unexplained(killed=killed, recorded=recorded.__getitem__ if recorded else None),
        "unfinished": seen["unfinished"],
    }


def rates(ledger: Ledger, start_ns: int, send_s: float) -> Answer:
    """Work out what came through in a second, and the slowest send."""
    elapsed = max((ledger.last_end_ns - start_ns) / 1e9, 1e-6)
    return {
        "through_per_s": len(ledger.ends) / elapsed,
        "sent_per_s": len(ledger.acknowledged) / send_s,
        "slowest_send_s": max(ledger.send_s, default=0.0),
    }


def look(channel: Channel, *, contender: str, directory: str, references: list[str]) -> Answer:
    """Be the child that asks the store what it still holds, and why it handed some messages out again."""
    subject = load(contender)
    channel.ready()
    session = subject.open(Path(directory))
    redeliveries = {one: session.redeliveries(one) for one in references} if subject.keeps_history else {}
    unfinished = session.unfinished()
    session.close()
    return {"unfinished": unfinished, "redeliveries": redeliveries}


def _let_them_run(workers: list[Child], producers: list[Child], seconds: float) -> tuple[int, list[Answer]]:
    """Start workers, then producers; returns the instant of the start and what the producers say."""
    for child in (*workers, *producers):
        child.wait_ready()
    for worker in workers:
        worker.go()
    for worker in workers:
        worker.wait_ready()
    start_ns = time.monotonic_ns()
    for producer in producers:
        producer.go()
    return start_ns, [producer.result(limit_s=seconds + 60) for producer in producers]


def _wait_for_the_rest(folder: Path, limit_s: float) -> None:
    """Wait until every acknowledged message was handled, or the limit is over."""
    end = time.monotonic() + limit_s
    while True:
        ledger = Ledger.read(folder)
        if ledger.acknowledged.keys() <= ledger.ends.keys() or time.monotonic() > end:
            return
        time.sleep(0.2)
