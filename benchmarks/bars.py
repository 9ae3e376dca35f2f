"""The bars: what Crossdock must reach in each workload, measured and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from benchmarks.contenders import OURS, PEERS_ON_POSTGRESQL
from benchmarks.contenders.contender import COROUTINES, THREADS
from benchmarks.workloads import calls, file_doors
from benchmarks.workloads.growth import BASELINE, EMPTY, STATES, TIMES
from benchmarks.workloads.hub_cost import CONSUME, HUB
from benchmarks.workloads.scaling import COUNTS, workers
from benchmarks.workloads.send_concurrent import ONE

Results: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure of Crossdock against its bar."""

    workload: str
    what: str
    measured: float | None
    bar: float
    at_least: bool
    unit: str = "×"

    @property
    def verdict(self) -> str:
        """Say ``met``, ``not met`` or ``not measured``."""
        if self.measured is None:
            return "not measured"
        met = self.measured >= self.bar if self.at_least else self.measured <= self.bar
        return "met" if met else "not met"


def judge(results: Results) -> list[Bar]:
    """Hold the results of a run against every bar. Workloads that were not run have none."""
    bars: list[Bar] = []
    for name, make in MAKERS.items():
        if name in results:
            bars += make(Figures(results[name]))
    for name, on_server in ON_SERVER.items():
        if name in results:
            found = on_server(Figures(results[name]), "crossdock-postgresql")
            bars += [replace(bar, workload=name) for bar in found]
    return bars


@dataclass(frozen=True, slots=True)
class Figures:
    """One workload's figures by entrant."""

    part: dict[str, Any]

    def get(self, entrant: str, key: str) -> float | None:
        """Return a figure, or None where it was not measured."""
        value = self.part["entrants"].get(entrant, {}).get("figures", {}).get(key)
        return None if value is None else float(value)

    def ratio(self, key: str, entrant: str, other: str) -> float | None:
        """Divide one entrant's figure by another's."""
        one, two = self.get(entrant, key), self.get(other, key)
        return None if one is None or not two else one / two

    def sum(self, entrants: tuple[str, ...], key: str) -> float | None:
        """Add a figure up over entrants; None if one was not measured."""
        values = [self.get(entrant, key) for entrant in entrants]
        return None if None in values else sum(value for value in values if value is not None)


def _send_one(figures: Figures) -> Iterator[Bar]:
    for other, bar in (("raw-own-table", 0.80), ("raw-minimal", 0.55)):
        yield Bar(
            "send-one", f"against {other}", figures.ratio("per_s", "crossdock", other), bar, at_least=True
        )


def _send_bulk(figures: Figures) -> Iterator[Bar]:
    measured = figures.ratio("per_s", "crossdock", "raw-minimal")
    yield Bar("send-bulk", "against raw-minimal", measured, 0.35, at_least=True)


def _send_concurrent(figures: Figures) -> Iterator[Bar]:
    for way in (THREADS, COROUTINES):
        measured = figures.ratio("per_s", f"crossdock, {way}", f"crossdock, {ONE}")
        yield Bar("send-concurrent", f"{way} against one sender", measured, 2.0, at_least=True)


def _drain(figures: Figures) -> Iterator[Bar]:
    for other, bar in (("huey", 5.0), ("persist-queue", 15.0), ("raw-minimal", 0.30)):
        yield Bar("drain", f"against {other}", figures.ratio("per_s", "crossdock", other), bar, at_least=True)


def _crowd(figures: Figures) -> Iterator[Bar]:
    measured = figures.ratio("through_per_s", "crossdock", "huey")
    yield Bar("crowd", "through, against huey", measured, 1.5, at_least=True)
    for key, what in (("lost", "lost"), ("unexplained", "unexplained repeats"), ("errors", "refused sends")):
        yield Bar("crowd", what, figures.get("crossdock", key), 0, at_least=False, unit="")
    yield Bar(
        "crowd", "slowest send", figures.get("crossdock", "slowest_send_s"), 1.0, at_least=False, unit="s"
    )


def _pick_up(figures: Figures, ours: str = "crossdock") -> Iterator[Bar]:
    for key, bar in (("p50_ms", 4.0), ("p99_ms", 15.0)):
        yield Bar("pick-up", key.removesuffix("_ms"), figures.get(ours, key), bar, at_least=False, unit="ms")


def _growth(figures: Figures, ours: str = "crossdock") -> Iterator[Bar]:
    for state in STATES[ours]:
        empty = f"{ours}, {BASELINE.get(state, EMPTY)}"
        for key in TIMES:
            measured = figures.ratio(key, f"{ours}, {state}", empty)
            yield Bar("growth", f"{state}, {key.removesuffix('_us')}", measured, 1.5, at_least=False)


def _kill(figures: Figures, ours: str = "crossdock") -> Iterator[Bar]:
    ways = (f"{ours}, another lives", f"{ours}, restart only")
    for key, what in (
        ("lost", "lost"),
        ("unexplained", "unexplained repeats"),
        ("never", "did not run again"),
    ):
        yield Bar("kill", what, figures.sum(ways, key), 0, at_least=False, unit="")
    for way in ways:
        measured = figures.get(way, "rerun_max_s")
        yield Bar("kill", f"runs again, {way.partition(', ')[2]}", measured, 1.0, at_least=False, unit="s")


def _idle(figures: Figures, ours: str = "crossdock") -> Iterator[Bar]:
    yield Bar("idle", "processor", figures.get(ours, "cpu_percent"), 1.0, at_least=False, unit="%")
    yield Bar("idle", "memory (RSS)", figures.get(ours, "rss_mib"), 80.0, at_least=False, unit="MiB")


def _hub(figures: Figures) -> Iterator[Bar]:
    for ours in OURS:
        measured = figures.ratio("per_s", f"{ours}, {CONSUME}", f"{ours}, {HUB}")
        yield Bar("hub", f"an empty handler through {ours}'s hub", measured, 1.5, at_least=False)


def _file_in(figures: Figures) -> Iterator[Bar]:
    yield from _file_door("file-in", figures, file_doors.SCRIPT)


def _file_out(figures: Figures) -> Iterator[Bar]:
    yield from _file_door("file-out", figures, file_doors.OUT_SCRIPT)


def _file_door(name: str, figures: Figures, script: str) -> Iterator[Bar]:
    ours = f"crossdock, {file_doors.HUB}"
    measured = figures.ratio("per_s", ours, f"raw-minimal, {script}")
    yield Bar(name, f"against {script}", measured, 0.25, at_least=True)
    memory = figures.ratio("peak_mib", ours, f"crossdock, {file_doors.SMALL}")
    yield Bar(name, "memory, ten times the rows", memory, 1.25, at_least=False)


def _calls(figures: Figures) -> Iterator[Bar]:
    for way, bar in ((calls.WITHIN, 5.0), (calls.ACROSS, 15.0)):
        measured = figures.get(f"crossdock, {way}", "p50_ms")
        yield Bar("calls", f"p50 of {way}", measured, bar, at_least=False, unit="ms")


def _send_one_on_server(figures: Figures, ours: str) -> Iterator[Bar]:
    yield Bar("", "against psycopg", figures.ratio("per_s", ours, "psycopg"), 0.60, at_least=True)


def _send_bulk_on_server(figures: Figures, ours: str) -> Iterator[Bar]:
    yield Bar("", "against COPY", figures.ratio("per_s", ours, "psycopg"), 0.30, at_least=True)


def _send_concurrent_on_server(figures: Figures, ours: str) -> Iterator[Bar]:
    for way in (THREADS, COROUTINES):
        measured = figures.ratio("per_s", f"{ours}, {way}", f"{ours}, {ONE}")
        yield Bar("", f"{way} against one sender", measured, 2.5, at_least=True)


def _drain_on_server(figures: Figures, ours: str) -> Iterator[Bar]:
    for other, bar in (("pgqueuer", 1.3), ("psycopg", 0.30)):
        yield Bar("", f"against {other}", figures.ratio("per_s", ours, other), bar, at_least=True)


def _crowd_on_server(figures: Figures, ours: str) -> Iterator[Bar]:
    for other in PEERS_ON_POSTGRESQL:
        measured = figures.ratio("through_per_s", ours, other)
        yield Bar("", f"through, against {other}", measured, 2.0, at_least=True)
    for key, what in (("lost", "lost"), ("unexplained", "unexplained repeats"), ("errors", "refused sends")):
        yield Bar("", what, figures.get(ours, key), 0, at_least=False, unit="")


def _scaling_on_server(figures: Figures, ours: str) -> Iterator[Bar]:
    one = figures.get(f"{ours}, {workers(1)}", "per_s")
    for count in COUNTS[1:]:
        many = figures.get(f"{ours}, {workers(count)}", "per_s")
        measured = many / (count * one) if many is not None and one else None
        yield Bar("", f"{workers(count)} against as many times one", measured, 0.8, at_least=True)


MAKERS: dict[str, Callable[[Figures], Iterator[Bar]]] = {
    "send-one": _send_one,
    "send-bulk": _send_bulk,
    "send-concurrent": _send_concurrent,
    "drain": _drain,
    "crowd": _crowd,
    "pick-up": _pick_up,
    "growth": _growth,
    "kill": _kill,
    "idle": _idle,
    "hub": _hub,
    "file-in": _file_in,
    "file-out": _file_out,
    "calls": _calls,
}
ON_SERVER: dict[str, Callable[[Figures, str], Iterator[Bar]]] = {
    "send-one-postgresql": _send_one_on_server,
    "send-bulk-postgresql": _send_bulk_on_server,
    "send-concurrent-postgresql": _send_concurrent_on_server,
    "drain-postgresql": _drain_on_server,
    "crowd-postgresql": _crowd_on_server,
    "scaling-postgresql": _scaling_on_server,
    "pick-up-postgresql": _pick_up,
    "growth-postgresql": _growth,
    "kill-postgresql": _kill,
    "idle-postgresql": _idle,
}
