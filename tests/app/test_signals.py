"""Signals to a program that calls ``hub.run()``: each is more urgent than the one before."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossdock import Queue, Status
from tests.stalls import InTime

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import asyncio, sys, time
from contextlib import suppress
from crossdock import Hub, Queue

url, how = sys.argv[1:]
hub = Hub(Queue(url, app="worker"))

async def block(message):
    print("begun", flush=True)
    time.sleep(60)

async def refuse(message):
    print("begun", flush=True)
    while True:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)

async def obey(message):
    print("begun", flush=True)
    await asyncio.sleep(60)

hub.app("app", concurrency=2)(globals()[how])
hub.run()
print("ended", flush=True)
"""

pytestmark = pytest.mark.needs_linux


def start(url: str, how: str) -> subprocess.Popen[str]:
    """Start a worker, and wait until it has begun with a message."""
    worker = subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PROGRAM, url, how], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == "begun\n"
    return worker


@pytest.mark.parametrize("how", ["block", "refuse"])
def test_third_signal_ends_a_run_whose_handlers_do_not(tmp_path: Path, url: str, how: str) -> None:
    with Queue(url, app="tests") as queue:
        queue.send_many("app", range(2))
        with start(url, how) as worker:
            try:
                with InTime(tmp_path, 4, worker.pid):
                    for _ in range(3):
                        worker.send_signal(signal.SIGINT)
                        time.sleep(0.3)
                    assert worker.wait(30) == 143
            finally:
                worker.kill()
        found = {(record.status, record.attempts, record.crashes) for record in queue.list("app")}
        assert found == {(Status.PENDING, 0, 0)}


def test_second_signal_hands_back_and_the_program_goes_on(tmp_path: Path, url: str) -> None:
    with Queue(url, app="tests") as queue:
        queue.send("app", 1)
        with start(url, "obey") as worker, InTime(tmp_path, 4, worker.pid):
            for _ in range(2):
                worker.send_signal(signal.SIGTERM)
                time.sleep(0.1)
            assert worker.communicate(timeout=30)[0] == "ended\n"
            assert worker.returncode == 0
        [record] = queue.list("app")
        assert (record.status, record.attempts, record.crashes) == (Status.PENDING, 0, 0)
