"""What an operator does to many messages at once has the outcome and the history that it has for each alone."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.case import claim_one, drain

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)


def told(queue: Queue, message_id: str) -> list[tuple[Any, ...]]:
    """What the timeline says of a message, but for whose it is."""
    entries = queue.timeline(message_id)
    return [(one.event, one.code, one.at, one.attempt, one.who, one.details) for one in entries]


def dead_letter(queue: Queue) -> str:
    sent = queue.send("app", 1)
    claim_one(queue).fail("no")
    return sent.id


class TestCancelMany:
    def test_each_has_the_history_of_one(self, queue: Queue) -> None:
        options: tuple[dict[str, Any], ...] = ({}, {}, {"delay": MINUTE})
        sent = [queue.send("app", number, **given) for number, given in enumerate(options)]
        queue.cancel(sent[0].id)
        assert queue.cancel_many("app") == 2
        histories = [told(queue, one.id) for one in sent]
        assert histories[1:] == histories[:1] * 2
        assert histories[0][-1][:2] == ("message.cancelled", "CANCELLED")
        assert [queue.get(one.id).error for one in sent] == [queue.get(sent[0].id).error] * 3

    def test_claimed_ones_are_left_alone(self, queue: Queue) -> None:
        queue.send_many("app", range(3), partition_key="k")
        delivery = claim_one(queue)
        assert queue.cancel_many("app") == 2
        delivery.ack()
        assert (queue.stats("app")["app"].failed, queue.cancel_many("app")) == (2, 0)


class TestReplayMany:
    def test_each_has_the_history_of_one(self, queue: Queue) -> None:
        one, other = dead_letter(queue), dead_letter(queue)
        queue.replay(one)
        assert queue.replay_many("app") == 1
        assert told(queue, one) == told(queue, other)
        assert told(queue, one)[-1][0] == "message.replayed"

    def test_they_come_back_before_what_was_sent_after_them(self, queue: Queue) -> None:
        for key in ("k", "l"):
            queue.send_many("app", [f"{key}{n}" for n in range(3)], partition_key=key)
        queue.cancel_many("app")
        queue.send("app", "k3", partition_key="k")
        queue.send("app", "without a key")
        assert queue.replay_many("app") == 6
        first = queue.claim("app", limit=10)
        assert [one.message.data for one in first] == ["k0", "l0", "without a key"]
        queue.ack_many(first)
        assert sorted(drain(queue)) == ["k1", "k2", "k3", "l1", "l2"]

    @pytest.mark.many_rows
    def test_pace_goes_on_from_step_to_step(self, case: Case, queue: Queue) -> None:
        queue.send_many("app", range(520))
        queue.cancel_many("app")
        start = case.clock.now()
        assert queue.replay_many("app", rate=100.0) == 520
        last = queue.list("app", limit=520)[-1]
        assert last.available_at == start + timedelta(seconds=5.19)
