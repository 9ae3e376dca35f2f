"""Kills workers for hours: ``python -m tests.crash.soak``, or ``make soak``.

Rounds of kills on each kind of store in turn, each on a fresh one with a seed of its own. What was done is kept in
a state file, so a run that was stopped (with Ctrl-C, or by a power cut) goes on where it was. The folder of a
round with a violation is kept, its seed is printed, and the exit code is 1.
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
    """What is done so far; ``delays`` are the seconds until each orphan ran again."""

    seed: int
    rounds: int = 0
    kills: int = 0
    messages: int = 0
    runs: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)

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


def soak(folder: Path, *, kills: int, per_round: int, seed: int) -> int:
    """Go on until so many kills are done; return the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "state.json"
    progress = Progress.resume(state, seed)
    tell(f"soak in {folder}: from {progress.kills} to {kills} kills, first seed {progress.seed}")
    while progress.kills < kills:
        play_round(folder, progress, min(per_round, kills - progress.kills))
        progress.keep(state)
        left_s = progress.seconds / progress.kills * (kills - progress.kills)
        tell(f"{progress}; about {left_s / 60:.0f} min left")
    return verdict(progress)


def play_round(folder: Path, progress: Progress, kills: int) -> None:
    """One round on a fresh store; its folder stays if something was wrong."""
    seed, begun = progress.seed + progress.rounds, time.monotonic()
    place = folder / f"round-{seed}"
    shutil.rmtree(place, ignore_errors=True)  # a round that was stopped in the middle
    place.mkdir()
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
    tell("every message is explained" if not progress.failed else "there are unexplained messages")
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
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000)
    parser.add_argument("--folder", type=Path, default=Path(".soak"), help="state, and what went wrong")
    parser.add_argument("--fresh", action="store_true", help="forget the kept state")
    options = parser.parse_args(arguments)
    if options.fresh:
        shutil.rmtree(options.folder, ignore_errors=True)
    folder = options.folder.resolve()
    return soak(folder, kills=options.kills, per_round=options.per_round, seed=options.seed)


if __name__ == "__main__":
    sys.exit(main())
