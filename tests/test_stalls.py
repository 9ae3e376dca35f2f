"""The watch over this machine's own slowness forgives what the machine did, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.stalls import InTime


def overstay(watch: InTime) -> None:
    time.sleep(0.2)
    while time.monotonic() < watch.allowed_until:
        time.sleep(0.05)


def test_block_that_takes_too_long_by_itself_fails(tmp_path: Path) -> None:
    watch = InTime(tmp_path, 0.001)
    with pytest.raises(AssertionError, match=r"took .* s; at most 0.001 s"), watch:
        overstay(watch)


def test_what_a_stalled_disk_took_is_forgiven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync = os.fdatasync
    monkeypatch.setattr(os, "fdatasync", lambda file: (time.sleep(0.3), sync(file)))
    with InTime(tmp_path, 0.1):
        time.sleep(0.5)


def test_error_of_the_block_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), InTime(tmp_path, 0.0):
        _ = 1 / 0


@pytest.mark.needs_linux
def test_what_a_process_waited_for_a_processor_is_forgiven(tmp_path: Path) -> None:
    if not Path("/proc/self/schedstat").exists():
        pytest.skip("this kernel does not count it")
    spin = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\nwhile True: pass"
    spinning = [subprocess.Popen([sys.executable, "-c", spin]) for _ in range(2)]
    try:
        with InTime(tmp_path, 60, spinning[0].pid) as watch:
            while watch.starved_s < 0.2:
                time.sleep(0.02)
            assert watch.allowed_until > watch._began + 60.2
    finally:
        for one in spinning:
            one.kill()
            one.wait()
