"""``python -m benchmarks.profile [send] [bulk] [drain]``: where Crossdock's time goes, by function.

Each figure is first taken without the profiler, which makes Python code look slower than it is beside
SQLite's: read the share of a function, not its seconds.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.contenders.crossdock_queue import Crossdock, CrossdockSession
from benchmarks.payload import Payload, order
from benchmarks.workloads.drain import send_all

SENDS = 3_000
BULK = 30_000
DRAIN = 40_000


def send(session: CrossdockSession) -> int:
    """Send one message at a time."""
    for n in range(SENDS):
        session.send(order(n))
    return SENDS


def bulk(session: CrossdockSession) -> int:
    """Send many in one call."""
    session.send_many([order(n) for n in range(BULK)])
    return BULK


def drain(session: CrossdockSession) -> int:
    """Consume what ``pile_up`` sent."""
    return session.drain(_look, count=DRAIN, seconds=600).count


SUBJECTS: dict[str, Callable[[CrossdockSession], int]] = {"send": send, "bulk": bulk, "drain": drain}


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.profile", description=__doc__)
    parser.add_argument("subjects", nargs="*", help="of send, bulk, drain (default: all)")
    parser.add_argument("--lines", type=int, default=25, help="functions to print")
    options = parser.parse_args(arguments)
    for name in options.subjects or SUBJECTS:
        _plain(name)
        _profiled(name, options.lines)
    return 0


def _plain(name: str) -> None:
    """Time it without the profiler; CPU time shows what is computing and what is waiting for the disk."""
    with _Store(name) as session:
        start, start_cpu = time.perf_counter(), time.process_time()
        count = SUBJECTS[name](session)
        took, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    each_us, cpu_us = took / count * 1e6, cpu / count * 1e6
    print(f"\n{name}: {count / took:,.0f}/s, {each_us:.1f} µs each, {cpu_us:.1f} µs of them CPU")


def _profiled(name: str, lines: int) -> None:
    profile = cProfile.Profile()
    with _Store(name) as session:
        profile.enable()
        SUBJECTS[name](session)
        profile.disable()
    pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(lines)


class _Store:
    """A store in a temporary directory beside the benchmarks' own, filled as the subject needs it."""

    def __init__(self, name: str) -> None:
        self._name = name
        results = Path(__file__).parent / "results"
        results.mkdir(exist_ok=True)
        self._directory = Path(tempfile.mkdtemp(prefix="profile-", dir=results))
        self._session: CrossdockSession | None = None

    def __enter__(self) -> CrossdockSession:
        contender = Crossdock()
        contender.create(self._directory)
        if self._name == "drain":
            with closing(contender.open(self._directory)) as sender:
                send_all(sender, [order(n) for n in range(DRAIN)])
        self._session = contender.open(self._directory)
        self._session.send(order(0))
        return self._session

    def __exit__(self, *unused: object) -> None:
        assert self._session is not None
        self._session.close()
        shutil.rmtree(self._directory)


def _look(data: Payload) -> None:
    assert data["paid"]


if __name__ == "__main__":
    sys.exit(main())
