"""Two processes run one exporter and are killed at random: every change is told once, and none is lost."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from crossdock.exporting import Exports
from tests.crash.exporter_program import KIND, NAME, OBJECTS, READER, ROUTES, SCOPES, Counter, content
from tests.crash.stage import open_queue

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.crash.stage import Place

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 2
MANY = 1_000_000
KILLS = max(4, int(os.environ.get("CROSSDOCK_TEST_KILLS", "100")) // 10)


@pytest.mark.slow
@pytest.mark.timeout(180 + 10 * KILLS)
def test_each_change_is_told_once_whoever_dies(place: Place) -> None:
    with open_queue("judge", **place):
        pass
    kill_again_and_again(place)
    with open_queue("judge", **place) as queue:
        exports = Exports(queue, ROUTES)
        exports.sync(Counter())
        versions = queue._store.read(lambda reader: reader.exporter_states(NAME))
        assert min(versions.values()) > KILLS
        stored = exports.all_objects(NAME)[KIND]
        told = told_of(queue)
        outcomes = {run.outcome for run in exports.history(NAME, 1000)}
    for scope in SCOPES:
        for number in range(OBJECTS):
            name = f"{scope}{number}"
            assert told[name] == expected(scope, number, versions[scope]), name
            assert stored.get(name) == content(scope, number, versions[scope])
    assert "completed" in outcomes
    assert outcomes <= {"completed", "abandoned"}  # whether a kill met a run, and a late one, is luck


def expected(scope: str, number: int, newest: int) -> list[Any]:
    """Return what had to be told of an object, in order; None: it is gone."""
    found: list[Any] = []
    for version in range(1, newest + 1):
        now = content(scope, number, version)
        if now != (found[-1] if found else None):
            found.append(now)
    return found


def told_of(queue: Queue) -> dict[str, list[Any]]:
    """Return what was told, by object, in the order in which it was sent."""
    told: dict[str, list[Any]] = defaultdict(list)
    for record in queue.list(READER, limit=MANY):
        data = record.message.data
        told[data["id"]].append(None if data["gone"] else data["data"])
    return told


def kill_again_and_again(place: Place) -> None:
    """Let processes run the exporter; kill one after the other, and put another in its place."""
    rng = random.Random()
    living: list[subprocess.Popen[str]] = []
    try:
        living += [started(place) for _ in range(PROCESSES)]
        for _ in range(KILLS):
            number = rng.randrange(PROCESSES)
            await_ready(living[number])
            time.sleep(rng.uniform(0.0, 0.3))
            bury(living[number])
            living[number] = started(place)
    finally:
        for process in living:
            bury(process)


def started(place: Place) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.crash.exporter_program", json.dumps(place)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        stdout=subprocess.PIPE,
        text=True,
    )


def await_ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def bury(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
