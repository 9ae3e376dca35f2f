"""``crossdock worker``, ``crossdock run`` and ``crossdock app``: real processes that work, die and stop."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from crossdock import Status
from tests.cli.command import Shell
from tests.stalls import InTime

PATIENCE_S = 60.0
DRAIN_S = 5.0
"""As in ``CONFIG``."""
HANDLERS = """\
import asyncio, ctypes, os, time
from crossdock import CredentialError

async def validate(message):
    if message.data.get("do") == "sleep":
        await asyncio.sleep(60)
    if message.data.get("do") == "block":
        while True:
            pass
    if message.data.get("do") == "hold":
        mutex = ctypes.create_string_buffer(64)
        while True:  # locked twice, it blocks for ever, keeps Python's lock, and hears of no signal
            ctypes.PyDLL(None).pthread_mutex_lock(mutex)
    if message.data.get("do") == "die":
        os._exit(7)
    return {"n": message.data.get("n"), "pid": os.getpid()}

def pack(message):
    time.sleep(0.002)

def no_argument():
    pass
"""
CONFIG = """\
[queue]
lease = "1s"

[run]
drain = "5s"

[apps.validator]
outbound = { python = "handlers:validate" }
next = ["warehouse"]
concurrency = 4

[apps.warehouse]
outbound = { python = "handlers:pack" }
"""


@pytest.fixture
def hub(tmp_path: Path, shell: Shell) -> Shell:
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    (tmp_path / "crossdock.toml").write_text(CONFIG, encoding="utf-8")
    return shell


@contextmanager
def running(shell: Shell, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command until the block ends; what it says goes to a file."""
    with (shell.folder / "said").open("wb") as said:
        process = shell.start(*arguments, stdin=subprocess.DEVNULL, stderr=said)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(30)


def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def said(shell: Shell) -> str:
    return (shell.folder / "said").read_text(encoding="utf-8")


def workers(shell: Shell) -> list[int]:
    """Return the processes that said that they work, in the order in which they did."""
    return [int(pid) for pid in re.findall(r"process (\d+) works for", said(shell))]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class TestWorker:
    def test_worker_works_for_the_apps_of_the_configuration(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "worker") as worker:
            queue.send_many("validator", [{"n": number} for number in range(200)])
            until(lambda: queue.stats("warehouse")["warehouse"].completed == 200)
            assert f"process {worker.pid} works for validator, warehouse" in said(hub)
            worker.terminate()
            assert worker.wait(20) == 0

    def test_worker_works_only_for_the_apps_that_are_named(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "worker", "validator"):
            queue.send("validator", {"n": 1})
            until(lambda: queue.stats("validator")["validator"].completed == 1)
            time.sleep(0.3)
            assert queue.stats("warehouse")["warehouse"].ready == 1

    @pytest.mark.parametrize("do", ["sleep", "block"])
    def test_worker_ends_in_time_and_hands_back_with_nothing_spent(
        self, hub: Shell, store: Any, do: str
    ) -> None:
        with store() as queue, running(hub, "worker") as worker:
            queue.send("validator", {"n": 1, "do": do})
            until(lambda: queue.stats("validator")["validator"].processing == 1)
            time.sleep(0.2)
            with InTime(hub.folder, DRAIN_S, worker.pid):
                worker.terminate()
                assert worker.wait(60) in {0, 143}
            [record] = queue.list("validator")
            assert (record.status, record.attempts, record.crashes) == (Status.PENDING, 0, 0)

    def test_worker_ends_in_time_while_nobody_can_write_and_nothing_is_spent(
        self, hub: Shell, store: Any
    ) -> None:
        with store() as queue, running(hub, "worker") as worker:
            queue.send("validator", {"n": 1, "do": "sleep"})
            until(lambda: queue.stats("validator")["validator"].processing == 1)
            with queue._store.open_store.writing_alone(), InTime(hub.folder, DRAIN_S, worker.pid):
                worker.terminate()
                assert worker.wait(60) == 143
            until(lambda: queue.stats("validator")["validator"].ready == 1)
            [record] = queue.list("validator")
            assert (record.status, record.attempts, record.crashes) == (Status.PENDING, 0, 0)

    def test_second_signal_ends_it_at_once(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "worker") as worker:
            queue.send("validator", {"n": 1, "do": "sleep"})
            until(lambda: queue.stats("validator")["validator"].processing == 1)
            with InTime(hub.folder, 3, worker.pid):
                worker.send_signal(signal.SIGINT)
                time.sleep(0.2)
                worker.send_signal(signal.SIGINT)
                worker.wait(60)
            [record] = queue.list("validator")
            assert (record.status, record.attempts) == (Status.PENDING, 0)

    @pytest.mark.parametrize(
        ("path", "words"),
        [
            ("handlers:validat", "module handlers has no validat; did you mean validate?"),
            ("handlers:no_argument", "takes nothing; handlers get (message) or (message, delivery)"),
            ("nowhere:validate", "there is no module nowhere; it is looked for in"),
            ("broken:validate", "module broken cannot be imported: SyntaxError"),
            ("needy:validate", "module needy cannot be imported: No module named 'not_installed'"),
        ],
    )
    def test_handler_that_cannot_be_found_is_told_with_its_key(
        self, hub: Shell, path: str, words: str
    ) -> None:
        (hub.folder / "broken.py").write_text("def (:", encoding="utf-8")
        (hub.folder / "needy.py").write_text("import not_installed", encoding="utf-8")
        (hub.folder / "crossdock.toml").write_text(f'[apps.validator]\noutbound = {{ python = "{path}" }}\n')
        result = hub("worker")
        assert result.code == 3
        assert "crossdock.toml: apps.validator.outbound.python: " in result.err
        assert words in result.err

    def test_all_that_is_wrong_is_told_at_once(self, hub: Shell) -> None:
        (hub.folder / "crossdock.toml").write_text(
            '[apps.a]\noutbound = { python = "handlers:x" }\n[apps.b]\noutbound = { python = "nowhere:x" }\n'
        )
        result = hub("worker")
        assert "apps.a.outbound.python" in result.err
        assert "apps.b.outbound.python" in result.err

    def test_worker_without_handlers_says_how_to_name_one(self, shell: Shell) -> None:
        result = shell("worker")
        assert result.code == 3
        assert 'outbound = { python = "module:function" }' in result.err


class TestRun:
    def test_dead_worker_is_started_again_and_what_it_held_is_done(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "run", "--workers", "2") as run:
            until(lambda: len(workers(hub)) == 2)
            queue.send_many("validator", [{"n": number} for number in range(600)])
            for _ in range(3):
                seen = workers(hub)
                os.kill(seen[-1], signal.SIGKILL)
                until(lambda seen=seen: len(workers(hub)) > len(seen))  # type: ignore[misc]
            until(lambda: queue.stats("warehouse")["warehouse"].completed == 600)
            answers = Counter(record.message.data["n"] for record in queue.list("warehouse", limit=1000))
            assert answers == Counter(range(600))
            assert said(hub).count("killed by signal 9") == 3
            run.terminate()
            assert run.wait(20) == 0
        assert not [pid for pid in workers(hub) if is_alive(pid)]

    def test_poison_dies_alone_and_the_run_goes_on(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "run"):
            queue.send_many("validator", [{"n": n, "do": "die" if n == 5 else None} for n in range(30)])
            until(lambda: queue.stats("validator")["validator"].completed == 29)
            until(lambda: queue.stats("validator")["validator"].failed == 1)
            [dead] = queue.list("validator", status="failed")
            assert dead.message.data["n"] == 5
            assert dead.error is not None
            assert dead.error.code == "CRASHED"
            delays = [float(found) for found in re.findall(r"started again in ([\d.]+) s", said(hub))]
            assert delays == [0.1, 0.2, 0.4]

    def test_stopped_run_ends_its_workers_in_time(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "run", "--workers", "2") as run:
            until(lambda: len(workers(hub)) == 2)
            queue.send_many("validator", [{"n": number, "do": "sleep"} for number in range(8)])
            until(lambda: queue.stats("validator")["validator"].processing == 8)
            with InTime(hub.folder, DRAIN_S, run.pid, *workers(hub)):
                run.terminate()
                assert run.wait(60) == 0
            found = {(one.status, one.attempts, one.crashes) for one in queue.list("validator")}
            assert found == {(Status.PENDING, 0, 0)}

    def test_worker_that_keeps_pythons_lock_is_killed_in_time_and_nothing_it_held_is_spent(
        self, hub: Shell, store: Any
    ) -> None:
        with store() as queue, running(hub, "run") as run:
            until(lambda: len(workers(hub)) == 1)
            queue.send_many("validator", [{"n": number, "do": "sleep"} for number in range(3)])
            until(lambda: queue.stats("validator")["validator"].processing == 3)
            queue.send_many("validator", [{"n": 3, "do": "hold"}, {"n": 4, "do": "sleep"}])
            until(lambda: queue.stats("validator")["validator"].processing >= 4)
            time.sleep(0.2)
            with InTime(hub.folder, DRAIN_S, run.pid, *workers(hub)):
                run.terminate()
                assert run.wait(60) == 0
            found = {(one.status, one.attempts, one.crashes) for one in queue.list("validator")}
            assert found == {(Status.PENDING, 0, 0)}
            [ended] = [one for one in queue.timeline(queue.list("validator")[3].message.id) if one.details]
            assert ended.event == "message.handed_back"
            assert ended.details["message"] == "the process ended before it was finished"
        assert "what it held is handed back, nothing spent" in said(hub)

    def test_second_signal_ends_the_workers_at_once(self, hub: Shell, store: Any) -> None:
        with store() as queue, running(hub, "run") as run:
            until(lambda: len(workers(hub)) == 1)
            queue.send("validator", {"n": 1, "do": "sleep"})
            until(lambda: queue.stats("validator")["validator"].processing == 1)
            with InTime(hub.folder, 2.5, run.pid, *workers(hub)):
                run.send_signal(signal.SIGINT)
                time.sleep(0.3)
                run.send_signal(signal.SIGINT)
                run.wait(60)
            [record] = queue.list("validator")
            assert (record.status, record.attempts, record.crashes) == (Status.PENDING, 0, 0)

    def test_workers_end_when_the_run_is_killed(self, hub: Shell, store: Any) -> None:
        with store(), running(hub, "run") as run:
            until(lambda: len(workers(hub)) == 1)
            run.kill()
            run.wait(20)
            until(lambda: not is_alive(workers(hub)[0]))

    def test_wrong_configuration_is_not_tried_again(self, hub: Shell) -> None:
        (hub.folder / "crossdock.toml").write_text('[apps.a]\noutbound = { python = "nowhere:x" }\n')
        result = hub("run")
        assert result.code == 3
        assert result.err.count("there is no module nowhere") == 1


class TestApp:
    def test_apps_are_listed_with_their_handlers_and_figures(self, hub: Shell, store: Any) -> None:
        with store() as queue:
            queue.send_many("validator", [{}, {}])
            queue.send("elsewhere", {})
            queue.pause("elsewhere")
        lines = [line.split() for line in hub.good("app", "list").out.splitlines()]
        assert lines[1] == ["elsewhere", "1", "0", "0", "paused"]
        assert lines[2] == ["validator", "handlers:validate", "warehouse", "2", "0", "0"]
        assert lines[3] == ["warehouse", "handlers:pack", "0", "0", "0"]

    def test_status_tells_what_is_configured_and_how_the_queue_stands(self, hub: Shell, store: Any) -> None:
        with store() as queue:
            queue.send("validator", {})
        out = hub.good("app", "status", "validator").out
        assert re.search(r"^handler +handlers:validate$", out, flags=re.MULTILINE)
        assert re.search(r"^concurrency +4$", out, flags=re.MULTILINE)
        assert re.search(r"^ready +1$", out, flags=re.MULTILINE)

    def test_status_as_json(self, hub: Shell) -> None:
        found = hub.good("app", "status", "warehouse", "--json").json
        assert found == {
            "app": "warehouse",
            "configured": {"outbound": {"python": "handlers:pack"}},
            "queue": None,
            "stopped_at": None,
            "stopped_by": None,
        }

    def test_unknown_app_is_told(self, hub: Shell) -> None:
        result = hub("app", "status", "nobody")
        assert (result.code, result.out) == (5, "")
        assert "no app nobody" in result.err


def test_worker_that_a_handler_blocks_past_its_timeout_is_replaced(hub: Shell, tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text(
        HANDLERS
        + """
import ctypes, pathlib
async def block(message):
    if not pathlib.Path("blocked").exists():
        pathlib.Path("blocked").touch()
        ctypes.PyDLL(None).usleep(100_000_000)  # keeps Python's lock
""",
        encoding="utf-8",
    )
    (tmp_path / "crossdock.toml").write_text(
        '[queue]\nlease = "10m"\n[apps.app]\noutbound = { python = "handlers:block" }\ntimeout = "500ms"\n'
        'retry = { backoff = "0s..0s" }\n',
        encoding="utf-8",
    )
    hub.good("send", "app", "1")
    with running(hub, "run"):
        until(lambda: hub.good("queue", "stats", "app", "--json").json[0]["completed"] == 1)
    said = (tmp_path / "said").read_text(encoding="utf-8")
    assert "worker.stuck" in said
    assert re.search(r"worker 1 \(process \d+\) is blocked by a handler whose timeout is over", said)
