"""``crossdock app stop``, ``start`` and ``restart``, with workers that run: they obey, drain, and remember it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, TypeAlias

import pytest

from crossdock import Queue, Status
from tests.cli.command import Shell
from tests.cli.test_run import HANDLERS, is_alive, running, until

PROGRAM: Final = """
import json, os, sys

with open("programs", "a") as file:
    file.write(f"{os.getpid()}\\n")
for line in sys.stdin:
    frame = json.loads(line)
    if frame["method"] == "shutdown":
        break
    result = {"protocol": 1} if frame["method"] == "initialize" else {"pid": os.getpid()}
    print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)
"""
CONFIG: Final = f"""
[run]
drain = "3s"
workers = 2

[apps.validator]
outbound = {{ python = "handlers:validate" }}

[apps.warehouse]
outbound = {{ process = [{json.dumps(sys.executable)}, "program.py"], mode = "rpc" }}

[apps.taker]
inbound = {{ file = "data/imports", pattern = "*.json", arrival = "stable", settle = "100ms" }}
next = ["warehouse"]
"""
Store: TypeAlias = Callable[[], AbstractContextManager[Queue]]


@pytest.fixture
def hub(tmp_path: Path, shell: Shell) -> Shell:
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "crossdock.toml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "data" / "imports").mkdir(parents=True)
    return shell


def programs(hub: Shell) -> list[int]:
    file = hub.folder / "programs"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def done(queue: Queue, app: str) -> int:
    return queue.stats(app)[app].completed


def works_for(queue: Queue, app: str) -> None:
    """Make sure that an app is worked for."""
    before = done(queue, app)
    queue.send(app, {"n": 1})
    until(lambda: done(queue, app) > before)


def test_a_stopped_app_is_not_worked_for_until_it_is_started_whatever_is_restarted(
    hub: Shell, store: Store
) -> None:
    with store() as queue:
        with running(hub, "run"):
            works_for(queue, "validator")
            assert hub.good("app", "stop", "validator").out == "stopped  validator\n"
            waiting = queue.send("validator", {"n": 2})
            works_for(queue, "warehouse")
            assert queue.get(waiting.id).status is Status.PENDING
            told = hub.good("app", "status", "validator", "--json").json
            assert (told["stopped_at"] is not None, told["stopped_by"].startswith("cli:")) == (True, True)
            assert "stopped" in hub.good("app", "status", "validator").out
        with running(hub, "run"):
            works_for(queue, "warehouse")
            assert queue.get(waiting.id).status is Status.PENDING
            hub.good("app", "start", "validator")
            until(lambda: queue.get(waiting.id).status is Status.COMPLETED)
        assert hub.good("app", "status", "validator", "--json").json["stopped_at"] is None


def test_what_is_sent_to_a_stopped_app_can_be_claimed_by_others_unless_its_queue_is_paused(
    hub: Shell, store: Store
) -> None:
    with store() as queue, running(hub, "run", "--workers", "1"):
        works_for(queue, "validator")
        hub.good("app", "stop", "validator")
        queue.send("validator", {"n": 2})
        (delivery,) = queue.claim("validator")
        delivery.hand_back()
        queue.pause("validator")
        assert queue.claim("validator") == []


def test_a_stop_ends_the_programs_of_an_app_and_a_restart_begins_new_ones(hub: Shell, store: Store) -> None:
    with store() as queue, running(hub, "run", "--workers", "1"):
        works_for(queue, "warehouse")
        first = programs(hub)
        hub.good("app", "restart", "warehouse")
        works_for(queue, "warehouse")
        second = programs(hub)[len(first) :]
        assert second
        assert not any(is_alive(pid) for pid in first)
        hub.good("app", "stop", "warehouse")
        assert not any(is_alive(pid) for pid in second)


def test_a_stopped_app_takes_nothing_in(hub: Shell, store: Store) -> None:
    with store() as queue, running(hub, "run", "--workers", "1"):
        works_for(queue, "warehouse")
        hub.good("app", "stop", "taker")
        drop = hub.folder / "data" / "imports" / "order.json"
        drop.write_text('{"n": 1}', encoding="utf-8")
        works_for(queue, "warehouse")
        assert drop.exists()
        taken = done(queue, "warehouse")
        hub.good("app", "start", "taker")
        until(lambda: done(queue, "warehouse") > taken)
        assert not drop.exists()


@pytest.mark.parametrize("verb", ["stop", "restart"])
def test_what_is_in_work_too_long_goes_back_with_nothing_spent(hub: Shell, store: Store, verb: str) -> None:
    with store() as queue, running(hub, "run", "--workers", "1"):
        works_for(queue, "validator")
        slow = queue.send("validator", {"do": "sleep"})
        until(lambda: queue.get(slow.id).status is Status.PROCESSING)
        first = queue.get(slow.id).claimed_at
        hub.good("app", verb, "validator")
        if verb == "restart":
            until(lambda: queue.get(slow.id).claimed_at not in {None, first})
        record = queue.get(slow.id)
        assert (record.status is Status.PENDING) == (verb == "stop")
        assert (record.crashes, record.attempts) == (0, int(verb == "restart"))
        assert "message.handed_back" in [entry.event for entry in queue.timeline(slow.id)]
        works_for(queue, "warehouse")


def test_what_is_in_work_and_ends_in_time_is_completed(hub: Shell, store: Store) -> None:
    (hub.folder / "handlers.py").write_text(HANDLERS.replace("sleep(60)", "sleep(0.5)"), encoding="utf-8")
    with store() as queue, running(hub, "run", "--workers", "1"):
        works_for(queue, "validator")
        slow = queue.send("validator", {"do": "sleep"})
        until(lambda: queue.get(slow.id).status is Status.PROCESSING)
        hub.good("app", "stop", "validator")
        assert queue.get(slow.id).status is Status.COMPLETED


def test_an_app_that_is_not_there_is_not_stopped(hub: Shell) -> None:
    hub.good("init")
    result = hub("app", "stop", "validatr")
    assert (result.code, "no app validatr" in result.err) == (5, True)
