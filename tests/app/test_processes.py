"""Handlers in processes of their own: what they return, raise and survive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import Hub, Message, Queue, RetryPolicy, Status
from tests.app import cpu_handlers
from tests.app.case import AT_ONCE, ONCE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with Queue(f"sqlite:///{tmp_path}/work.db", app="tests") as opened:
        yield opened


def run(queue: Queue, handler: Any = cpu_handlers.obey, **options: Any) -> None:
    hub = Hub(queue)
    hub.app("app", cpu=True, **options)(handler)
    hub.run(wait=AT_ONCE)


def failures(queue: Queue) -> dict[str, Any]:
    return {record.message.data["do"]: record.error for record in queue.list("app")}


def test_messages_are_worked_on_in_so_many_other_processes(queue: Queue) -> None:
    queue.send_many("app", range(30))
    run(queue, cpu_handlers.tell_process, concurrency=2, next=["out"])
    answers = [record.message.data for record in queue.list("out")]
    assert sorted(answer["n"] for answer in answers) == list(range(30))
    processes = {answer["pid"] for answer in answers}
    assert 1 <= len(processes) <= 2
    assert os.getpid() not in processes
    wait_until(lambda: not any(map(is_running, processes)))


def test_errors_come_back_as_what_they_are(queue: Queue) -> None:
    queue.send_many(
        "app", [{"do": do} for do in ("invalid", "strange", "unpicklable", "exit", "panic", "rate")]
    )
    run(
        queue,
        retry=RetryPolicy(max_attempts=9, backoff_min=timedelta(hours=1), backoff_max=timedelta(hours=1)),
    )
    found = failures(queue)
    assert found["rate"].code == "RATE_LIMITED"
    assert (found["invalid"].code, found["invalid"].details) == (
        "INVALID_MESSAGE",
        (("total", "is negative"),),
    )
    assert (found["strange"].code, found["strange"].message) == ("TRANSIENT", "StrangeError: 1 and 2")
    assert "what the handler returned cannot leave its process" in found["unpicklable"].message
    assert found["exit"].message == "SystemExit: 3"
    assert found["panic"].message == "Panic: out of bounds"


@pytest.mark.parametrize("do", ["die", "kill"])
def test_message_that_kills_its_process_dies_alone(queue: Queue, do: str) -> None:
    queue.send_many("app", [{"do": "nothing"}] * 10)
    poison = queue.send("app", {"do": do})
    queue.send_many("app", [{"do": "nothing"}] * 10)
    run(queue, concurrency=2)
    record = queue.get(poison.id)
    assert (record.status, record.crashes, record.attempts) == (Status.FAILED, 3, 0)
    assert record.error is not None
    assert record.error.code == "CRASHED"
    assert queue.stats("app")["app"].completed == 20
    assert {one.crashes for one in queue.list("app", status="completed")} == {0}
    events = [entry.event for entry in queue.timeline(poison.id)]
    assert events.count("message.crashed") == 3


def test_process_that_takes_too_long_is_killed(queue: Queue) -> None:
    queue.send_many("app", [{"do": "sleep"}, {"do": "nothing"}])
    started = time.monotonic()
    run(queue, retry=ONCE, timeout=timedelta(seconds=10))
    assert time.monotonic() - started < 50
    assert [record.status for record in queue.list("app")] == [Status.FAILED, Status.COMPLETED]
    assert "took longer than its timeout" in failures(queue)["sleep"].message


def test_process_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    program = (
        "from crossdock import Hub, Queue\nfrom tests.app.cpu_handlers import obey\n"
        "if __name__ == '__main__':\n"
        f"    queue = Queue('sqlite:///{tmp_path}/work.db')\n"
        f"    queue.send('app', {{'do': 'tell', 'file': '{told}'}})\n"
        "    hub = Hub(queue)\n    hub.app('app', cpu=True)(obey)\n    hub.run()\n"
    )
    script = tmp_path / "program.py"
    script.write_text(program, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as parent:
        wait_until(lambda: told.exists() and told.read_text(encoding="utf-8") != "")
        child = int(told.read_text(encoding="utf-8"))
        assert is_running(child)
        parent.kill()
    wait_until(lambda: not is_running(child))


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_until(condition: Any, patience_s: float = 30) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def local_function(message: Message) -> None: ...


local_function.__qualname__ = "not_to_be_found"


def test_function_that_children_cannot_import_is_refused_before_anything_is_claimed(queue: Queue) -> None:
    from crossdock import ConfigError

    queue.send("app", 1)
    with pytest.raises(ConfigError, match="which cannot import it"):
        run(queue, local_function)
    assert queue.list("app")[0].attempts == 0
