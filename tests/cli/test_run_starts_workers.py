"""``crossdock run`` with nothing but the API: it starts workers when there is something for them to do."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crossdock import Queue
from tests.cli.command import Shell
from tests.cli.test_api import PATIENCE_S, key_of, running

FUNCTION = "def deliver(message):\n    return None\n"
OUTBOUND = {"python": "function:deliver"}


def ask(shell: Shell, port: int, method: str, path: str, body: Any = None) -> int:
    headers = {
        "Authorization": f"Bearer {key_of(shell)}",
        "Content-Type": "application/json",
        "If-Match": "*",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
        return connection.getresponse().status
    finally:
        connection.close()


def workers_of(run: subprocess.Popen[bytes]) -> list[int]:
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    return [
        int(pid) for pid in children if b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    ]


def until(condition: Callable[[], bool], run: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_app_made_over_rest_gets_workers_whenever_it_is_made(shell: Shell) -> None:
    (shell.folder / "function.py").write_text(FUNCTION)
    with (
        running(shell, "run", "allow_definitions = true") as (run, port),
        Queue(f"sqlite:///{shell.folder}/crossdock.db", app="tests") as queue,
    ):
        assert workers_of(run) == []
        made = ask(shell, port, "POST", "/apps", {"app": "ledger", "outbound": OUTBOUND})
        assert made == 201
        queue.send("ledger", 1)
        until(lambda: queue.stats("ledger")["ledger"].completed == 1, run)
        assert ask(shell, port, "DELETE", "/apps/ledger") in {200, 204}
        for worker in workers_of(run):
            os.kill(worker, signal.SIGKILL)
        assert ask(shell, port, "POST", "/apps", {"app": "ledger", "outbound": OUTBOUND}) == 201
        queue.send("ledger", 2)
        until(lambda: queue.stats("ledger")["ledger"].completed == 2, run)
        run.send_signal(signal.SIGTERM)
        _, told = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, told


def test_a_worker_that_has_nothing_to_do_any_more_does_not_end_the_run(shell: Shell) -> None:
    """It ends as if the configuration were wrong, for there is no app for it."""
    (shell.folder / "function.py").write_text(FUNCTION)
    with (
        running(shell, "run", "allow_definitions = true") as (run, port),
        Queue(f"sqlite:///{shell.folder}/crossdock.db", app="tests") as queue,
    ):
        assert ask(shell, port, "POST", "/apps", {"app": "ledger", "outbound": OUTBOUND}) == 201
        until(lambda: bool(workers_of(run)), run)
        assert ask(shell, port, "DELETE", "/apps/ledger") in {200, 204}  # while it begins
        queue.send("other", 1)
        (shell.folder / "crossdock.toml").write_text(
            (shell.folder / "crossdock.toml").read_text()
            + '[apps.other]\noutbound = { python = "function:deliver" }\n'
        )
        assert shell("reload").code == 0
        until(lambda: queue.stats("other")["other"].completed == 1, run)
        run.send_signal(signal.SIGTERM)
        _, told = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0, told
