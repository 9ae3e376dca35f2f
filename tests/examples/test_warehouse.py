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
from typing import Any

import pytest

from crossdock import Queue
from tests.cli.command import environment
from tests.docs.pages import blocks_of

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


def start(example: Path, **streams: Any) -> subprocess.Popen[str]:
    """Run it, a second by each way, in a session of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, str(example / "run.py"), "--seconds", "1"],
        cwd=example.parent,
        env=environment(COLUMNS="200"),
        text=True,
        start_new_session=True,
        **streams,
    )


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


def set_aside(example: Path) -> set[str]:
    """Return the numbers of orders that were refused, or whose rows could not be read; each has a reason."""
    with Queue(f"sqlite:///{example / 'work' / 'warehouse.db'}") as queue:
        dead = queue.list("validator", status="failed", limit=1000)
    assert all(record.error is not None and record.error.details for record in dead)
    numbers = {record.message.data["order"] for record in dead}
    for report in (example / "work" / "data" / "errors").glob("*/*_rejected.jsonl"):
        for line in report.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            assert row["issue"] == "the row has 6 fields, and there are 4 columns"
            numbers.update(re.findall(r"\d{12}-\d{5}", str(row["given"])))
    return numbers


def test_tutorial_shows_the_files_of_the_example() -> None:
    shown = {
        block.title: block.text
        for block in blocks_of(ROOT / "docs" / "tutorial" / "warehouse.md")
        if block.title
    }
    pipeline = ROOT / "examples" / "warehouse" / "pipeline"
    assert shown == {name: (pipeline / name).read_text(encoding="utf-8") for name in shown}


def test_no_order_is_lost_or_repeated_by_any_way(example: Path) -> None:
    process = start(example, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = process.communicate(timeout=TIME_LIMIT_S)
    assert (process.returncode, err) == (0, ""), out
    assert "lost 0, repeated 0." in out
    assert re.search(r"orders came out: \d+ by files, \d+ by process, \d+ by webhook, \d+ by function\.", out)
    assert "\x1b" not in out
    came = exported(example)
    assert set(came.values()) == {1}
    assert dropped(example) - came.keys() == set_aside(example)
    data = example / "work" / "data"
    tree = {"imports", "validated", "enriched", "exports", "errors", "archive", "claimed"}
    assert {path.name for path in data.iterdir()} == tree
    assert list((data / "archive").glob("*/enricher_export_*.jsonl"))
    for left in ("imports", "validated", "enriched"):  # what had begun by files was finished by files
        assert not [path for path in (data / left).rglob("[!.]*") if path.is_file()]


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


def test_stopped_it_goes_on_and_in_a_terminal_it_stays_for_own_files_and_its_advice_works(
    example: Path, terminal: tuple[int, list[str]]
) -> None:
    stopped = start(example, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until(lambda: bool(exported(example)), stopped)
    assert "Stopped in good order" in interrupt(stopped)

    theirs, written = terminal
    process = start(example, stdin=theirs, stdout=theirs, stderr=theirs)
    try:
        until(lambda: "The hub runs on." in "".join(written), process)
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in "".join(written).splitlines()]
        advice = [line for line in lines if re.match(r"(cp|ls|tail|curl|\S*crossdock|\S*python\S*) ", line)]
        assert len(advice) == 9
        for command in advice:
            follow(command, example.parent)
        until(lambda: {"yours-1", "yours-2", "yours-4", "yours-9"} <= exported(example).keys(), process)
        assert (
            "The warehouse runs already" in start(example, stderr=subprocess.PIPE).communicate(timeout=30)[1]
        )
    finally:
        interrupt(process)
    assert process.returncode == 130, "".join(written)[-2000:]
    assert '"event":"supervisor.stopped"' in (example / "work" / "hub.log").read_text(encoding="utf-8")
    came = exported(example)
    assert set(came.values()) == {1}
    assert dropped(example) - came.keys() == set_aside(example) - {"yours-3", "yours-5"}


def follow(command: str, folder: Path) -> None:
    """Do what it says to try next."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        cwd=folder, env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, (command, done.stderr)


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C, and return what it says on standard error if that is a pipe."""
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=TIME_LIMIT_S)[1]
    assert process.returncode == 130
    return said or ""


def until(holds: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait until something holds, while a program lives."""
    deadline = time.monotonic() + TIME_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
