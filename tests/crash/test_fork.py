"""A fork after the store was opened: the child may use the queue, and never keeps its dead parent alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.crash.case import Case
from tests.crash.checker import explain
from tests.crash.history import Kind, read_histories

if TYPE_CHECKING:
    from tests.crash.probe import Play

pytestmark = pytest.mark.needs_linux


@pytest.mark.parametrize("child", ["idle", "busy"])
def test_child_of_a_dead_parent_does_not_hold_its_liveness_lock(play: Play, child: str) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    parent = play.fork("fork_while_open", app="bulk", child=child, lease_s=600)
    play.wait_for(Kind.OPENED, note=f"{child} child")
    idle = play.fork("work", app="bulk", name="survivor")
    play.wait_for(Kind.OPENED, pid=idle.pid)
    play.nursery.kill(parent)
    play.wait_for(Kind.ENDED, pid=idle.pid)
    play.once("wait_until_empty")
    report = explain(Case(read_histories(play.folder), play.account()))
    assert not report.violations, str(report)
    assert len(report.orphan_delays) == 1


def test_child_rescues_its_dead_parent_when_nobody_else_is_there(play: Play) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    parent = play.fork("fork_while_open", app="bulk", child="heir", lease_s=600)
    (heir,) = play.wait_for(Kind.OPENED, note="heir child")
    play.nursery.attend(0.1)
    play.nursery.kill(parent)
    play.wait_for(Kind.ENDED, pid=heir.pid)  # long before the lease of ten minutes


def test_child_and_parent_both_use_the_queue_after_a_fork(play: Play) -> None:
    play.once("send", app="bulk", messages=[{"n": 1}])
    parent = play.fork("fork_while_open", app="bulk", child="busy", lease_s=600)
    (of_child,) = play.wait_for(Kind.ENDED, app="from-child")
    play.once("send", app="afterwards", messages=[{"n": 2}])
    (of_parent,) = play.wait_for(Kind.ENDED, app="afterwards")
    assert of_parent.pid == parent.pid
    assert of_child.pid != parent.pid
