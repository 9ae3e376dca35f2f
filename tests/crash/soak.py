"""What takes hours: ``python -m tests.crash.soak``, or ``make soak``.

Rounds of kills on each kind of store in turn, each on a fresh one with a seed of its own; then minutes of mixed load
(P9); then stores of ten million messages (P17). What was done is kept in a state file, so a run that was stopped
(with Ctrl-C, or by a power cut) goes on where it was. The folder of a round with a violation is kept, its seed is
printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.crash import soak_growth, soak_load
from tests.crash.checker import percentile, spread
from tests.crash.harness import Plan, run
from tests.crash.places import place_of
from tests.postgresql_databases import Databases
from tests.postgresql_server import Server

if TYPE_CHECKING:
    from tests.crash.stage import Place

STORES = ("sqlite", "postgresql", "safe-mode", "postgresql")
ORPHAN_LIMIT_S = 1.0


@dataclass(slots=True)
class Progress:
    """What is done so far.

    Attributes:
        delays: The seconds until each orphan ran again.
        loads: For each round of mixed load, the longest send, in seconds.
        growth: By contender and state, how many times as long work took as beside nothing.
    """

    seed: int
    rounds: int = 0
    kills: int = 0
    messages: int = 0
    runs: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    growth: dict[str, float] = field(default_factory=dict)

    def keep(self, path: Path) -> None:
        """Write it so that a power cut leaves the old or the new state."""
        fresh = path.with_suffix(".new")
        with fresh.open("w") as file:
            json.dump(dataclasses.asdict(self), file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)

    @classmethod
    def resume(cls, path: Path, seed: int) -> Progress:
        """The kept state, or a new one."""
        return cls(**json.loads(path.read_text())) if path.exists() else cls(seed)

    def __str__(self) -> str:
        return (
            f"{self.kills} kills in {self.rounds} rounds, {self.messages} messages, {self.runs} runs, "
            f"{len(self.failed)} rounds failed; orphans ran again after: {spread(self.delays)}"
        )


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is done.

    Attributes:
        loads: Rounds of mixed load, each of ``load_s`` seconds.
        rows: Messages of the large stores; 0: there are none.
    """

    kills: int
    per_round: int
    loads: int = 0
    load_s: float = 120.0
    rows: int = 0


def soak(folder: Path, amount: Amount, *, seed: int) -> int:
    """Go on until so much is done; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.json"
    progress = Progress.resume(state, seed)
    tell(f"soak in {folder}: from {progress.kills} to {amount.kills} kills, first seed {progress.seed}")
    while progress.kills < amount.kills:
        play_round(folder, progress, min(amount.per_round, amount.kills - progress.kills))
        progress.keep(state)
        left_s = progress.seconds / progress.kills * (amount.kills - progress.kills)
        tell(f"{progress}; about {left_s / 60:.0f} min left of the kills")
    while len(progress.loads) < amount.loads:
        load_round(folder, progress, amount.load_s)
        progress.keep(state)
    for contender, kind in soak_growth.states() if amount.rows else ():
        if f"{contender}, {kind}" not in progress.growth:
            grow_round(folder, progress, contender, kind, amount.rows)
            progress.keep(state)
    return verdict(progress)


def load_round(folder: Path, progress: Progress, seconds: float) -> None:
    """One round of mixed load on a fresh store; its folder stays if something was wrong."""
    number = len(progress.loads)
    store = soak_load.STORES[number % len(soak_load.STORES)]
    place = fresh(folder / f"load-{number}")
    with new_store(store, place) as where:
        outcome = soak_load.play_load(place, where, seconds)
    progress.loads.append(round(max(outcome.waits, default=0.0), 4))
    tell(f"mixed load for {seconds:g} s on {store}: {outcome}")
    if faults := outcome.faults():
        tell(f"failed, see {place}: " + "; ".join(faults))
        progress.failed.append(str(place))
    else:
        shutil.rmtree(place)


def grow_round(folder: Path, progress: Progress, contender: str, state: str, rows: int) -> None:
    """Measure beside one large store."""
    place = fresh(folder / "growth")
    label = f"{contender}, {state}"
    times = soak_growth.grow(contender, state, rows=rows, folder=place)
    progress.growth[label] = round(times, 3)
    tell(f"beside {rows} messages, {label}: {times:.2f} times as long as beside nothing")
    if times > soak_growth.SLOWEST:
        progress.failed.append(label)
    shutil.rmtree(place)


def fresh(place: Path) -> Path:
    """Return a folder that is empty, though a round was stopped in its middle."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    return place


def play_round(folder: Path, progress: Progress, kills: int) -> None:
    """One round on a fresh store; its folder stays if something was wrong."""
    seed, begun = progress.seed + progress.rounds, time.monotonic()
    place = fresh(folder / f"round-{seed}")
    try:
        with new_store(STORES[progress.rounds % len(STORES)], place) as store:
            report = run(Plan(place, kills=kills, seed=seed, place=store, orphan_limit_s=None))
    except (AssertionError, TimeoutError) as error:
        tell(f"round with seed {seed} failed, see {place}: {error}")
        progress.failed.append(str(place))
    else:
        progress.messages += report.counts["rows"]
        progress.runs += report.counts["runs"]
        progress.delays += [round(delay, 4) for delay in report.orphan_delays]
        if report.violations:
            tell(f"round with seed {seed} failed, see {place}\n{report}")
            progress.failed.append(str(place))
        else:
            shutil.rmtree(place)
    progress.rounds += 1
    progress.kills += kills
    progress.seconds += time.monotonic() - begun


@contextmanager
def new_store(store: str, folder: Path) -> Iterator[Place]:
    """Give a new store of a kind; a PostgreSQL server lives for the round alone."""
    if store != "postgresql":
        yield place_of(store, folder, "")
        return
    with Server(fsync="on") as server, Databases(server.url()) as databases:
        yield place_of(store, folder, databases.empty())


def verdict(progress: Progress) -> int:
    """Tell the outcome."""
    late = bool(progress.delays) and percentile(progress.delays, 0.99) > ORPHAN_LIMIT_S
    if late:
        tell(f"orphans ran again too late: the 99th percentile exceeds {ORPHAN_LIMIT_S} s (P5)")
    for place in progress.failed:
        tell(f"failed: {place}")
    tell("every promise was kept" if not progress.failed else "a promise was broken")
    return int(bool(progress.failed) or late)


def tell(line: str) -> None:
    """Print one line at once."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and soak."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("CROSSDOCK_TEST_KILLS", "10000")))
    parser.add_argument("--per-round", type=int, default=200)
    parser.add_argument("--loads", type=int, default=15, help="rounds of mixed load")
    parser.add_argument("--load-seconds", type=float, default=120.0, help="each so long")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the large stores; 0: none")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000)
    parser.add_argument("--folder", type=Path, default=Path(".soak"), help="state, and what went wrong")
    parser.add_argument("--fresh", action="store_true", help="forget the kept state")
    options = parser.parse_args(arguments)
    if options.fresh:
        shutil.rmtree(options.folder, ignore_errors=True)
    folder = options.folder.resolve()
    amount = Amount(options.kills, options.per_round, options.loads, options.load_seconds, options.rows)
    return soak(folder, amount, seed=options.seed)


if __name__ == "__main__":
    sys.exit(main())
