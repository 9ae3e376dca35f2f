"""Changing the transport of a live app loses nothing, and repeats nothing but what nobody knows the end of (P16).

Every ordered pair of roads is switched by editing one line and reloading, while messages pour in and real workers work.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue
from crossdock.app.worker import processes_of
from crossdock.config.kinds import kind_names
from crossdock.testing.far_side import as_toml
from tests.adapters.switching.roads import INBOUND, OUTBOUND

PATIENCE_S = 60.0
COUNT = 60
KEYS = 3


def pairs(roads: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(before, after) for before in roads for after in roads if before != after]


def configure(folder: Path, direction: str, table: Mapping[str, Any]) -> None:
    """Write the configuration; its line about the transport is all that a switch changes."""
    lines = [
        '[store]\nurl = "sqlite:///work.db"\n[queue]\nlease = "2s"\n[apps.app]',
        f"{direction} = {as_toml(table)}",
    ]
    if direction == "inbound":
        lines.append('next = ["out"]')
    else:
        lines.append('retry = { backoff = "10ms..50ms" }')
    written = folder / "crossdock.toml.new"
    written.write_text("\n".join(lines) + "\n")
    written.rename(folder / "crossdock.toml")


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let workers run."""
    with (folder / "log").open("wb") as log:
        words = [
            sys.executable,
            "-m",
            "crossdock",
            "run",
            "--workers",
            "2",
            "--config",
            str(folder / "crossdock.toml"),
        ]
        hub = subprocess.Popen(words, cwd=folder, stdin=subprocess.DEVNULL, stderr=log, stdout=log)
        try:
            yield hub
        finally:
            hub.terminate()
            hub.wait(PATIENCE_S)


def reload(folder: Path) -> None:
    words = [
        sys.executable,
        "-m",
        "crossdock",
        "reload",
        "--config",
        str(folder / "crossdock.toml"),
        "--wait",
        "60s",
    ]
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE_S + 30
    )
    assert done.returncode == 0, done.stderr + (folder / "log").read_text()[-3000:]


def until(condition: Callable[[], bool], folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, (folder / "log").read_text()[-3000:]
        time.sleep(0.02)


def kill_a_worker(queue: Queue, rng: random.Random) -> None:
    workers = [one.pid for one in processes_of(queue)]
    if workers:
        os.kill(rng.choice(workers), signal.SIGKILL)


@pytest.mark.parametrize(("direction", "roads"), [("outbound", OUTBOUND), ("inbound", INBOUND)])
def test_every_adapter_is_switched(direction: Any, roads: Mapping[str, Any]) -> None:
    missing = set(kind_names(direction)) - {road.kind for road in roads.values()}
    assert not missing, f"add roads for {missing} to tests/adapters/switching/roads.py"


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("before", "after"), pairs(OUTBOUND))
def test_outbound_is_switched_under_load(tmp_path: Path, before: str, after: str) -> None:
    sent = switch_outbound(tmp_path, before, after, kills=0)
    arrived = [*OUTBOUND[before].received(tmp_path), *OUTBOUND[after].received(tmp_path)]
    assert Counter(int(data["n"]) for data in arrived) == Counter(range(COUNT))
    assert {int(data["n"]) for data in OUTBOUND[after].received(tmp_path)}, "nothing went the new way"
    for key in range(KEYS):
        of_key = [int(data["n"]) for data in arrived if data["key"] == str(key)]
        assert of_key == sorted(of_key)
    assert set(sent) == set(range(COUNT))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("before", "after"), pairs(OUTBOUND))
def test_outbound_is_switched_while_workers_are_killed(tmp_path: Path, before: str, after: str) -> None:
    sent = switch_outbound(tmp_path, before, after, kills=4)
    arrived = [*OUTBOUND[before].received(tmp_path), *OUTBOUND[after].received(tmp_path)]
    counted = Counter(int(data["n"]) for data in arrived)
    assert set(counted) == set(range(COUNT))
    with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
        for n, times in counted.items():
            if times > 1:
                events = [entry.event for entry in queue.timeline(sent[n])]
                explained = {"message.crashed", "message.handed_back", "message.lapsed", "message.nacked"}
                assert explained & set(events), (n, times, events)


def switch_outbound(folder: Path, before: str, after: str, *, kills: int) -> dict[int, str]:
    """Send messages while an app is switched in the middle; return their ids once all are completed."""
    rng = random.Random(f"{before}{after}")
    tables = {name: OUTBOUND[name].table(folder) for name in (before, after)}
    configure(folder, "outbound", tables[before])
    sent: dict[int, str] = {}
    with Queue(f"sqlite:///{folder}/work.db", app="tests") as queue, running(folder):

        def pour(numbers: range) -> None:
            for n in numbers:
                data = {"n": str(n), "key": str(n % KEYS)}
                sent[n] = queue.send("app", data, partition_key=data["key"]).id
                if kills and n % (COUNT // kills) == COUNT // kills // 2:
                    kill_a_worker(queue, rng)

        pour(range(COUNT // 3))
        until(lambda: queue.stats("app")["app"].completed > 0, folder)
        pour(range(COUNT // 3, COUNT // 2))
        configure(folder, "outbound", tables[after])
        pour(range(COUNT // 2, COUNT - 10))
        reload(folder)
        pour(range(COUNT - 10, COUNT))
        until(lambda: queue.stats("app")["app"].completed == COUNT, folder)
    return sent


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("before", "after"), pairs(INBOUND))
def test_inbound_is_switched_under_load(tmp_path: Path, before: str, after: str) -> None:
    tables = {name: INBOUND[name].table(tmp_path) for name in (before, after)}
    configure(tmp_path, "inbound", tables[before])
    with Queue(f"sqlite:///{tmp_path}/work.db", app="tests") as queue, running(tmp_path):

        def give(road: str, numbers: range) -> None:
            INBOUND[road].give(tmp_path, [{"n": str(n)} for n in numbers])

        def stored() -> Counter[int]:
            return Counter(int(record.message.data["n"]) for record in queue.list("out", limit=10_000))

        give(before, range(50))
        give(after, range(100, 150))
        until(lambda: len(stored()) > 0, tmp_path)
        give(before, range(50, 60))
        until(lambda: len(stored()) == 60, tmp_path)
        configure(tmp_path, "inbound", tables[after])
        reload(tmp_path)
        give(after, range(150, 160))
        until(lambda: len(stored()) >= 120, tmp_path)
        assert stored() == Counter([*range(60), *range(100, 160)])


@pytest.mark.timeout(240)
def test_claimed_file_is_finished_before_its_adapter_goes(tmp_path: Path) -> None:
    """A large file that is being taken in when the transport changes is sent to its end, and archived."""
    rows = 20_000
    tables = {name: INBOUND[name].table(tmp_path) for name in ("file", "process-lines")}
    configure(tmp_path, "inbound", tables["file"])
    INBOUND["file"].give(tmp_path, [{"n": str(n)} for n in range(rows)])
    with Queue(f"sqlite:///{tmp_path}/work.db", app="tests") as queue, running(tmp_path):
        until(lambda: bool(queue.stats("out")) and queue.stats("out")["out"].ready > 0, tmp_path)
        configure(tmp_path, "inbound", tables["process-lines"])
        reload(tmp_path)
        assert queue.stats("out")["out"].ready == rows
        assert len(list((tmp_path / "in" / "archive").rglob("orders_000000.jsonl"))) == 1
