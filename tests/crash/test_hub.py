"""Worker processes of a hub, killed, stopped and blocked: nothing is lost, no answer is sent twice."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crossdock import Queue, Status
from tests.app.worker_program import lines
from tests.crash.limits import MAX_CRASHES
from tests.crash.places import quickly_on_sqlite
from tests.crash.stage import Place, open_queue
from tests.stalls import InTime

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "tests.app.worker_program"
PATIENCE_S = 60.0


@dataclass
class Yard:
    """A store, its workers, and what their handlers noted outside of it."""

    folder: Path
    place: Place
    queue: Queue
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return self.folder / "handlers.log"

    def start(self, *, concurrency: int = 8, descriptors: int | None = None) -> subprocess.Popen[bytes]:
        """Start a worker, and wait until it is at work; it may open so many files at most."""
        options = {**self.place, "concurrency": concurrency, "descriptors": descriptors}
        worker = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", PROGRAM, str(self.log), json.dumps(options)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
        )  # fmt: skip
        self.workers.append(worker)
        self.until(lambda: ["ready", str(worker.pid)] in lines(self.log))
        return worker

    def until(self, condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        deadline = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < deadline, "it does not happen"
            time.sleep(0.01)

    def is_empty(self) -> bool:
        """Whether nothing waits or is worked on at either app."""
        figures = self.queue.stats()
        return all(one.ready + one.scheduled + one.blocked + one.processing == 0 for one in figures.values())

    def stop(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGCONT)
                worker.terminate()
        for worker in self.workers:
            worker.wait(20)

    def answers(self) -> Counter[int]:
        """How often each message was answered to the second app."""
        return Counter(record.message.data["n"] for record in self.queue.list("second", limit=10_000))


@pytest.fixture
def yard(tmp_path: Path, place: Place) -> Iterator[Yard]:
    with ExitStack() as stack:
        queue = stack.enter_context(open_queue("tests", **place))
        made = Yard(tmp_path, place, queue)
        stack.callback(made.stop)
        yield made


def died_of_crashes(queue: Queue, app: str) -> set[int]:
    """The numbers of an app's dead letters: on a busy machine, three kills in a row may meet the same message."""
    failed = queue.list(app, status=Status.FAILED, limit=10_000)
    assert {(one.crashes, one.error.code if one.error else None) for one in failed} <= {
        (MAX_CRASHES, "CRASHED")
    }
    return {one.message.data["n"] for one in failed}


@quickly_on_sqlite
def test_killed_workers_lose_nothing_and_answer_once(yard: Yard) -> None:
    yard.queue.send_many("first", [{"n": number} for number in range(1500)])
    rng = random.Random(7)
    for _ in range(6):
        worker = yard.start()
        time.sleep(rng.uniform(0.05, 0.4))
        worker.kill()
        worker.wait()
    yard.start()
    yard.until(yard.is_empty)
    dead = {app: died_of_crashes(yard.queue, app) for app in ("first", "second")}
    assert yard.answers() == Counter(set(range(1500)) - dead["first"])
    others = {Status.COMPLETED, *([Status.FAILED] if any(dead.values()) else [])}
    assert {record.status for record in yard.queue.list(limit=10_000)} == others
    starts = Counter(int(line[1]) for line in lines(yard.log) if line[0] == "start")
    repeated = {number for number, times in starts.items() if times > 1}
    crashed = {
        record.message.data["n"] for record in yard.queue.list("first", limit=10_000) if record.crashes
    }
    assert repeated <= crashed


@quickly_on_sqlite
def test_only_the_poison_among_a_hundred_neighbours_dies(yard: Yard) -> None:
    yard.queue.send_many("first", [{"n": n, "do": "die" if n == 50 else None} for n in range(101)])
    while not yard.is_empty():
        worker = yard.start()
        yard.until(lambda worker=worker: worker.poll() is not None or yard.is_empty())  # type: ignore[misc]
    records = yard.queue.list("first", limit=1000)
    [dead] = [record for record in records if record.status is Status.FAILED]
    assert (dead.message.data["n"], dead.crashes, dead.attempts) == (50, MAX_CRASHES, 0)
    neighbours = [record for record in records if record is not dead]
    assert {record.attempts for record in neighbours} == {1}
    assert max(record.crashes for record in neighbours) <= 1
    assert yard.answers() == Counter(set(range(101)) - {50})


def test_poison_takes_no_message_of_another_app_of_its_process_with_it(yard: Yard) -> None:
    yard.queue.send("first", {"n": 1, "do": "die", "after_s": 0.5})
    yard.queue.send_many("beside", [{"s": 1}] * 8)
    while not yard.is_empty():
        worker = yard.start()
        yard.until(lambda worker=worker: worker.poll() is not None or yard.is_empty())  # type: ignore[misc]
    [dead] = yard.queue.list("first")
    assert (dead.status, dead.crashes) == (Status.FAILED, MAX_CRASHES)
    neighbours = yard.queue.list("beside")
    assert {record.status for record in neighbours} == {Status.COMPLETED}
    assert max(record.crashes for record in neighbours) == 1


def test_stopped_worker_loses_its_leases_and_its_late_answers_count_for_nothing(yard: Yard) -> None:
    first = yard.start()
    yard.queue.send_many("first", [{"n": number, "do": "0.5"} for number in range(8)])
    yard.until(lambda: sum(line[0] == "start" for line in lines(yard.log)) == 8)
    first.send_signal(signal.SIGSTOP)
    yard.start()
    yard.until(lambda: len(yard.answers()) == 8)
    first.send_signal(signal.SIGCONT)
    yard.until(lambda: sum(line[0] == "end" and line[-1] == str(first.pid) for line in lines(yard.log)) == 8)
    yard.queue.send("first", {"n": 99})
    yard.until(yard.is_empty)
    assert yard.answers() == Counter([*range(8), 99])


@quickly_on_sqlite
def test_handler_that_keeps_the_gil_keeps_its_lease(yard: Yard) -> None:
    yard.start()
    yard.queue.send("first", {"n": 1, "do": "block"})
    yard.until(lambda: any(line[:2] == ["start", "1"] for line in lines(yard.log)))
    yard.start()
    yard.until(yard.is_empty)
    assert sum(line[:2] == ["start", "1"] for line in lines(yard.log)) == 1
    assert yard.queue.list("first")[0].status is Status.COMPLETED


def test_handler_may_fork(yard: Yard) -> None:
    yard.start()
    yard.queue.send_many("first", [{"n": number, "do": "fork"} for number in range(5)])
    yard.until(yard.is_empty)
    assert yard.answers() == Counter(range(5))


@quickly_on_sqlite
def test_handler_that_leaks_descriptors_fails_alone(yard: Yard) -> None:
    worker = yard.start(descriptors=100)
    yard.queue.send_many("first", [{"n": n, "do": "leak" if n < 20 else None} for n in range(120)])
    yard.until(yard.is_empty)
    failed = yard.queue.list("first", status=Status.FAILED, limit=1000)
    assert failed
    assert {record.message.data["n"] for record in failed} <= set(range(20))
    assert {record.crashes for record in failed} == {0}
    assert yard.answers() == Counter(set(range(120)) - {record.message.data["n"] for record in failed})
    worker.terminate()
    assert worker.wait(60) == 0


@quickly_on_sqlite
def test_flood_is_worked_off_in_little_memory(yard: Yard) -> None:
    worker = yard.start()
    yard.queue.pause("first")
    yard.queue.send_many("first", [{"n": number, "note": "x" * 5000} for number in range(2000)])
    assert yard.queue.stats("first")["first"].ready == 2000
    assert not lines(yard.log)[1:]
    yard.queue.resume("first")
    yard.until(yard.is_empty)
    assert yard.answers() == Counter(range(2000))
    (peak,) = (
        int(line.split()[1])
        for line in Path(f"/proc/{worker.pid}/status").read_text(encoding="utf-8").splitlines()
        if line.startswith("VmHWM:")
    )
    assert peak < 150_000  # KiB


@quickly_on_sqlite
def test_starved_worker_gets_everything_done_once(yard: Yard) -> None:
    worker = yard.start()
    yard.queue.send_many("first", [{"n": number, "do": "0.01"} for number in range(300)])
    while (
        not yard.is_empty()
    ):  # it computes for a quarter of the time, and never long enough to end its lease
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.15)
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    assert yard.answers() == Counter(range(300))
    assert {record.status for record in yard.queue.list("first", limit=1000)} == {Status.COMPLETED}


@quickly_on_sqlite
def test_terminated_worker_ends_in_time_and_hands_back_what_is_unfinished(yard: Yard) -> None:
    worker = yard.start()
    yard.queue.send_many("first", [{"n": n, "do": "60" if n % 2 else None} for n in range(200)])
    yard.until(lambda: sum(line[0] == "start" for line in lines(yard.log)) >= 8)
    with InTime(yard.folder, 10, worker.pid):
        worker.terminate()
        assert worker.wait(60) == 0
    found = {
        (record.status, record.attempts, record.crashes) for record in yard.queue.list("first", limit=1000)
    }
    assert found <= {(Status.PENDING, 0, 0), (Status.COMPLETED, 1, 0)}
    assert (Status.PENDING, 0, 0) in found
