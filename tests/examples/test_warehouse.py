"""The example that ``make run`` shows: nothing lost, nothing twice, while the way to an app changes; and its advice."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command import environment

ROOT = Path(__file__).resolve().parents[2]
TIME_LIMIT_S = 60.0

pytestmark = [pytest.mark.needs_linux, pytest.mark.timeout(180)]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Copy the example, without what whoever ran it in the checkout left."""
    return Path(
        shutil.copytree(
            ROOT / "examples" / "warehouse",
            tmp_path / "warehouse",
            ignore=shutil.ignore_patterns("work", "__pycache__"),
        )
    )


def run(example: Path) -> str:
    """Run it to its end, two seconds by each way, and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(example / "run.py"), "--seconds", "2"],
        cwd=example.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=2 * TIME_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


def exported(example: Path) -> Counter[str]:
    """Count the order numbers in the exports, by nothing but the files."""
    rows: Counter[str] = Counter()
    for manifest in (example / "work" / "data" / "exports").glob("*/[!.]*.meta.json"):
        data = manifest.with_name(json.loads(manifest.read_text())["filename"])
        with data.open(newline="", encoding="utf-8") as file:
            rows.update(row["order"] for row in csv.DictReader(file))
    return rows


def dropped(example: Path) -> set[str]:
    """Return the order numbers of all files that were taken."""
    archive = example / "work" / "data" / "archive"
    return {
        line.partition(",")[0]
        for file in archive.glob("*/shop_orders_*.csv")
        for line in file.read_text(encoding="utf-8").splitlines()[1:]
    }


def test_no_order_is_lost_or_repeated_by_any_way_and_it_runs_again(example: Path) -> None:
    first = run(example)
    assert "lost 0, repeated 0." in first
    assert re.search(r"orders came out: \d+ by files, \d+ by process, \d+ by function\.", first)
    assert re.search(r"\d{12}-\d{5} +(validator|file-importer) +\w+", first)
    assert "\x1b" not in first
    second = run(example)
    assert "lost 0, repeated 0." in second
    came = exported(example)
    assert set(came.values()) == {1}
    gone = dropped(example) - came.keys()
    aside = sum(
        int(found) for found in re.findall(r"^(\d+) bad orders were set aside", first + second, re.MULTILINE)
    )
    assert len(gone) == aside
    assert came.keys() < dropped(example)


def test_the_tree_is_as_it_should_be_and_errors_have_reasons(example: Path) -> None:
    run(example)
    data = example / "work" / "data"
    assert {path.name for path in data.iterdir()} == {
        *("imports", "validated", "enriched", "exports", "errors", "archive"),
        "claimed",
    }
    assert not list(
        (data / "validated").glob("*/[!.]*.jsonl")
    )  # what was claimed before a switch was finished
    assert list((data / "archive").glob("*/enricher_export_*.jsonl"))
    for report in (data / "errors").glob("*/*_rejected.jsonl"):
        for line in report.read_text(encoding="utf-8").splitlines():
            assert json.loads(line)["issue"] == "the row has 6 fields, and there are 4 columns"


@pytest.fixture
def terminal() -> Iterator[tuple[int, list[str]]]:
    """Make a terminal; what is written to it is in the list."""
    ours, theirs = pty.openpty()
    written: list[str] = []

    def read() -> None:
        try:
            while True:
                written.append(os.read(ours, 65536).decode(errors="replace"))
        except OSError:
            return

    threading.Thread(target=read, daemon=True).start()
    yield theirs, written
    os.close(theirs)


def test_in_a_terminal_it_stays_for_own_files_its_advice_works_and_ctrl_c_ends_all(
    example: Path, terminal: tuple[int, list[str]]
) -> None:
    theirs, written = terminal
    process = subprocess.Popen(
        [sys.executable, str(example / "run.py"), "--seconds", "1"],
        cwd=example.parent,
        env={**environment(), "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    try:
        until(lambda: "The hub runs on." in "".join(written), process)
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in "".join(written).splitlines()]
        advice = [line for line in lines if re.match(r"(cp|ls|tail|\S*crossdock|\S*python\S*) ", line)]
        assert len(advice) == 6
        for command in advice:
            done = subprocess.run(
                ["/bin/sh", "-c", command],
                cwd=example.parent,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, (command, done.stderr)
        until(lambda: {"yours-1", "yours-2", "yours-4"} <= exported(example).keys(), process)
        again = subprocess.run(
            [sys.executable, str(example / "run.py")], capture_output=True, text=True, timeout=30, check=False
        )
        assert again.returncode == 1
        assert again.stderr.startswith("The warehouse runs already")
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.wait(timeout=60)
    assert process.returncode == 130, "".join(written)[-2000:]
    until(lambda: "Stopped in good order" in "".join(written), None)
    assert b'"event":"supervisor.stopped"' in (example / "work" / "hub.log").read_bytes()


def until(holds: Callable[[], bool], process: subprocess.Popen[bytes] | None) -> None:
    """Wait until something holds, while a program lives."""
    deadline = time.monotonic() + TIME_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.05)
