"""Whatever happens: one sentence, the right exit code, no traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from crossdock import Queue, Status
from crossdock.cli.exit_codes import MEANINGS, ExitCode, code_of
from crossdock.domain import errors
from tests.cli.command import Shell, interrupt, without_colour, without_library

Store = Callable[[], AbstractContextManager[Queue]]

NEED_A_STORE = [
    ["claim", "v"],
    ["message", "show", "x"],
    ["message", "timeline", "x"],
    ["message", "edit", "x", "--priority", "1"],
    ["message", "replay", "x"],
    ["message", "cancel", "x"],
    ["queue", "list"],
    ["queue", "stats"],
    ["queue", "pause", "v"],
    ["queue", "resume", "v"],
    ["queue", "replay", "v"],
    ["queue", "cancel", "v"],
    ["queue", "purge", "v"],
    ["store", "backup", "b.db"],
    ["store", "check"],
    ["store", "migrate"],
    ["store", "info"],
]


@pytest.mark.parametrize("arguments", NEED_A_STORE, ids=" ".join)
def test_without_a_store_the_next_step_is_named_and_none_is_made(
    shell: Shell, tmp_path: Path, arguments: list[str]
) -> None:
    result = shell(*arguments)
    assert (result.code, result.out, result.err) == (
        4,
        "",
        (
            "crossdock: there is no store at ./crossdock.db; make one with 'crossdock init' or by sending, "
            "or name another with --store\n"
        ),
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sned"], "crossdock: no such command 'sned'; did you mean 'send'? (see 'crossdock --help')\n"),
        (
            ["queue", "lst"],
            "crossdock queue: no such command 'lst'; did you mean 'list'? (see 'crossdock queue --help')\n",
        ),
        (["send"], "crossdock send: missing argument 'APP' (see 'crossdock send --help')\n"),
        (
            ["queue", "list", "--limit", "many"],
            (
                "crossdock queue list: invalid value for '--limit' / '-n': 'many' is no whole number "
                "(see 'crossdock queue list --help')\n"
            ),
        ),
        (
            ["queue", "replay", "v", "--rate", "fast"],
            (
                "crossdock queue replay: invalid value for '--rate': 'fast' is no number "
                "(see 'crossdock queue replay --help')\n"
            ),
        ),
        (["queue", "list", "--status", "lost"], None),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    shell: Shell, arguments: list[str], sentence: str | None
) -> None:
    result = shell(*arguments)
    assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
    assert sentence is None or result.err == sentence


def test_every_error_of_crossdock_has_an_exit_code() -> None:
    codes = {
        name: code_of(kind.__new__(kind))
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.CrossdockError)
    }
    assert codes == {
        "CrossdockError": ExitCode.FAILED,
        "ConfigError": ExitCode.CONFIG,
        "InvalidMessage": ExitCode.USAGE,
        "DeliveryError": ExitCode.FAILED,
        "TransientError": ExitCode.FAILED,
        "PermanentError": ExitCode.FAILED,
        "RateLimited": ExitCode.FAILED,
        "CredentialError": ExitCode.FAILED,
        "ProcessDied": ExitCode.FAILED,
        "AdapterError": ExitCode.FAILED,
        "NotConnected": ExitCode.FAILED,
        "EndOfInput": ExitCode.FAILED,
        "CallFailed": ExitCode.FAILED,
        "CallTimedOut": ExitCode.TIMED_OUT,
        "StoreError": ExitCode.STORE,
        "StoreUnavailable": ExitCode.STORE,
        "StoreFull": ExitCode.STORE,
        "QueueFull": ExitCode.FAILED,
        "StoreDamaged": ExitCode.STORE,
        "SchemaOutOfDate": ExitCode.STORE,
        "LeaseLost": ExitCode.FAILED,
        "MessageNotFound": ExitCode.NOT_FOUND,
        "AmbiguousMessage": ExitCode.NOT_FOUND,
        "KeyNotFound": ExitCode.NOT_FOUND,
        "IdempotencyKeyReused": ExitCode.STORE,
        "ScheduleNotFound": ExitCode.NOT_FOUND,
        "IllegalMove": ExitCode.FAILED,
    }
    assert set(MEANINGS) == set(ExitCode)


def test_a_traceback_comes_only_when_asked_for(shell: Shell) -> None:
    assert "Traceback" not in shell("send", "v", "{").err
    assert "Traceback" in shell("send", "v", "{", env={"CROSSDOCK_DEBUG": "1"}).err


def test_a_defect_is_called_one(shell: Shell, tmp_path: Path) -> None:
    program = tmp_path / "sitecustomize.py"
    program.write_text("import crossdock.domain.wording as wording\nwording.counted = None\n")
    result = shell.anew(
        "check", env={"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    )
    assert result.code == 1
    assert result.err == (
        "crossdock: a defect of Crossdock: TypeError: 'NoneType' object is not callable; "
        "CROSSDOCK_DEBUG=1 shows where\n"
    )


def test_a_full_disk_is_the_store_s_exit_code(shell: Shell, store: Store) -> None:
    with store():
        pass
    result = shell("send", "v", "1", env={"CROSSDOCK_STORE__MIN_FREE_BYTES": "1000 TiB"})
    assert (result.code, result.out) == (4, "")
    assert "nothing new is taken in" in result.err


def test_a_reader_that_stops_early_is_no_complaint(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send_many("v", ["x" * 1000] * 500)
    process = shell.start(
        "queue", "list", "--limit", "500", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout as out, process.stderr as err:
        out.read(10)
        out.close()
        assert err.read() == b""
    assert process.wait(timeout=30) == 141


def test_what_could_not_be_printed_is_not_acknowledged(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send_many("v", ["x" * 1000] * 500)
    process = shell.start(
        "claim", "v", "-n", "500", "--ack", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=30) == 141
    with store() as queue:
        records = queue.list("v", limit=500)
    assert {(record.status, record.attempts, record.crashes) for record in records} == {
        (Status.PENDING, 0, 0)
    }


def test_an_interruption_ends_quietly(shell: Shell, store: Store) -> None:
    with store():
        pass
    process = shell.start("claim", "v", "--wait", "60", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _await_presence(shell.folder, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, b"", b"")
    assert _lock_files(shell.folder) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_good_order(shell: Shell, store: Store, number: signal.Signals) -> None:
    with store():
        pass
    process = shell.start("claim", "v", "--wait", "60", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _await_presence(shell.folder, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (143, b"", b"")
    assert _lock_files(shell.folder) == []


def test_a_question_can_be_left_with_ctrl_c(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("v", 1)
    result = shell.in_terminal("queue", "cancel", "v", when=("[y/N]", interrupt))
    assert result.code == 130
    assert "Traceback" not in result.out


def test_there_is_no_colour_in_a_pipe_nor_where_it_is_not_wanted(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("v", 1)
        queue.cancel_many("v")
    coloured = shell.in_terminal("queue", "stats").out
    assert "\x1b[31m" in coloured
    plain = shell.in_terminal("queue", "stats", env={"NO_COLOR": "1"}).out
    assert "\x1b" not in plain
    assert _shape(without_colour(coloured)) == _shape(plain)
    assert "\x1b" not in shell.good("queue", "stats").out
    assert "\x1b" not in shell.good("--help").out
    assert "\x1b" not in shell("sned").err


def test_a_narrow_terminal_shortens_only_the_data(shell: Shell, store: Store) -> None:
    with store() as queue:
        queue.send("v", "x" * 200, message_id="01890000-0000-7000-8000-000000000000")
    wide = shell.good("queue", "list", "v").out.splitlines()[1]
    narrow = without_colour(shell.in_terminal("queue", "list", "v", columns=80).out).splitlines()[1]
    assert len(narrow) == 80
    assert narrow.endswith("…")
    assert len(wide) > 150
    for line in (wide, narrow):
        assert line.startswith("01890000-0000-7000-8000-000000000000  pending      0  ")


def test_help_has_examples_and_fits_the_terminal(shell: Shell) -> None:
    for command in ([], ["send"], ["queue"], ["queue", "replay"], ["store", "backup"]):
        result = shell.in_terminal(*command, "--help", columns=80)
        lines = without_colour(result.out).splitlines()
        assert result.code == 0
        assert lines[0].startswith("Usage: crossdock")
        if command != ["queue"]:
            assert "Examples:" in lines
        described = lines[: lines.index("Examples:")] if "Examples:" in lines else lines
        assert max(map(len, described[1:])) <= 80


def test_a_group_alone_shows_its_help(shell: Shell) -> None:
    for group in ([], ["queue"], ["message"], ["store"], ["config"]):
        assert shell.good(*group).out == shell.good(*group, "--help").out


@pytest.mark.parametrize("arguments", [["send", "validator", "{}"], ["queue", "stats"], ["store", "info"]])
def test_without_psycopg_a_store_in_postgresql_says_what_to_install(
    shell: Shell, tmp_path: Path, arguments: list[str]
) -> None:
    url = "postgresql://nobody@127.0.0.1:1/nothing"
    result = shell.anew(*arguments, "--store", url, env=without_library("psycopg", tmp_path))
    assert (result.code, result.out, result.err) == (
        ExitCode.CONFIG,
        "",
        (
            "crossdock: store.url names a PostgreSQL database, which needs psycopg; install it with: "
            "pip install 'crossdock[postgresql]'\n"
        ),
    )


def test_completion_is_offered(shell: Shell) -> None:
    named = {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}  # the shell that runs the tests may be any
    assert "_CROSSDOCK_COMPLETE" in shell("--show-completion", "bash", env=named).out
    asked = {"_CROSSDOCK_COMPLETE": "complete_bash", "COMP_WORDS": "crossdock queue re", "COMP_CWORD": "2"}
    assert shell(env=asked).out.split() == ["resume", "replay"]


def _shape(text: str) -> str:
    return re.sub(r"\d+ \w+ ago", "", text)


def _lock_files(folder: Path) -> list[str]:
    return [path.name for path in (folder / "crossdock.db.d").glob("*.lock") if path.name != "write.lock"]


def _await_presence(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until the command has opened the store, and a little until it waits for a message."""
    wake = folder / "crossdock.db.d" / "wake"
    for _ in range(3000):
        if process.poll() is not None or (wake.is_dir() and any(wake.iterdir())):
            return
        signal.sigtimedwait([], 0.01)
    raise AssertionError("the command did not open the store")
