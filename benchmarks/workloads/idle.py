"""What a worker costs that has nothing to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.channel import Answer, Child
from benchmarks.contenders import PEERS
from benchmarks.contenders.contender import POLL_S
from benchmarks.workloads.workload import Column, Entrant, Place, Scale, Workload

SETTLE_S = 2.0
MIB = 1024


class Idle(Workload):
    """The worker's process and all below it, read from the kernel's own accounts."""

    name = "idle"
    title = "Idle worker"
    columns = (
        Column("cpu_percent", "% of a core", 2),
        Column("pss_mib", "PSS, MiB", 1),
        Column("rss_mib", "RSS, MiB", 1),
        Column("processes", "processes"),
    )
    contenders = (*PEERS, "crossdock")
    most_rounds = 1

    def measure(self, entrant: Entrant, place: Place, scale: Scale) -> Answer:
        worker = Child(
            "roles:work",
            place.log,
            contender=entrant.contender,
            directory=str(place.directory),
            ledger=f"{place.directory}/w.ledger",
            name="w",
            poll_s=POLL_S,
        )
        try:
            worker.wait_ready()
            worker.go()
            worker.wait_ready()
            time.sleep(SETTLE_S)
            answer = watch(worker.pid, scale.idle_s)
            worker.stop()
            worker.result(limit_s=20)
        finally:
            worker.kill()
        return answer


def watch(pid: int, seconds: float) -> Answer:
    """Measure a tree of processes over some seconds. RSS counts shared pages in full, PSS by their share."""
    before, start = _cpu_s(pid), time.perf_counter()
    time.sleep(seconds)
    used, elapsed = _cpu_s(pid) - before, time.perf_counter() - start
    memory = [_rollup(process) for process in _tree(pid)]
    return {
        "cpu_percent": used / elapsed * 100,
        "pss_mib": sum(one["Pss"] for one in memory) / MIB,
        "rss_mib": sum(one["Rss"] for one in memory) / MIB,
        "processes": len(memory),
    }


def _cpu_s(pid: int) -> float:
    """Seconds of processor time of a tree, finer than clock ticks."""
    total_ns = 0
    for process in _tree(pid):
        for task in Path(f"/proc/{process}/task").glob("*/schedstat"):
            total_ns += int(task.read_text().split()[0])
    return total_ns / 1e9


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for task in sorted(one.name for one in Path(f"/proc/{pid}/task").iterdir()):
        for child in Path(f"/proc/{pid}/task/{task}/children").read_text().split():
            yield from _tree(int(child))


def _rollup(pid: int) -> dict[str, int]:
    """Read Rss and Pss in KiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
