"""A handler that blocks its process past its timeout loses its lease; what else that holds goes back unharmed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crossdock import Queue, Status
from crossdock.app.worker import Custody

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["lock", "loop", "thread"])
def test_blocked_worker_keeps_nothing(tmp_path: Path, url: str, how: str) -> None:
    with Queue(url, app="tests") as queue:
        blocker = queue.send("app", "block", priority=9)
        others = queue.send_many("app", range(3))
        workers = [start(url, tmp_path, how)]
        try:
            until((tmp_path / "blocked").exists)
            (tmp_path / "ready").unlink()
            workers.append(start(url, tmp_path, how))
            until((tmp_path / "ready").exists)
            until(lambda: queue.stats("app")["app"].completed == 4)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        record = queue.get(blocker.id)
        assert (record.status, record.attempts, record.crashes) == (Status.COMPLETED, 2, 0)
        lapsed = [entry for entry in queue.timeline(blocker.id) if entry.event == "message.lapsed"]
        assert [entry.details["message"] for entry in lapsed] == [
            "the handler ran on after its timeout, and could not be ended"
        ]
        for sent in others:  # in threads their handlers had begun, and so their time was over, too
            lapses = [entry for entry in queue.timeline(sent.id) if entry.event == "message.lapsed"]
            assert how == "thread" or not lapses
            assert (queue.get(sent.id).attempts, queue.get(sent.id).crashes) == (1 + len(lapses), 0)


_HOLD = """
import sys, time
from datetime import timedelta
from crossdock import Queue
queue = Queue(sys.argv[1], app="worker")
print(len(queue.claim("app", limit=2)), flush=True)
time.sleep(100)
"""


@pytest.mark.parametrize("crashes", [0, 1])
def test_end_of_a_process_that_was_given_up_is_no_crash(url: str, crashes: int) -> None:
    with Queue(url, app="tests") as queue:
        queue.send_many("app", range(2))
        command = [sys.executable, "-c", _HOLD, url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "2\n"
            if not crashes:
                Custody(queue).give_up(worker.pid)
            worker.kill()
        Custody(queue).take_back()
        until(
            lambda: queue.stats("app")["app"].processing == 0
        )  # the queue's own thread may have been quicker
        found = [(one.status, one.attempts, one.crashes) for one in queue.list("app")]
        assert found == [(Status.PENDING, 0, crashes)] * 2
        last = queue.timeline(queue.list("app")[0].message.id)[-1]
        assert last.event == ("message.crashed" if crashes else "message.handed_back")


def test_lease_that_ended_with_its_process_does_not_lapse(url: str) -> None:
    """The process dies after the dead were looked for, and before the leases that ran out are."""
    with Queue(url, app="tests") as queue:
        queue._housekeeper.stop()
        queue.send_many("app", range(2))
        command = [
            sys.executable,
            "-c",
            _HOLD.replace("limit=2", "limit=2, lease=timedelta(seconds=0.01)"),
            url,
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "2\n"
            worker.kill()
        time.sleep(0.02)
        rescuer, store = queue._housekeeper._rescuer, queue._store
        overdue = store.read(lambda reader: reader.overdue(store.now(), 10))
        assert len(overdue) == 2
        assert rescuer._settle_overdue(overdue) == 0
        assert rescuer.run_once() == 2
        assert [(one.attempts, one.crashes) for one in queue.list("app")] == [(0, 1)] * 2


def start(url: str, folder: Path, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.app.blocking_program", url, str(folder), how],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
    )
