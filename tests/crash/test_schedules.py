"""Several processes send the same schedules, are killed, and have clocks that leap: one message per slot (P7)."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.crash.scheduler_program import ALL, CLOCK, LATEST, declare
from tests.crash.stage import open_queue

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.crash.stage import Place

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = 3
MANY = 1_000_000
PATIENCE_S = 120.0
"""On a slow machine one process can outlive the first kills, and have sent everything so far."""
KILLS = max(4, int(os.environ.get("CROSSDOCK_TEST_KILLS", "100")) // 20)


@pytest.mark.timeout(180 + 10 * KILLS)
def test_each_slot_is_sent_once_whoever_dies_and_whatever_the_clocks_say(place: Place) -> None:
    with open_queue("judge", **place) as queue:
        declare(queue)
    kill_again_and_again(place)
    with open_queue("judge", **place) as queue:
        every, latest, clock = (slots(queue, app) for app in (ALL, LATEST, CLOCK))
        held = {name: queue.schedule(name) for name in (ALL, LATEST, CLOCK)}
    assert len(senders(place)) > 1
    assert every == [every[0] + n * timedelta(seconds=1) for n in range(len(every))]  # each, in order, once
    assert every[0] == (held[ALL].start or every[0]) + timedelta(seconds=1)
    assert len(set(latest)) == len(latest)
    assert all((slot - latest[0]) % timedelta(seconds=2) == timedelta(0) for slot in latest)
    assert clock == [clock[0] + n * timedelta(minutes=1) for n in range(len(clock))]
    assert held[ALL].last_slot == every[-1]
    assert [held[name].sent for name in (ALL, LATEST, CLOCK)] == [len(every), len(latest), len(clock)]


def kill_again_and_again(place: Place) -> None:
    """Let processes have the store open; kill one after the other, and put another in its place."""
    rng = random.Random()
    living: list[subprocess.Popen[str]] = []
    try:
        living += [started(place) for _ in range(PROCESSES)]
        for process in living:
            await_ready(process)
        end = time.monotonic() + PATIENCE_S
        for number_of_kills in count():
            if number_of_kills >= KILLS and (len(senders(place)) > 1 or time.monotonic() > end):
                break
            time.sleep(rng.uniform(0.0, 0.6))
            number = rng.randrange(PROCESSES)
            bury(living[number])
            living[number] = started(place)
            if rng.random() < 0.7:
                await_ready(living[number])
    finally:
        for process in living:
            bury(process)


def senders(place: Place) -> set[str]:
    """Return who has sent so far."""
    with open_queue("judge", **place) as queue:
        return {record.created_by for record in queue.list(ALL, limit=MANY)}


def started(place: Place) -> subprocess.Popen[str]:
    seed = str(time.monotonic_ns())
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.crash.scheduler_program", json.dumps(place), seed],
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


def slots(queue: Queue, app: str) -> list[datetime]:
    """Return the slots of an app's messages, in the order in which they were sent."""
    return [record.message.time for record in queue.list(app, limit=MANY)]
