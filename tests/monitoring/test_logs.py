"""``crossdock run`` and ``crossdock worker`` write lines that programs can read, whole, quiet and without secrets."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crossdock import Queue
from crossdock.app.worker import processes_of
from tests.cli.command import Shell
from tests.cli.test_run import running, said, until
from tests.cli.warm import Warm

SECRET = "s3cr3t-Xy9"  # noqa: S105 - nobody's
HANDLERS = f"""\
import logging, os, threading, warnings
log = logging.getLogger("orders")

def work(message):
    what = message.data.get("do")
    if what == "log":
        log.info("looking at %s", "the stock")
    if what == "leak":
        try:
            raise ValueError("cannot log in: password={SECRET}")
        except ValueError:
            log.exception("no luck with https://me:{SECRET}@far.example and token {SECRET!r}", stack_info=True)
        raise RuntimeError("Authorization: Bearer {SECRET}; secret='{SECRET}'")
    if what == "warn":
        warnings.warn("old")
    if what == "thread":
        thread = threading.Thread(target=lambda: 1 / 0, name="mine")
        thread.start(); thread.join()
    if what == "shout":
        for n in range(300):
            log.warning("%s", f"{{n}} " + "x" * 2000)
    if what == "die":
        os._exit(7)

def compute(message):
    log.warning("computing")
"""
CONFIG = """\
[run]
drain = "5s"

[apps.shop]
outbound = { python = "handlers:work" }
retry = { max_attempts = 1 }

[apps.sums]
outbound = { python = "handlers:compute", cpu = true }
"""
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def hub(tmp_path: Path, warm: Warm) -> Shell:
    (tmp_path / "handlers.py").write_text(HANDLERS, encoding="utf-8")
    (tmp_path / "crossdock.toml").write_text(CONFIG, encoding="utf-8")
    return Shell(tmp_path, warm)


def lines(shell: Shell) -> list[dict[str, Any]]:
    """Return what was said, every line of it as JSON."""
    return [json.loads(line) for line in said(shell).splitlines()]


def events(shell: Shell) -> list[str]:
    return [line["event"] for line in lines(shell)]


def send(shell: Shell, *messages: Any, app: str = "shop", **options: Any) -> None:
    with Queue(f"sqlite:///{shell.folder}/crossdock.db") as queue:
        for one in messages:
            queue.send(app, one, **options)


def work_off(shell: Shell, count: int, *arguments: str, app: str = "shop") -> None:
    """Run until so many messages have ended."""
    with running(shell, *arguments or ("run",)) as process:
        until(lambda: ended(shell, app) == count)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def ended(shell: Shell, app: str) -> int:
    with Queue(f"sqlite:///{shell.folder}/crossdock.db") as queue:
        found = queue.stats(app)[app]
    return found.completed + found.failed


class TestHealthy:
    def test_hub_at_info_tells_only_of_its_processes(self, hub: Shell) -> None:
        send(hub, *({"n": n} for n in range(200)))
        with running(hub, "run", "--workers", "2") as process:
            until(lambda: events(hub).count("worker.started") == 2)
            until(lambda: ended(hub, "shop") == 200)
            process.terminate()
            assert process.wait(30) == 0
        assert sorted(events(hub)) == sorted(
            ["store.opened", "supervisor.started", "supervisor.stopped"]
            + 2 * ["store.opened", "worker.started", "worker.stopped"]
        )
        assert {line["level"] for line in lines(hub)} == {"info"}

    def test_every_line_says_when_and_who(self, hub: Shell) -> None:
        send(hub, {})
        work_off(hub, 1)
        for line in lines(hub):
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line["timestamp"])
            assert line["pid"] > 0
        started = next(line for line in lines(hub) if line["event"] == "worker.started")
        assert started["process"] == "worker"
        assert started["worker_pid"] == started["pid"]
        assert started["apps"] == ["shop", "sums"]
        assert {line["process"] for line in lines(hub)} == {"run", "worker"}
        stopped = next(line for line in lines(hub) if line["event"] == "supervisor.stopped")
        assert stopped["duration_s"] > 0

    def test_warning_is_quieter_still(self, hub: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        configure(hub, 'level = "warning"')
        send(hub, {"do": "log"})
        work_off(hub, 1)
        assert events(hub) == []


class TestDeliveries:
    def test_each_is_told_at_debug_from_claim_to_end(self, hub: Shell) -> None:
        configure(hub, 'level = "debug"')
        send(hub, {}, message_id="one", traceparent=TRACE)
        work_off(hub, 1)
        claimed, completed = [line for line in lines(hub) if line.get("message_id") == "one"]
        assert (claimed["event"], completed["event"]) == ("message.claimed", "message.completed")
        for line in (claimed, completed):
            assert (line["app"], line["adapter"], line["attempt"], line["code"]) == (
                "shop",
                "python",
                1,
                None,
            )
            assert line["trace_id"] == TRACE.split("-")[1]
        assert claimed["duration_s"] is None
        assert completed["duration_s"] >= 0
        started = next(line for line in lines(hub) if line["event"] == "worker.started")
        assert completed["who"] == started["owner"]

    def test_dead_letter_is_a_warning(self, hub: Shell) -> None:
        send(hub, {"do": "leak"})
        work_off(hub, 1)
        (failed,) = [line for line in lines(hub) if line["event"] == "message.failed"]
        assert (failed["level"], failed["code"], failed["attempt"]) == ("warning", "ATTEMPTS_EXHAUSTED", 1)
        assert failed["adapter"] == "python"
        assert failed["duration_s"] > 0
        assert "RuntimeError" in failed["text"]

    def test_what_a_handler_logs_says_about_which_delivery(self, hub: Shell) -> None:
        send(hub, {"do": "log"}, message_id="one", traceparent=TRACE)
        work_off(hub, 1)
        (line,) = [line for line in lines(hub) if line.get("logger") == "orders"]
        assert line["event"] == "looking at the stock"
        assert (line["message_id"], line["app"], line["adapter"], line["attempt"]) == (
            "one",
            "shop",
            "python",
            1,
        )
        assert line["trace_id"] == TRACE.split("-")[1]

    def test_warnings_and_deaths_of_threads_are_lines_too(self, hub: Shell) -> None:
        send(hub, {"do": "warn"}, {"do": "thread"})
        work_off(hub, 2)
        (old,) = [line for line in lines(hub) if line.get("logger") == "py.warnings"]
        assert "old" in old["event"]
        (died,) = [line for line in lines(hub) if line["event"].startswith("thread.died")]
        assert "ZeroDivisionError" in died["exception"]

    def test_handler_in_a_process_of_its_own_writes_lines_too(self, hub: Shell) -> None:
        send(hub, {}, app="sums")
        work_off(hub, 1, app="sums")
        (line,) = [line for line in lines(hub) if line.get("logger") == "orders"]
        worker = next(line for line in lines(hub) if line["event"] == "worker.started")
        assert line["process"] == "worker/sums"
        assert line["pid"] != worker["pid"]


class TestSecrets:
    @pytest.mark.parametrize("level", ["debug", "info"])
    @pytest.mark.parametrize("form", ["json", "text"])
    def test_none_reaches_a_line(self, hub: Shell, level: str, form: str) -> None:
        configure(hub, f'level = "{level}"\nformat = "{form}"')
        send(hub, {"do": "leak", "data": SECRET})
        work_off(hub, 1)
        text = said(hub)
        assert "RuntimeError" in text
        assert "Traceback" in text
        assert SECRET not in text

    def test_password_of_a_store_that_cannot_be_reached(self, hub: Shell) -> None:
        url = f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/nothing?password={SECRET}"
        (hub.folder / "crossdock.toml").write_text(
            f'[store]\nlock_timeout = "1s"\n{CONFIG}', encoding="utf-8"
        )
        for command in ("run", "worker"):
            result = hub(command, env={"CROSSDOCK_STORE__URL": url})
            assert result.code not in {0, 3}
            assert SECRET not in result.out + result.err
            assert "127.0.0.1" in result.err

    def test_data_is_never_logged(self, hub: Shell) -> None:
        configure(hub, 'level = "debug"')
        send(hub, {"do": "log", "note": "of-a-patient"}, {"note": "of-a-patient"})
        work_off(hub, 2)
        assert "of-a-patient" not in said(hub)


class TestForm:
    def test_lines_of_several_processes_stay_whole_in_one_pipe(self, hub: Shell) -> None:
        send(hub, *({"do": "shout"} for _ in range(12)))
        process = hub.start("run", "--workers", "3", stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        shouts: set[tuple[int, str]] = set()
        for raw in process.stderr:
            line = json.loads(raw)
            if line.get("logger") == "orders":
                shouts.add((line["message_id"], line["event"].split()[0]))
            if len(shouts) == 12 * 300:
                process.send_signal(signal.SIGTERM)
                break
        with process.stderr:
            rest = process.stderr.read()
        assert process.wait(30) == 0
        assert all(json.loads(raw) for raw in rest.splitlines())

    def test_terminal_gets_words(self, hub: Shell) -> None:
        send(hub, {})
        result = hub.in_terminal("run", when=("works for", lambda pid: os.kill(pid, signal.SIGTERM)))
        assert "worker.started" in result.out
        assert "works for shop, sums" in result.out
        assert '{"' not in result.out

    def test_text_may_be_asked_for(self, hub: Shell) -> None:
        configure(hub, 'format = "text"')
        send(hub, {"do": "log"})
        work_off(hub, 1)
        assert re.search(r"Z \[info +\] worker\.started +process \d+ works for", said(hub))
        assert "\x1b" not in said(hub)

    def test_died_worker_is_told_with_its_exit(self, hub: Shell) -> None:
        send(hub, {"do": "die"})
        with running(hub, "run"):
            until(lambda: events(hub).count("worker.died") == 1)
            until(lambda: "lease.taken_back" in events(hub))
        (died,) = [line for line in lines(hub) if line["event"] == "worker.died"][:1]
        assert (died["level"], died["exit_code"], died["worker"]) == ("warning", 7, 1)
        (taken,) = [line for line in lines(hub) if line["event"] == "lease.taken_back"][:1]
        assert taken["messages"] == 1


def test_reload_is_told(hub: Shell) -> None:
    with running(hub, "run"), Queue(f"sqlite:///{hub.folder}/crossdock.db") as queue:
        until(lambda: bool(processes_of(queue)))  # only then has it looked at what it works by
        hub.good("reload")
        until(lambda: "config.reloaded" in events(hub))
        (reloaded,) = [line for line in lines(hub) if line["event"] == "config.reloaded"]
        assert reloaded["duration_s"] > 0


def configure(shell: Shell, log: str) -> None:
    (shell.folder / "crossdock.toml").write_text(f"{CONFIG}\n[log]\n{log}\n", encoding="utf-8")


class TestLibrary:
    def test_program_that_uses_a_queue_keeps_its_own_logging(self, tmp_path: Path) -> None:
        program = (
            "import logging, sys, crossdock\n"
            f"with crossdock.Queue('sqlite:///{tmp_path}/q.db') as queue:\n"
            "    queue.send('a', 1)\n"
            "    with queue.consume_one('a'): pass\n"
            "root, ours = logging.getLogger(), logging.getLogger('crossdock')\n"
            "assert not root.handlers and not ours.handlers and root.level == logging.WARNING, root.handlers\n"
            "assert 'structlog' not in sys.modules and 'crossdock.monitoring' not in sys.modules\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
