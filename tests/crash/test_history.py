"""The histories are the witness: no record of theirs may be lost or torn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.crash.history import RECORD_BYTES, Kind, Recorder, read_histories, read_history

REPOSITORY = Path(__file__).resolve().parents[2]
WRITE_FOR_EVER = """
import itertools, pathlib, sys
from tests.crash.history import Kind, Recorder
recorder = Recorder(pathlib.Path(sys.argv[1]))
for number in itertools.count(1):
    recorder.saw(Kind.STARTED, row_id=number)
    if number % 100 == 0:
        print(number, flush=True)
"""


def test_what_was_seen_is_read_back(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "one.history")
    recorder.saw(
        Kind.STARTED, message_id="m" * 36, app="bulk", key="k", row_id=2**40, attempt=3, note="t" * 99
    )
    recorder.saw(Kind.KILLED, pid=7)
    recorder.close()
    started, killed = read_history(tmp_path / "one.history")
    assert (started.message_id, started.app, started.key, started.note) == ("m" * 36, "bulk", "k", "t" * 24)
    assert (started.row_id, started.attempt, started.pid) == (2**40, 3, os.getpid())
    assert (killed.kind, killed.pid, killed.key) == (Kind.KILLED, 7, "")
    assert killed.mono >= started.mono


def test_record_never_crosses_a_page() -> None:
    assert os.sysconf("SC_PAGE_SIZE") % RECORD_BYTES == 0


def test_history_that_ends_inside_a_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.history").write_bytes(bytes(RECORD_BYTES + 1))
    with pytest.raises(ValueError, match="inside a record"):
        list(read_history(tmp_path / "torn.history"))


def test_histories_are_joined_in_the_order_of_time(tmp_path: Path) -> None:
    one, other = Recorder(tmp_path / "1.history"), Recorder(tmp_path / "2.history")
    for number, recorder in enumerate((other, one, other, one)):
        recorder.saw(Kind.STARTED, row_id=number)
    assert [each.row_id for each in read_histories(tmp_path)] == [0, 1, 2, 3]
    one.close()
    other.close()


def test_killed_writer_leaves_every_record_it_had_written(tmp_path: Path) -> None:
    path = tmp_path / "killed.history"
    with subprocess.Popen(
        [sys.executable, "-c", WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE, cwd=REPOSITORY
    ) as writer:
        assert writer.stdout is not None
        for _ in range(50):
            told = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    row_ids = [each.row_id for each in read_history(path)]
    assert row_ids == list(range(1, len(row_ids) + 1))
    assert len(row_ids) >= told
