"""P11 on a real file system of a few MiB that really fills up."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs_mount

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024
SCRIPT = 'mount -t tmpfs -o "size=$1" crossdock-small "$2" && shift 2 && exec "$@"'


def on_a_small_disk(directory: Path, *, size: int, ballast: int, min_free_bytes: int) -> dict[str, Any]:
    """Run the program in a mount namespace of its own; the file system is gone with it."""
    program = [
        sys.executable,
        "-m",
        "tests.faults.small_disk_program",
        directory,
        str(ballast),
        str(min_free_bytes),
    ]
    answer = subprocess.run(
        [str(shutil.which("unshare")), "--mount", "sh", "-c", SCRIPT, "sh", str(size), directory, *program],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src")))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    told: dict[str, Any] = json.loads(answer.stdout)
    return told


def test_a_full_disk_refuses_loses_nothing_and_resumes_by_itself(tmp_path: Path) -> None:
    told = on_a_small_disk(tmp_path, size=8 * MIB, ballast=2 * MIB, min_free_bytes=0)
    assert told["sent"] > 100
    assert "work.db" in told["refusal"]
    assert told["bulk"] == "StoreFull"
    assert told["resumed"]
    assert told["found"] == list(range(1, told["sent"] + 2))


@pytest.mark.timeout(600)
def test_intake_stops_while_there_is_room_to_settle_what_is_there(tmp_path: Path) -> None:
    told = on_a_small_disk(tmp_path, size=128 * MIB, ballast=64 * MIB, min_free_bytes=32 * MIB)
    assert told["sent"] > 100
    assert told["bulk"] == "StoreFull"
    assert told["settled"] == "done"
    assert told["resumed"]
    assert told["found"] == list(range(1, told["sent"] + 2))
