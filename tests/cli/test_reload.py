"""``crossdock reload``, and SIGHUP: workers apply a changed configuration between two messages."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Shell
from tests.cli.test_run import running

PATIENCE_S = 60.0
HANDLERS = """\
import asyncio, os

async def work(message):
    if message.data == "long":
        await asyncio.sleep(100)
    return {"by": os.getpid()}
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs_postgresql)])
def hub(request: pytest.FixtureRequest, tmp_path: Path, shell: Shell) -> Iterator[Shell]:
    """A configuration on a store of each kind; what is still connected to a database ends with it."""
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    if request.param == "sqlite":
        (tmp_path / "store.toml").write_text("", encoding="utf-8")
        configure(shell, "before")
        yield shell
        return
    databases = request.getfixturevalue("databases")
    url = databases.prepared()
    store = f'[store]\nurl = "{url}"\nhost_folder = "{tmp_path}/host"\n'
    (tmp_path / "store.toml").write_text(store, encoding="utf-8")
    configure(shell, "before")
    yield shell
    databases.drop(url, quietly=True)


def configure(shell: Shell, receiver: str, handler: str = "work", rest: str = "") -> None:
    store = (shell.folder / "store.toml").read_text(encoding="utf-8")
    (shell.folder / "crossdock.toml").write_text(
        f'{store}[run]\nworkers = 2\ndrain = "3s"\n[apps.app]\noutbound = {{ python = "handlers:{handler}" }}\n'
        f'next = ["{receiver}"]\n{rest}\n',
        encoding="utf-8",
    )


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.05)


def depth(shell: Shell, app: str) -> int:
    return int(shell.good("queue", "stats", app, "--json").json[0]["ready"])


def workers_at_work(shell: Shell, count: int) -> list[int]:
    """Wait until so many workers are there; return their processes."""
    found: list[int] = []

    def all_there() -> bool:
        told = shell("reload", "--json").json
        found[:] = [one["pid"] for one in told["processes"]]
        return len(found) == count and all(
            one["generation"] == told["generation"] for one in told["processes"]
        )

    until(all_there)
    return found


def test_workers_apply_what_has_changed(hub: Shell) -> None:
    hub.good("send", "app", "1")
    with running(hub, "run"):
        processes = workers_at_work(hub, 2)
        until(lambda: depth(hub, "before") == 1)
        configure(hub, "after", rest="max_depth = 7\n[apps.new]\noutbound = { python = 'handlers:work' }")
        told = hub.good("reload")
        assert "2 of 2 workers applied generation" in told.out
        hub.good("send", "app", "2")
        hub.good("send", "new", "3")
        until(lambda: depth(hub, "after") == 1)
        until(lambda: hub.good("queue", "stats", "new", "--json").json[0]["completed"] == 1)
        assert depth(hub, "before") == 1
        assert hub.good("queue", "stats", "app", "--json").json[0]["max_depth"] == 7
        assert workers_at_work(hub, 2) == processes  # the same, not started anew


def test_wrong_configuration_is_refused_before_anybody_is_asked(hub: Shell) -> None:
    hub.good("send", "app", "1")
    configure(hub, "after", rest="concurency = 2")
    refused = hub("reload")
    assert refused.code == 3
    assert "did you mean concurrency?" in refused.err
    configure(hub, "after", handler="wrok")
    assert "did you mean work?" in hub("reload").err


def test_worker_that_cannot_apply_it_goes_on_and_says_why(hub: Shell) -> None:
    hub.good("send", "app", "1")
    with running(hub, "worker"):
        workers_at_work(hub, 1)
        (hub.folder / "handlers.py").write_text(HANDLERS + "\nlater = work\n", encoding="utf-8")
        configure(hub, "after", handler="later")
        told = hub("reload")
        assert told.code == 1
        assert "it goes on as before" in told.err
        assert "module handlers has no later" in told.err
        hub.good("send", "app", "2")
        until(lambda: depth(hub, "before") == 2)


def test_a_change_that_leaves_nothing_to_do_is_applied_and_so_is_the_next(hub: Shell) -> None:
    hub.good("send", "app", "0")  # makes the store: whoever asks for a reload needs one
    with running(hub, "worker"):
        processes = workers_at_work(hub, 1)
        whole = (hub.folder / "crossdock.toml").read_text(encoding="utf-8")
        (hub.folder / "crossdock.toml").write_text(whole.partition("[apps.app]")[0], encoding="utf-8")
        hub.good("reload")
        hub.good("send", "app", "1")
        configure(hub, "after")
        hub.good("reload")
        until(lambda: depth(hub, "after") == 1)
        assert depth(hub, "app") == 0
        assert workers_at_work(hub, 1) == processes


def test_who_has_not_applied_it_in_time_is_named(hub: Shell) -> None:
    hub.good("send", "app", '"long"')
    with running(hub, "worker") as worker:
        workers_at_work(hub, 1)
        until(lambda: hub.good("queue", "stats", "app", "--json").json[0]["processing"] == 1)
        configure(hub, "after")
        told = hub("reload", "--wait", "500ms")
        assert told.code == 1
        assert f"process {worker.pid} on" in told.err
        assert "has not applied it within 0.5 s" in told.err
        assert "0 of 1 worker applied" in told.out


def test_what_takes_effect_at_the_next_start_is_told(hub: Shell) -> None:
    hub.good("send", "app", "1")
    with running(hub, "worker"):
        workers_at_work(hub, 1)
        configure(hub, "before", rest='[queue]\nlease = "7s"')
        assert "queue.lease changed, which takes effect at its next start" in hub("reload").err


@pytest.mark.parametrize("command", ["worker", "run"])
def test_hangup_asks_for_it_too(hub: Shell, command: str) -> None:
    hub.good("send", "app", "1")
    with running(hub, command) as process:
        workers_at_work(hub, 1 if command == "worker" else 2)
        configure(hub, "after")
        os.kill(process.pid, signal.SIGHUP)

        def arrives() -> bool:
            hub.good("send", "app", "2")
            return depth(hub, "after") > 0

        until(arrives)
        assert process.poll() is None


def test_nobody_at_work(hub: Shell) -> None:
    hub.good("send", "app", "1")
    assert "no process works by a configuration" in hub.good("reload").err
