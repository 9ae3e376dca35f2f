"""What a workload is: who enters, how one measurement is made, and how the rounds become one figure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, ClassVar

from benchmarks.channel import Answer, Child, run


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured: mostly times, so that a slow contender gets fewer messages, not a longer run."""

    name: str
    rounds: int
    seconds: float
    """One throughput measurement."""
    crowd_s: float
    growth: int
    samples: int
    """Pick-ups in one round."""
    kills: int
    idle_s: float


QUICK = Scale("quick", rounds=2, seconds=0.5, crowd_s=2.0, growth=100_000, samples=40, kills=3, idle_s=10.0)
COMPLETE = Scale(
    "full", rounds=5, seconds=1.0, crowd_s=4.0, growth=1_000_000, samples=80, kills=12, idle_s=12.0
)


@dataclass(frozen=True, slots=True)
class Entrant:
    """One line of a workload's table: a contender, perhaps in a variant."""

    contender: str
    variant: str = ""

    @property
    def label(self) -> str:
        """The line's name."""
        return f"{self.contender}, {self.variant}" if self.variant else self.contender


@dataclass(frozen=True, slots=True)
class Place:
    """Where one measurement happens: a fresh directory for the store, and a file for what children print."""

    directory: Path

    @property
    def log(self) -> Path:
        """What the children say on standard error."""
        return self.directory / "children.log"


@dataclass(frozen=True, slots=True)
class Column:
    """One figure of the table."""

    key: str
    heading: str
    digits: int = 0


def latency_columns(counted: str) -> tuple[Column, ...]:
    """Return the columns of what ``pooled`` says; ``counted`` is what the samples are."""
    return (
        Column("p50_ms", "p50, ms", 2),
        Column("p99_ms", "p99, ms", 2),
        Column("max_ms", "longest, ms", 2),
        Column("samples", counted),
    )


def pooled(rounds: Sequence[Mapping[str, Any]], key: str) -> Answer:
    """Return what the tables show of the samples of all rounds, in seconds: a p99 needs them all."""
    samples = sorted(value * 1e3 for one in rounds for value in one[key])
    return {
        "p50_ms": samples[len(samples) // 2],
        "p99_ms": samples[int(len(samples) * 0.99)],
        "max_ms": samples[-1],
        "samples": len(samples),
    }


@contextmanager
def serving(target: str, place: Place) -> Iterator[None]:
    """Have a child serve from when it is ready, and stop it in good order at the end."""
    child = Child(target, place.log, directory=str(place.directory))
    try:
        child.wait_ready()
        child.go()
        yield
        child.stop()
        child.result(limit_s=20)
    finally:
        child.kill()


class Workload(ABC):
    """One row of the table of bars."""

    name: ClassVar[str]
    title: ClassVar[str]
    columns: ClassVar[Sequence[Column]]
    contenders: ClassVar[tuple[str, ...]]
    ours: ClassVar[str] = "crossdock"
    """The contender that all others are compared with."""
    ratio_of: ClassVar[str | None] = None
    """The column whose ratio to Crossdock is shown; None: none."""
    keeps_store: ClassVar[bool] = False
    """Whether all rounds use one store, prepared once, because preparing it is most of the work."""
    most_rounds: ClassVar[int] = 100

    def entrants(self, contenders: Sequence[str]) -> list[Entrant]:
        """Name the lines of this workload, in the order in which they are measured in every round."""
        return [Entrant(name) for name in self.contenders if name in contenders]

    def prepare(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        """Make the store; returns its durability."""
        del scale
        return create(entrant, place)

    @abstractmethod
    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        """Measure once. Every value that is a number is one of the figures."""

    def summarise(self, rounds: Sequence[Mapping[str, Any]]) -> Answer:
        """Make one answer of the rounds: the median of each figure."""
        return medians(rounds)

    def relate(self, figures: Mapping[str, Answer]) -> None:
        """Add figures that compare entrants. ``figures`` is by label, and is changed in place."""
        del figures


def create(entrant: Entrant, place: Place) -> Answer:
    """Make an empty store in a child."""
    return run(
        "roles:create", place.log, limit_s=60, contender=entrant.contender, directory=str(place.directory)
    )


def medians(rounds: Sequence[Mapping[str, Any]]) -> Answer:
    """Take the median of every figure that all rounds have."""
    columns = {key: [one.get(key) for one in rounds] for key in rounds[0]}
    numbers = {
        key: [value for value in column if isinstance(value, int | float)] for key, column in columns.items()
    }
    return {key: median(values) for key, values in numbers.items() if len(values) == len(rounds)}
