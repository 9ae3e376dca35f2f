"""The example of ``make run-orders``, as a newcomer runs it: twice, in a terminal, and what it says to try next."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from crossdock import Queue
from tests.cli.command import environment

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 60.0


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Copy the example, without the store of whoever ran it in the checkout."""
    return Path(
        shutil.copytree(
            ROOT / "examples" / "orders",
            tmp_path / "orders",
            ignore=shutil.ignore_patterns("*.db*", "__pycache__"),
        )
    )


def run(example: Path) -> str:
    """Run it to its end and return what it printed."""
    command = [sys.executable, str(example / "run.py")]
    done = subprocess.run(
        command,
        cwd=example.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_it_tells_what_became_of_each_order_and_its_advice_works_and_it_runs_again(example: Path) -> None:
    first = run(example)
    assert "227 orders were shipped, 42 of them at a later attempt." in first
    assert "13 were set aside" in first
    assert re.search(r"1030 +validator +INVALID_MESSAGE +item 'teapott' is not sold here", first)
    assert re.search(r"1076 +warehouse +ATTEMPTS_EXHAUSTED", first)
    assert "\x1b" not in first
    with Queue(f"sqlite:///{example / 'orders.db'}") as queue:
        stats = queue.stats()
    figures = {app: (one.completed, one.failed) for app, one in stats.items()}
    assert figures == {"validator": (229, 11), "warehouse": (227, 2)}
    advice = [line.strip() for line in first.splitlines() if " --store " in line]
    assert len(advice) == 6
    for command in advice:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=example.parent,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, (command, done.stderr)
    second = run(example)
    # The order that was mended, and two pianos that no carrier took, go through again with the new ones.
    assert "228 orders were shipped" in second
    assert "15 were set aside" in second


@pytest.mark.needs_linux
def test_ctrl_c_stops_everything_and_the_next_run_goes_on(example: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, str(example / "run.py")],
        cwd=example.parent,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + TIME_LIMIT_S
    with Queue(f"sqlite:///{example / 'orders.db'}") as queue:
        while queue.stats("warehouse")["warehouse"].completed < 20:
            assert time.monotonic() < deadline
            assert process.poll() is None, process.communicate()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: everyone gets it
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, out
    assert err == "\nStopped; what was not finished waits in the store. Run this again to go on.\n"
    with Queue(f"sqlite:///{example / 'orders.db'}") as queue:
        stats = queue.stats()
        crashes = sum(record.crashes for record in queue.list(limit=1000))
    assert stats["validator"].processing + stats["warehouse"].processing == 0
    assert crashes == 0
    run(example)
