"""P4 and P6: a late worker changes nothing; a blocked one keeps its lease; a stopped or dead one does not."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.crash.case import Case
from tests.crash.checker import explain
from tests.crash.history import Kind, read_histories
from tests.crash.lease_verbs import STALE_VERBS, STATES
from tests.crash.limits import LEASE_S
from tests.crash.places import ON_POSTGRESQL, ON_SQLITE, SLOWLY_ON_POSTGRESQL, on
from tests.stalls import InTime

if TYPE_CHECKING:
    from pathlib import Path

    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux

SLACK_S = 5.0  # P5: within the lease and 5 s


def test_worker_continued_after_its_lease_lapsed_can_change_nothing(play: Play, tmp_path: Path) -> None:
    messages = [{"verb": verb, "state": state} for verb in STALE_VERBS for state in STATES]
    play.once("send", app="bulk", messages=messages)
    stale = play.fork("hold_then_settle", app="bulk", count=len(messages), signal_file="go")
    play.wait_for(Kind.STARTED, pid=stale.pid, count=len(messages))
    stale.signal(signal.SIGSTOP)
    successor = play.fork("take_over", app="bulk", count=len(messages))
    play.wait_for(Kind.STARTED, pid=successor.pid, count=len(messages))
    play.wait_for(Kind.ACKED, Kind.HANDED_BACK, pid=successor.pid, count=2 * len(STALE_VERBS))
    play.once("dump", name="before.txt")
    (tmp_path / "go").touch()
    stale.signal(signal.SIGCONT)
    lost = play.wait_for(Kind.LEASE_LOST, Kind.ERROR, pid=stale.pid, count=len(messages))
    play.once("dump", name="after.txt")
    assert {each.note for each in lost} == set(STALE_VERBS)
    assert not play.saw(Kind.ERROR)
    assert (tmp_path / "after.txt").read_text() == (tmp_path / "before.txt").read_text()
    assert play.account().effects == {}


def test_consumer_continued_after_its_leases_lapsed_runs_nothing_of_them(play: Play) -> None:
    play.once("send", app="bulk", messages=[{"n": number} for number in range(10)])
    stopped = play.fork("work", app="bulk", name="stopped", handler_s=0.2)
    play.wait_for(Kind.STARTED, pid=stopped.pid)
    stopped.signal(signal.SIGSTOP)
    before = play.saw(Kind.STARTED, pid=stopped.pid)
    other = play.fork("work", app="bulk", name="other")
    play.wait_for(Kind.STARTED, pid=other.pid, count=10 - len(before))
    play.once("wait_until_empty")
    play.once("dump", name="before.txt")
    stopped.signal(signal.SIGCONT)
    play.once("send", app="bulk", messages=[{"n": number} for number in range(100, 110)])
    play.once("wait_until_empty")
    stopped.signal(signal.SIGTERM)
    other.signal(signal.SIGTERM)
    play.nursery.wait(stopped, other)
    report = explain(Case(read_histories(play.folder), play.account(), lapses_allowed=True))
    assert not report.violations, str(report)
    assert (stopped.status, other.status) == (0, 0), stopped.complaint() + other.complaint()


BLOCKED = [
    *((ON_SQLITE, blocker) for blocker in ("sleep in C", "compute in C", "sleep in Python")),
    (ON_POSTGRESQL, "sleep in C"),
    *((SLOWLY_ON_POSTGRESQL, blocker) for blocker in ("compute in C", "sleep in Python")),
]


@pytest.mark.parametrize(
    ("place", "blocker"),
    [pytest.param(*each.values, how, id=f"{each.id}-{how}", marks=each.marks) for each, how in BLOCKED],
    indirect=["place"],
)
def test_blocked_handler_keeps_its_lease(play: Play, blocker: str) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    blocked = play.fork("block", app="bulk", blocker=blocker, seconds=3.5 * LEASE_S)
    play.wait_for(Kind.STARTED, pid=blocked.pid)
    idle = play.fork("work", app="bulk", name="idle")
    play.wait_for(Kind.ENDED, pid=blocked.pid)
    play.once("wait_until_empty")
    assert not play.saw(Kind.STARTED, pid=idle.pid)
    (row,) = play.account().rows
    assert (row.status, row.attempts, row.crashes) == ("completed", 1, 0)
    assert not row.times("message.lapsed", "message.crashed")


@on(ON_POSTGRESQL)
def test_blocked_handler_keeps_its_lease_though_nobody_else_is_on_its_host(
    play: Play, tmp_path: Path
) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    idle = play.fork("work", app="bulk", name="idle", host_folder=str(tmp_path / "another-host"))
    play.wait_for(Kind.OPENED, pid=idle.pid)
    idle.signal(signal.SIGSTOP)
    blocked = play.fork("block", app="bulk", blocker="sleep in C", seconds=8 * LEASE_S)
    play.wait_for(Kind.STARTED, pid=blocked.pid)
    idle.signal(signal.SIGCONT)
    play.wait_for(Kind.ENDED, pid=blocked.pid)
    play.once("wait_until_empty")
    assert not play.saw(Kind.STARTED, pid=idle.pid)
    (row,) = play.account().rows
    assert (row.status, row.attempts, row.crashes) == ("completed", 1, 0)


@on(ON_POSTGRESQL)
def test_dead_worker_of_another_host_loses_its_lease_soon_after_its_end(play: Play, tmp_path: Path) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    elsewhere = str(tmp_path / "another-host")
    doomed = play.fork("block", app="bulk", blocker="sleep in C", seconds=60, host_folder=elsewhere)
    play.wait_for(Kind.STARTED, pid=doomed.pid)
    idle = play.fork("work", app="bulk", name="idle")
    play.wait_for(Kind.OPENED, pid=idle.pid)
    play.nursery.kill(doomed)
    (killed,) = play.saw(Kind.KILLED)
    (again,) = play.wait_for(Kind.STARTED, pid=idle.pid)
    assert again.mono - killed.mono < LEASE_S + 2 * SLACK_S
    play.once("wait_until_empty")
    (row,) = play.account().rows
    assert (row.status, len(row.times("message.lapsed"))) == ("completed", 1)


def test_stopped_worker_loses_its_lease(play: Play) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    stopped = play.fork("block", app="bulk", blocker="sleep in C", seconds=60)
    play.wait_for(Kind.STARTED, pid=stopped.pid)
    idle = play.fork("work", app="bulk", name="idle")
    play.wait_for(Kind.OPENED, pid=idle.pid)
    stopped.signal(signal.SIGSTOP)
    play.nursery.recorder.saw(Kind.REAPED, note="stopped")
    with InTime(play.folder, LEASE_S + SLACK_S, idle.pid, os.getpid()):
        play.wait_for(Kind.STARTED, pid=idle.pid)
    play.once("wait_until_empty")
    (row,) = play.account().rows
    assert len(row.times("message.lapsed")) == 1
    assert (row.status, row.attempts, row.crashes) == ("completed", 2, 0)


def test_dead_worker_loses_its_lease_at_once(play: Play) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    doomed = play.fork("block", app="bulk", blocker="sleep in C", seconds=60, lease_s=600)
    play.wait_for(Kind.STARTED, pid=doomed.pid)
    idle = play.fork("work", app="bulk", name="idle")
    play.wait_for(Kind.OPENED, pid=idle.pid)
    play.nursery.kill(doomed)
    play.wait_for(Kind.ENDED, pid=idle.pid)
    play.once("wait_until_empty")
    report = explain(Case(read_histories(play.folder), play.account()))
    assert not report.violations, str(report)
    assert len(report.orphan_delays) == 1
