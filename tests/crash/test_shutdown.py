"""P15: a worker told to stop does so in ten seconds, hands back what it had not begun, spends no attempt."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.crash.case import Case
from tests.crash.checker import explain
from tests.crash.history import Kind, read_histories
from tests.stalls import InTime

if TYPE_CHECKING:
    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux

LIMIT_S = 10.0


def test_sigterm_under_load_hands_unfinished_work_back(play: Play) -> None:
    play.once("send", app="bulk", messages=[{"n": number} for number in range(2000)])
    sender = play.fork("send_fast", app="bulk", name="load", seed=1)
    # So short that some fifty are fetched ahead: it is next to impossible that no worker has one when it is told.
    workers = [play.fork("work", app="bulk", name=f"worker-{n}", handler_s=0.002) for n in range(2)]
    for worker in workers:
        play.wait_for(Kind.STARTED, pid=worker.pid, count=20)
    with InTime(play.folder, LIMIT_S, *(worker.pid for worker in workers)):
        for worker in workers:
            worker.signal(signal.SIGTERM)
        play.nursery.wait(*workers)
    sender.signal(signal.SIGTERM)
    play.nursery.wait(sender)
    assert not play.nursery.complaints()
    account = play.account()
    report = explain(Case(read_histories(play.folder), account, drained=False))
    assert not report.violations, str(report)
    started = {each.message_id for each in play.saw(Kind.STARTED)}
    assert {row.message_id for row in account.rows if row.status == "completed"} == started
    left = [row for row in account.rows if row.message_id not in started]
    assert {(row.status, row.attempts, row.crashes) for row in left} == {("pending", 0, 0)}
    assert any(row.times("message.handed_back") for row in left)


def test_idle_worker_stops_at_once(play: Play) -> None:
    worker = play.fork("work", app="bulk", name="idle")
    play.wait_for(Kind.OPENED, pid=worker.pid)
    play.nursery.attend(0.2)
    with InTime(play.folder, 2.0, worker.pid):
        worker.signal(signal.SIGTERM)
        play.nursery.wait(worker)
    assert worker.status == 0, worker.complaint()
