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
TIME_LIMIT_S = 90.0

pytestmark = [pytest.mark.needs_linux, pytest.mark.timeout(240)]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """Copy the example, without what whoever ran it in the checkout left, to ports that no other of these tests wants.

    Two that begin at once would both find the usual ones free.
    """
    copy = tmp_path / "warehouse"
    shutil.copytree(
        ROOT / "examples" / "warehouse", copy, ignore=shutil.ignore_patterns("work", "__pycache__")
    )
    port = 10_000 + os.getpid() % 10_000 * 2
    for file in (copy / "place.py", copy / "pipeline" / "crossdock.toml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace("8765", str(port)).replace("8766", str(port + 1)), encoding="utf-8")
    return copy


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Write a calendar and an export of Todoist, and return the options that name them."""
    for block in blocks_of(ROOT / "docs" / "tutorial" / "task-priority.md"):
        if block.title:
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
    return ["--ics", str(tmp_path / "work.ics"), "--csv", str(tmp_path / "work.csv")]


def variables(example: Path) -> dict[str, str]:
    """Return an environment of somebody who has a home of their own, where nothing is connected yet."""
    return environment(
        COLUMNS="200", TASK_PRIORITY_HOME=str(example.parent / "home"), TASK_PRIORITY_KEYRING="off"
    )


def start(example: Path, *options: str, **streams: Any) -> subprocess.Popen[str]:
    """Run it, a second by each way, in a session of its own, as a terminal does."""
    return subprocess.Popen(
        [sys.executable, str(example / "run.py"), "--seconds", "1", *options],
        cwd=example.parent,
        env=variables(example),
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
            assert row["issue"] == "the row has 6 fields for 4 columns"
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
    assert "The tasks are those of a made-up account, which the sandbox serves" in out
    assert re.search(
        r"^ *1 +\d+ .*\(\+\d+\)", out, re.MULTILINE
    )  # the first, its score, and a reason with its points
    assert re.search(r"^When +Task +Score$", out, re.MULTILINE)
    assert out.count("Sources: google-calendar just now, google-tasks just now, todoist just now.") == 2
    assert not (example.parent / "home").exists()
    came = exported(example)
    assert set(came.values()) == {1}
    assert dropped(example) - came.keys() == set_aside(example)
    data = example / "work" / "data"
    tree = {"imports", "validated", "enriched", "exports", "errors", "archive", "claimed"}
    assert {path.name for path in data.iterdir()} == tree
    assert list((data / "archive").glob("*/enricher_export_*.jsonl"))
    for left in ("imports", "validated", "enriched"):  # what had begun by files was finished by files
        assert not [path for path in (data / left).rglob("[!.]*") if path.is_file()]


def in_example(example: Path, script: str, **streams: Any) -> subprocess.CompletedProcess[str]:
    """Run a few lines among the modules of the example, in a terminal of 100 columns if it has one."""
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=example,
        env=variables(example) | {"COLUMNS": "100"},
        text=True,
        timeout=60,
        check=True,
        **streams,
    )


def test_every_figure_fits_into_100_columns(example: Path, terminal: tuple[int, list[str]]) -> None:
    theirs, written = terminal
    script = (
        "from types import SimpleNamespace\n"
        "from run import Queue, Screen, Shop, STORE_URL, Tally, edit, prepare\n"
        "prepare(SimpleNamespace(configuration=''))\n"
        "edit('webhook')\n"
        "with Queue(STORE_URL) as queue:\n"
        "    queue.send_many('enricher', [1] * 1234)\n"
        "    shop = Shop()\n"
        "    screen = Screen(queue, shop, Tally(queue, shop))\n"
        "    with screen.live():\n"
        "        screen.update()\n"
    )
    in_example(example, script, stdout=theirs, stderr=theirs)
    until(lambda: "repeated 0" in "".join(written))
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line).strip() for line in "".join(written).splitlines()]
    assert "app              transport now" in lines[0]
    assert lines[0].endswith("waiting   delivered   set aside")
    assert re.fullmatch(
        r"enricher +http = http://127\.0\.0\.1:\d+/enrich +1234 +0 +0",
        next(line for line in lines if line.startswith("enricher")),
    )
    assert "sent 0 · delivered 0 · set aside 0 · on the way 0 · lost 0 · repeated 0" in lines


@pytest.mark.parametrize(("out", "lost"), [([], 0), (["2"], 0), (["3"], 2), (["2", "3"], 1)])
def test_what_is_slow_is_not_lost_but_what_others_have_overtaken(
    example: Path, out: list[str], lost: int
) -> None:
    (example / "work").mkdir()
    script = (
        "from run import Queue, Shop, STORE_URL, Tally\n"
        "with Queue(STORE_URL) as queue:\n"
        "    shop = Shop()\n"
        "    shop.dropped = {'1': 100.0, '2': 101.0, '3': 121.5, '4': 122.0}\n"
        "    tally = Tally(queue, shop)\n"
        f"    tally.out.update({out})\n"
        "    print(tally.lost())\n"
    )
    assert in_example(example, script, stdout=subprocess.PIPE).stdout == f"{lost}\n"


def test_nothing_runs_on_when_its_terminal_is_closed(example: Path) -> None:
    log = example / "work" / "hub.log"
    process = start(example, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: log.exists() and '"event":"supervisor.started"' in log.read_text("utf-8"), process)
    os.killpg(process.pid, signal.SIGHUP)
    assert process.wait(TIME_LIMIT_S) == 130
    assert '"event":"supervisor.stopped"' in log.read_text("utf-8")


@pytest.mark.parametrize(
    ("option", "content", "reason"),
    [
        ("ics", None, "there is no such file; give a calendar file"),
        ("ics", "Monday: nothing", "it is no calendar"),
        ("csv", "a,b", "it is no CSV export of Todoist"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    example: Path, option: str, content: str | None, reason: str
) -> None:
    file = example.parent / f"mine.{option}"
    if content is not None:
        file.write_text(content)
    process = start(example, f"--{option}", str(file), stderr=subprocess.PIPE)
    said = process.communicate(timeout=TIME_LIMIT_S)[1]
    assert process.returncode == 2
    assert said.startswith(f"{option.upper()}={file}: ")
    assert reason in said
    assert f"make run {option.upper()}=my.{option}" in said


def test_what_the_reader_has_connected_is_ranked_and_their_home_stays_as_it_is(
    example: Path, files: list[str]
) -> None:
    task_priority = [sys.executable, "-m", "task_priority"]
    own = variables(example)
    subprocess.run([*task_priority, "connect", "csv", files[-1]], env=own, check=True, capture_output=True)
    home = example.parent / "home"
    before = contents(home)
    script = (
        "from tasks import chosen_tasks\n"
        "with chosen_tasks('', '') as tasks:\n"
        "    print(tasks.configuration, flush=True)\n"
        "    tasks.command('sync')\n"
        "    tasks.command('today')\n"
    )
    (example / "work").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=example, env=own, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert f'home = "{home}"' in done.stdout
    assert "Ring the dentist" in done.stdout
    assert contents(home) == before


def contents(folder: Path) -> dict[Path, bytes]:
    """Return the files in a folder, but for locks, which are empty."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.stat().st_size}


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
    example: Path, files: list[str], terminal: tuple[int, list[str]]
) -> None:
    stopped = start(example, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until(lambda: bool(exported(example)), stopped)
    assert "Stopped in good order" in interrupt(stopped)

    theirs, written = terminal
    process = start(example, *files, stdin=theirs, stdout=theirs, stderr=theirs)
    try:
        until(lambda: "The hub runs on." in "".join(written), process)
        lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in "".join(written).splitlines()]
        assert any(
            re.match(r"\d +\d+ +Ring the dentist .* overdue by \d+ days \(\+\d+\)", line) for line in lines
        )
        assert sum(line.startswith("Sources: ics just now, todoist-backup just now.") for line in lines) == 2
        advice = [
            line for line in lines if re.match(r"(cp|ls|tail|curl|\S*crossdock|\S*python\S*|TASK\S*) ", line)
        ]
        assert len(advice) == 14
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
    if "/tasks/ranked" in command:
        assert [task["task"]["title"] for task in json.loads(done.stdout)["tasks"]][-1:], done.stdout


def interrupt(process: subprocess.Popen[str]) -> str:
    """Press Ctrl-C, and return what it says on standard error if that is a pipe."""
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=TIME_LIMIT_S)[1]
    assert process.returncode == 130
    return said or ""


def until(holds: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something holds, while a program lives."""
    deadline = time.monotonic() + TIME_LIMIT_S
    while not holds():
        assert time.monotonic() < deadline
        assert process is None or process.poll() is None
        time.sleep(0.05)
