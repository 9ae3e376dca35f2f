"""Exporters that are killed at random, while the accounts change and their services fail, lose and double nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.exporting import Exports
from task_priority.home import Home
from task_priority.sandbox import Sandbox
from task_priority.sandbox.clock import system_clock
from task_priority.sources import Sources
from tests.task_priority.accounts.connected import NO_KEY_RING, connect
from tests.task_priority.accounts.life import (
    CALENDAR_STEPS,
    FAULTS,
    TASK_LIST_STEPS,
    TODOIST_STEPS,
    change_calendars,
    change_task_lists,
    change_todoist,
)
from tests.task_priority.accounts.truth import in_calendars, in_task_lists, in_todoist
from tests.task_priority.exporters.ics.seen import CORPUS
from tests.task_priority.exporters.killed_program import NAMES, READER, ROUTES, open_queue

ROOT = Path(__file__).resolve().parents[3]
MANY = 1_000_000
LONGEST_S = 60
LIVES = (
    (change_todoist, TODOIST_STEPS),
    (change_calendars, CALENDAR_STEPS),
    (change_task_lists, TASK_LIST_STEPS),
)
UGLY = sorted(path for path in CORPUS.glob("*.ics") if not path.name.startswith("file-that-"))


class Later:
    """The time, and a while more."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> Any:
        return system_clock() + self.ahead


@pytest.mark.needs_linux
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_exporters_killed_at_random_lose_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int
) -> None:
    seed = int(os.environ.get("CROSSDOCK_TEST_SEED", random.SystemRandom().getrandbits(30)))
    print(f"CROSSDOCK_TEST_SEED={seed}")  # noqa: T201 - pytest shows it with a failure
    for name, value in NO_KEY_RING.items():
        monkeypatch.setenv(name, value)
    clock, home, rng = Later(), Home(tmp_path / "home"), random.Random(seed)
    with Sandbox(clock=clock) as sandbox:
        connect(home, sandbox, calendars=tmp_path / "calendars")
        for kill in range(kills):
            with running(home) as process:
                live(sandbox, tmp_path / "calendars", rng)
                if kill == 0:
                    stop_within_a_run(process, home)
        sandbox.faults.clear()
        clock.ahead = timedelta(days=1)
        check_end(home, sandbox)


@contextmanager
def running(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Run the exporters until the block ends, and kill them then."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-W",
            "error",
            "-m",
            "tests.task_priority.exporters.killed_program",
            str(home.folder),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.poll() is None, "it ended by itself"
    finally:
        process.kill()
        process.communicate()


def stop_within_a_run(process: subprocess.Popen[str], home: Home) -> None:
    """Let a process do nothing more, at an instant when it has begun a run: chance alone may never meet one."""
    deadline = time.monotonic() + LONGEST_S
    with open_queue(home) as queue:
        exports = Exports(queue, ROUTES)
        while time.monotonic() < deadline:
            process.send_signal(signal.SIGSTOP)
            newest = [run for name in NAMES for run in exports.history(name, 1)]
            if any(run.outcome == "running" for run in newest):
                return
            process.send_signal(signal.SIGCONT)
            time.sleep(0.01)
    pytest.fail(f"no run began within {LONGEST_S} s")


def live(sandbox: Sandbox, calendars: Path, rng: random.Random) -> None:
    """Let the owner do something now and then, and some of it go wrong."""
    sandbox.faults.clear()
    sandbox.google.calendars.page_limit = rng.choice((3, None))
    for _ in range(rng.randrange(3)):
        sandbox.faults.add(rng.choice(FAULTS), chance=rng.uniform(0.02, 0.3), times=None)
    for _ in range(rng.randint(2, 12)):
        for change, names in LIVES:
            change(sandbox, (rng.choice(names), rng.randrange(100), rng.randrange(100)))
        draft = calendars.with_suffix(".draft")
        draft.write_bytes(rng.choice(UGLY).read_bytes())
        draft.replace(calendars / f"{rng.randrange(4)}.ics")
        time.sleep(rng.uniform(0.0, 0.1))


def check_end(home: Home, sandbox: Sandbox) -> None:
    """Run the exporters once more, and hold what is stored and what was told against what is there."""
    with open_queue(home) as queue, Sources(home) as sources:
        exports = Exports(queue, ROUTES)
        for exporter in sources.exporters():
            exports.sync(exporter)
        stored = {name: exports.all_objects(name) for name in NAMES}
        aside = {name: reasons(exports, name) for name in NAMES}
        check_counts(exports)
        check_messages(queue, stored)
        for exporter in sources.exporters():
            told = exports.sync(exporter, full=True).counts
            assert (told.changed, told.gone) == (0, 0)
            assert reasons(exports, exporter.name) == aside[exporter.name]
    truths = (("todoist", in_todoist), ("google-calendar", in_calendars), ("google-tasks", in_task_lists))
    for name, truth in truths:
        for kind, there in truth(sandbox).items():
            assert set(stored[name].get(kind, {})) == set(there)
    assert stored["todoist"]["tasks"] == in_todoist(sandbox)["tasks"]
    assert stored["ics"]["events"]


def check_counts(exports: Exports) -> None:
    outcomes = set()
    for name in NAMES:
        for run in exports.history(name, 1000):
            assert run.counts.received == run.counts.taken + run.counts.set_aside
            outcomes.add(run.outcome)
    assert {"completed", "abandoned"} <= outcomes


def check_messages(queue: Any, stored: Mapping[str, Any]) -> None:
    """Each message tells of a change, and all of them, one after the other, come to what is stored."""
    replayed: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in NAMES}
    for record in queue.list(READER, limit=MANY):
        change = record.message.data
        objects = replayed[record.message.source].setdefault(change["kind"], {})
        before, now = objects.pop(change["id"], None), None if change["gone"] else change["data"]
        assert now != before, "told twice"
        if now is not None:
            objects[change["id"]] = now
    for name in NAMES:
        assert _filled(replayed[name]) == _filled(stored[name])


def reasons(exports: Exports, name: str) -> list[tuple[str, str | None, str]]:
    return sorted((one.kind, one.id, one.reason) for one in exports.set_aside(name, 1000))


def _filled(objects: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: found for kind, found in objects.items() if found}
