"""The bars: what Crossdock must reach in each workload, measured and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from benchmarks.workloads.growth import BASELINE, EMPTY, STATES, TIMES
from benchmarks.workloads.send_concurrent import COROUTINES, ONE, THREADS

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


def _pick_up(figures: Figures) -> Iterator[Bar]:
    for key, bar in (("p50_ms", 4.0), ("p99_ms", 15.0)):
        yield Bar(
            "pick-up", key.removesuffix("_ms"), figures.get("crossdock", key), bar, at_least=False, unit="ms"
        )


def _growth(figures: Figures) -> Iterator[Bar]:
    for state in STATES["crossdock"]:
        empty = f"crossdock, {BASELINE.get(state, EMPTY)}"
        for key in TIMES:
            measured = figures.ratio(key, f"crossdock, {state}", empty)
            yield Bar("growth", f"{state}, {key.removesuffix('_us')}", measured, 1.5, at_least=False)


def _kill(figures: Figures) -> Iterator[Bar]:
    ways = ("crossdock, another lives", "crossdock, restart only")
    for key, what in (
        ("lost", "lost"),
        ("unexplained", "unexplained repeats"),
        ("never", "did not run again"),
    ):
        yield Bar("kill", what, figures.sum(ways, key), 0, at_least=False, unit="")
    for way in ways:
        measured = figures.get(way, "rerun_max_s")
        yield Bar("kill", f"runs again, {way.partition(', ')[2]}", measured, 1.0, at_least=False, unit="s")


def _idle(figures: Figures) -> Iterator[Bar]:
    yield Bar("idle", "processor", figures.get("crossdock", "cpu_percent"), 1.0, at_least=False, unit="%")
    yield Bar("idle", "memory (RSS)", figures.get("crossdock", "rss_mib"), 80.0, at_least=False, unit="MiB")


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
}
