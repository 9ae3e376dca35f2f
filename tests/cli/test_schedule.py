"""``crossdock schedule``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from crossdock import Queue
from tests.cli.command import TIME_LIMIT_S, Shell
from tests.cli.test_run import until

Store = Callable[[], AbstractContextManager[Queue]]
CRON = ("--cron", "0 7 * * 1-5", "--timezone", "Europe/Paris")


@pytest.fixture
def made(shell: Shell) -> None:
    shell.good("schedule", "add", "report", "reporter", '{"kind": "daily"}', *CRON, "--priority", "7")


def test_added_schedule_is_in_the_store(shell: Shell, store: Store, made: None) -> None:
    with store() as queue:
        held = queue.schedule("report")
    assert (held.app, held.data, held.cron, held.timezone) == (
        "reporter",
        {"kind": "daily"},
        CRON[1],
        "Europe/Paris",
    )
    assert held.options == {"priority": 7}
    assert held.declared_by.startswith("cli:")


def test_every_and_at(shell: Shell, store: Store, tmp_path: Path) -> None:
    (tmp_path / "reminder.json").write_text('{"remind": 17}')
    told = shell.good("schedule", "add", "poll", "importer", "--every", "5m", "--missed", "skip").err
    assert "made a new store" in told
    assert "schedule poll is made; next: " in told
    shell.good("schedule", "add", "reminder", "mailer", "@reminder.json", "--at", "2090-05-17T08:30")
    with store() as queue:
        poll, reminder = queue.schedules()
    assert (poll.interval, poll.missed, poll.data) == (timedelta(minutes=5), "skip", None)
    assert (str(reminder.at), reminder.data) == ("2090-05-17 08:30:00+00:00", {"remind": 17})


def test_list_shows_the_next_slot_here_and_there(shell: Shell, made: None) -> None:
    header, line = shell.good("schedule", "list", env={"TZ": "Asia/Tokyo"}).out.splitlines()
    assert header.split() == ["SCHEDULE", "QUEUE", "WHEN", "NEXT", "HERE", "SENT"]
    assert line.startswith("report    reporter  0 7 * * 1-5  ")
    assert " 07:00:00 Europe/Paris  " in line
    assert " 14:00:00  in " in line or " 15:00:00  in " in line


def test_json_has_stable_keys(shell: Shell, made: None) -> None:
    (listed,) = shell.good("schedule", "list", "--json").json
    shown = shell.good("schedule", "show", "report", "--json").json
    assert listed == shown
    assert set(shown) == {
        "name", "app", "data", "cron", "timezone", "interval_s", "at", "start", "missed", "options", "configured",
        "next_at", "last_slot", "sent", "paused_at", "created_at", "declared_by", "updated_at", "revision", "change",
        "slots",
    }  # fmt: skip
    assert len(shown["slots"]) == 5
    assert shown["slots"][0] == shown["next_at"]


def test_show_tells_everything(shell: Shell, made: None) -> None:
    text = shell.good("schedule", "show", "report").out
    for words in (
        "when         0 7 * * 1-5",
        "time zone    Europe/Paris",
        "priority     7",
        "missed       latest",
    ):
        assert words in text
    assert text.count(" 07:00:00 Europe/Paris  ") == 5
    assert '"kind": "daily"' in text


def test_set_changes_what_is_given(shell: Shell, store: Store, made: None) -> None:
    told = shell.good(
        "schedule", "set", "report", "[1]", "--cron", "0 8 * * *", "--app", "other", "--missed", "all"
    ).err
    assert told.startswith("schedule report is changed; next: ")
    with store() as queue:
        held = queue.schedule("report")
    assert (held.cron, held.timezone, held.data, held.app, held.missed) == (
        "0 8 * * *", "Europe/Paris", [1], "other", "all",
    )  # fmt: skip
    assert shell.good("schedule", "set", "report", "--cron", "0 8 * * *").err.startswith(
        "schedule report is as it was"
    )


def test_pause_resume_remove(shell: Shell, made: None) -> None:
    assert shell.good("schedule", "pause", "report").err == (
        "schedule report is paused; go on with: crossdock schedule resume report\n"
    )
    assert shell.good("schedule", "list").out.splitlines()[1].endswith("0  paused")
    assert shell.good("schedule", "resume", "report").err.startswith("schedule report is not paused; next: ")
    assert shell.good("schedule", "remove", "report").err == "schedule report is removed\n"
    assert shell.good("schedule", "list").err == "there are no schedules\n"
    assert shell("schedule", "remove", "report").code == 5


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("add", "report", "x", "--every", "5m"), 1, "there is a schedule report already; change it with"),
        (("add", "b", "x"), 2, "say when: give one of --cron, --every and --at"),
        (
            ("add", "b", "x", "--every", "5m", "--cron", "* * * * *"),
            2,
            "give one of --cron, --every and --at",
        ),
        (("add", "b", "x", "--cron", "0 25 * * *"), 2, "cron: hour: '25' is not a number from 0 to 23"),
        (("add", "b", "x", "--at", "2090-01-01", "--timezone", "UTC"), 2, "--timezone is not for --at"),
        (("add", "b", "x", "{", "--every", "5m"), 2, "DATA: not JSON"),
        (("set", "report"), 2, "say what is to change"),
        (("set", "nothing", "--every", "5m"), 5, "no schedule nothing"),
        (("show", "nothing"), 5, "no schedule nothing"),
    ],
)
def test_refusals(shell: Shell, made: None, arguments: tuple[str, ...], code: int, words: str) -> None:
    result = shell("schedule", *arguments)
    assert (result.code, words in result.err) == (code, True), result


def test_what_the_configuration_declares_is_changed_there(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text('[schedules.poll]\nevery = "5m"\n')
    assert shell.good("check").out.endswith("0 apps and 1 schedule configured\n")
    shell.good("send", "x", "1")
    (poll,) = shell.good("schedule", "list", "--json").json
    assert (poll["name"], poll["interval_s"], poll["configured"]) == ("poll", 300.0, True)
    for verb, more in (("remove", ()), ("set", ("--every", "6m"))):
        result = shell("schedule", verb, "poll", *more)
        assert result.code == 1
        assert "schedule poll is declared in crossdock.toml;" in result.err


def test_message_tells_its_schedule_and_slot(shell: Shell, store: Store) -> None:
    shell.good("schedule", "add", "once", "x", "1", "--at", "2021-05-17T08:30:00Z")
    with store() as queue:
        (delivery,) = queue.claim("x", wait=timedelta(seconds=60))
        delivery.ack()
    text = shell.good("message", "timeline", "once@2021-05-17T08:30:00Z").out
    assert "schedule=once slot=2021-05-17T08:30:00Z" in text
    assert shell.good("schedule", "list").out.splitlines()[1].endswith("1  done")


def test_run_sends_what_the_configuration_declares(shell: Shell, store: Store, tmp_path: Path) -> None:
    (tmp_path / "handlers.py").write_text("def tick(message):\n    return None\n")
    (tmp_path / "crossdock.toml").write_text(
        '[apps.tick]\noutbound = { python = "handlers:tick" }\n[schedules.tick]\nevery = "1s"\n'
    )
    running = shell.start("run")
    try:
        with store() as queue:
            queue._housekeeper.stop()  # this test sends nothing itself
            until(lambda: queue.stats("tick")["tick"].completed > 1)
        running.terminate()
        assert running.wait(TIME_LIMIT_S) == 0
    finally:
        running.kill()
        running.wait()
