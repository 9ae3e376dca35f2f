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
from contextlib import contextmanager, suppress
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue
from crossdock.app.worker import processes_of
from crossdock.config.kinds import kind_names
from crossdock.testing.far_side import as_toml
from tests.adapters.roads import IN, INBOUND, OUT, OUTBOUND, api_of
from tests.guarantees import Promise, proves

PATIENCE_S = 60.0
COUNT = 60
KEYS = 3
ROADS: Mapping[str, Mapping[str, Any]] = {"outbound": OUTBOUND, "inbound": INBOUND}


def pairs(direction: str, promise: Promise) -> list[Any]:
    """Every change between two roads, and that a promise is proven for it.

    Quick are those from each road to its neighbour: each is left and taken once.
    """
    roads = list(ROADS[direction])
    neighbours = {*pairwise(roads), (roads[-1], roads[0])}
    return [
        pytest.param(
            *pair,
            id="-".join(pair),
            marks=[
                proves(promise, direction=direction, before=pair[0], after=pair[1]),
                *([] if pair in neighbours else [pytest.mark.slow]),
            ],
        )
        for pair in permutations(roads, 2)
    ]


def configure(
    folder: Path, direction: str, table: Mapping[str, Any], api: Mapping[str, Any] | None = None
) -> None:
    """Write the configuration; its line about the transport is all that a switch changes."""
    lines = [
        '[store]\nurl = "sqlite:///work.db"\n[queue]\nlease = "2s"',
        f"[apps.{IN if direction == 'inbound' else OUT}]",
        f"{direction} = {as_toml(table)}",
    ]
    if direction == "inbound":
        lines.append(f'next = ["{OUT}"]')
    else:
        lines.append('retry = { backoff = "10ms..50ms" }')
    if api is not None:
        lines += ["[api]", *(f"{key} = {as_toml(value)}" for key, value in api.items())]
    written = folder / "crossdock.toml.new"
    written.write_text("\n".join(lines) + "\n")
    written.rename(folder / "crossdock.toml")


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Let workers run, and the API if it is configured."""
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


def kill_all(queue: Queue) -> None:
    """Kill every worker, and the API, too."""
    for one in processes_of(queue):
        with suppress(ProcessLookupError):
            os.kill(one.pid, signal.SIGKILL)


@pytest.mark.parametrize("direction", ROADS)
def test_every_adapter_is_switched(direction: Any) -> None:
    missing = set(kind_names(direction)) - {road.kind for road in ROADS[direction].values()}
    assert not missing, f"add roads for {missing} to tests/adapters/roads.py"


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("before", "after"), pairs("outbound", Promise.SWITCHED))
def test_outbound_is_switched_under_load(tmp_path: Path, before: str, after: str) -> None:
    sent = switch_outbound(tmp_path, before, after, kills=0)
    arrived = [*OUTBOUND[before].received(tmp_path), *OUTBOUND[after].received(tmp_path)]
    arrived.sort(key=lambda one: one.mono)  # one worker goes the new way before the other does
    assert Counter(int(one.message_id) for one in arrived) == Counter(range(COUNT))
    assert OUTBOUND[after].received(tmp_path), "nothing went the new way"
    for key in range(KEYS):
        of_key = [int(one.message_id) for one in arrived if one.key == str(key)]
        assert of_key == sorted(of_key)
    assert set(sent) == set(range(COUNT))


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("before", "after"), pairs("outbound", Promise.SWITCHED_KILLED))
def test_outbound_is_switched_while_workers_are_killed(tmp_path: Path, before: str, after: str) -> None:
    sent = switch_outbound(tmp_path, before, after, kills=4)
    arrived = [*OUTBOUND[before].received(tmp_path), *OUTBOUND[after].received(tmp_path)]
    counted = Counter(int(one.message_id) for one in arrived)
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
                sent[n] = queue.send(OUT, data, partition_key=data["key"]).id
                if kills and n % (COUNT // kills) == COUNT // kills // 2:
                    kill_a_worker(queue, rng)

        pour(range(COUNT // 3))
        until(lambda: queue.stats(OUT)[OUT].completed > 0, folder)
        pour(range(COUNT // 3, COUNT // 2))
        configure(folder, "outbound", tables[after])
        pour(range(COUNT // 2, COUNT - 10))
        reload(folder)
        pour(range(COUNT - 10, COUNT))
        until(lambda: queue.stats(OUT)[OUT].completed == COUNT, folder)
    return sent


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("before", "after"), pairs("inbound", Promise.SWITCHED))
def test_inbound_is_switched_under_load(tmp_path: Path, before: str, after: str) -> None:
    switch_inbound(tmp_path, before, after, kills=False)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize(("before", "after"), pairs("inbound", Promise.SWITCHED_KILLED))
def test_inbound_is_switched_while_workers_are_killed(tmp_path: Path, before: str, after: str) -> None:
    switch_inbound(tmp_path, before, after, kills=True)


def switch_inbound(folder: Path, before: str, after: str, *, kills: bool) -> None:
    """Give messages while an app is switched in the middle; all of them are stored once."""
    rng = random.Random(f"{before}{after}")
    tables = {name: INBOUND[name].table(folder) for name in (before, after)}
    api = api_of(folder, before, after)
    configure(folder, "inbound", tables[before], api)
    with Queue(f"sqlite:///{folder}/work.db", app="tests") as queue, running(folder):

        def give(road: str, numbers: range) -> None:
            INBOUND[road].give(folder, [{"n": str(n), "key": str(n % KEYS)} for n in numbers])
            if kills:
                kill_a_worker(queue, rng)

        def stored() -> Counter[int]:
            return Counter(int(record.message.data["n"]) for record in queue.list(OUT, limit=10_000))

        give(before, range(50))
        give(after, range(100, 150))
        until(lambda: len(stored()) > 0, folder)
        if kills:
            kill_all(queue)
        give(before, range(50, 60))
        until(lambda: len(stored()) == 60, folder)
        configure(folder, "inbound", tables[after], api)
        reload(folder)
        give(after, range(150, 160))
        until(lambda: len(stored()) >= 120, folder)
        assert stored() == Counter([*range(60), *range(100, 160)])


@pytest.mark.timeout(240)
def test_claimed_file_is_finished_before_its_adapter_goes(tmp_path: Path) -> None:
    """A large file that is being taken in when the transport changes is sent to its end, and archived."""
    rows = 20_000
    tables = {name: INBOUND[name].table(tmp_path) for name in ("file", "process-lines")}
    configure(tmp_path, "inbound", tables["file"])
    INBOUND["file"].give(tmp_path, [{"n": str(n), "key": str(n % KEYS)} for n in range(rows)])
    with Queue(f"sqlite:///{tmp_path}/work.db", app="tests") as queue, running(tmp_path):
        until(lambda: bool(queue.stats(OUT)) and queue.stats(OUT)[OUT].ready > 0, tmp_path)
        configure(tmp_path, "inbound", tables["process-lines"])
        reload(tmp_path)
        assert queue.stats(OUT)[OUT].depth == rows
        assert len(list((tmp_path / "in" / "archive").rglob("orders_000000.jsonl"))) == 1
