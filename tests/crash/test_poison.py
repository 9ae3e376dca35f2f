"""Crashes are counted apart from errors: of a hundred neighbours only the poison message is dead-lettered."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from tests.crash.case import Case
from tests.crash.checker import explain
from tests.crash.history import read_histories
from tests.crash.limits import MAX_CRASHES

if TYPE_CHECKING:
    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux


@pytest.mark.parametrize("key", [None, "one-key"])
def test_only_the_poison_among_a_hundred_neighbours_dies(play: Play, key: str | None) -> None:
    messages = [{"n": number, "poison": number == 50} for number in range(101)]
    play.once("send", app="bulk", messages=messages, key=key)
    deaths = 0
    victim = play.fork("work_among_poison", app="bulk")
    watcher = play.fork("wait_until_empty")
    while watcher.status is None:
        play.nursery.attend(0.02)
        if victim.status == -signal.SIGKILL:
            deaths += 1
            assert deaths <= MAX_CRASHES
            victim = play.fork("work_among_poison", app="bulk")
    victim.signal(signal.SIGTERM)
    play.nursery.wait(victim)
    report = explain(Case(read_histories(play.folder), account := play.account()))
    assert not report.violations, str(report)
    assert deaths == MAX_CRASHES
    dead = [row for row in account.rows if row.status == "failed"]
    assert [(row.code, row.crashes, row.attempts) for row in dead] == [("CRASHED", MAX_CRASHES, 0)]
    neighbours = [row for row in account.rows if row.status == "completed"]
    assert len(neighbours) == 100
    assert {row.attempts for row in neighbours} == {1}
    assert max(row.crashes for row in neighbours) <= 1
