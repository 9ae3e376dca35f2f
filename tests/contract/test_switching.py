"""What operators say of the work for an app: it is kept, told once, and a new generation makes it known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.app.switching import Switch, switch_app, switch_of
from tests.contract.case import on_one_of_each

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case


def told(queue: Queue) -> list[str]:
    return [entry.event for entry in reversed(queue.actions("app"))]


@on_one_of_each
def test_a_stop_is_kept_with_who_said_so_until_a_start(case: Case, queue: Queue) -> None:
    assert switch_of(queue, "app") is None
    first = switch_app(queue, "app", Switch.STOP)
    stopped = switch_of(queue, "app")
    assert stopped is not None
    assert (stopped.stopped_at, stopped.stopped_by) == (case.clock.now(), queue._store.owner)
    assert switch_app(queue, "app", Switch.STOP) == first
    assert switch_app(queue, "app", Switch.START) == first + 1
    assert switch_app(queue, "app", Switch.START) == first + 1
    assert switch_of(queue, "app") is None
    assert told(queue) == ["app.stopped", "app.started"]


@on_one_of_each
def test_a_restart_is_counted_and_starts_what_is_stopped(queue: Queue) -> None:
    switch_app(queue, "app", Switch.STOP)
    for count in (1, 2):
        switch_app(queue, "app", Switch.RESTART)
        found = switch_of(queue, "app")
        assert found is not None
        assert (found.restarts, found.stopped_at, found.stopped_by) == (count, None, None)
    assert told(queue) == ["app.stopped", "app.restarted", "app.restarted"]


@on_one_of_each
def test_a_stopped_app_keeps_its_queue_open_and_its_rules(queue: Queue) -> None:
    queue.set_rules("app", max_depth=2)
    switch_app(queue, "app", Switch.STOP)
    queue.send("app", 1)
    stats = queue.stats("app")["app"]
    assert (stats.ready, stats.paused, stats.max_depth) == (1, False, 2)
    assert len(queue.claim("app")) == 1
