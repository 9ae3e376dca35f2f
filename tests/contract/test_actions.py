"""What an operator does to a queue as a whole is in the audit log, in the transaction that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from crossdock.app.worker import ask_for_reload
from crossdock.command import ask_to_reload

if TYPE_CHECKING:
    from crossdock import Queue


def told(queue: Queue, app: str | None = "app") -> list[tuple[str, dict[str, Any]]]:
    return [(entry.event, entry.details) for entry in reversed(queue.actions(app))]


def test_each_action_is_told_with_who_did_it_and_how_many_it_was_about(queue: Queue) -> None:
    queue.send_many("app", range(3))
    queue.pause("app")
    queue.resume("app")
    queue.set_rules("app", max_depth=7)
    queue.cancel_many("app", limit=2)
    queue.replay_many("app", code="CANCELLED")
    queue.cancel_many("app")
    queue.purge("app", status="failed")
    assert told(queue) == [
        ("queue.paused", {}),
        ("queue.resumed", {}),
        ("queue.rules_changed", {"max_depth": 7}),
        ("message.cancelled", {"messages": 2}),
        ("message.replayed", {"messages": 2, "code": "CANCELLED"}),
        ("message.cancelled", {"messages": 3}),
        ("queue.purged", {"status": "failed", "messages": 3}),
    ]
    assert {entry.who for entry in queue.actions("app")} == {queue._store.owner}
    assert [entry.event for entry in queue.actions("app", limit=1)] == ["queue.purged"]


def test_what_changed_nothing_is_not_told(queue: Queue) -> None:
    queue.cancel_many("app")
    queue.replay_many("app")
    queue.purge("app")
    assert told(queue) == []


def test_a_reload_concerns_no_single_queue(queue: Queue) -> None:
    generation = ask_for_reload(queue)
    assert told(queue, None) == [("config.reloaded", {"generation": generation})]
    assert told(queue) == []


def test_nobody_is_asked_to_reload_if_nobody_works_by_a_configuration(queue: Queue) -> None:
    assert ask_to_reload(queue) == 0
    assert told(queue, None) == []


def test_an_action_that_is_rolled_back_is_not_told(queue: Queue) -> None:
    def pause_and_fail(tx: Any) -> None:
        tx.pause("app")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        queue._store.write(pause_and_fail)
    assert told(queue) == []
