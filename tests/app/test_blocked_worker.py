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


def start(url: str, folder: Path, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "tests.app.blocking_program", url, str(folder), how],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
    )
