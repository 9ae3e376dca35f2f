"""Which message is claimed, and when: priority, arrival, delay, expiry, limits."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import InvalidMessage
from tests.contract.case import claim_one, drain, events, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.testing import FakeClock

MINUTE = timedelta(minutes=1)
TICK = timedelta(microseconds=1)


class TestPriority:
    def test_higher_priority_goes_first_then_arrival(self, queue: Queue) -> None:
        for n, priority in enumerate([4, 0, 9, 4, 9, 1]):
            queue.send("app", n, priority=priority)
        assert numbers(queue.claim("app", limit=10)) == [2, 4, 0, 3, 5, 1]

    def test_single_claims_give_the_same_order_as_one_large(self, queue: Queue) -> None:
        for n in range(20):
            queue.send("app", n, priority=n * 7 % 10)
        expected = sorted(range(20), key=lambda n: (-(n * 7 % 10), n))
        assert [claim_one(queue).message.data for _ in range(20)] == expected

    def test_apps_do_not_see_each_others_messages(self, queue: Queue) -> None:
        queue.send("a", 1, priority=0)
        queue.send("b", 2, priority=9)
        assert numbers(queue.claim("a", limit=5)) == [1]
        assert numbers(queue.claim("b", limit=5)) == [2]
        assert queue.claim("c") == []


class TestDelay:
    @pytest.mark.parametrize("by", ["delay", "available_at"])
    def test_message_is_not_claimed_before_its_time(self, queue: Queue, clock: FakeClock, by: str) -> None:
        option: dict[str, Any] = {by: MINUTE if by == "delay" else clock.now() + MINUTE}
        sent = queue.send("app", 1, **option)
        assert queue.get(sent.id).available_at == clock.now() + MINUTE
        clock.advance(MINUTE - TICK)
        assert queue.claim("app") == []
        clock.advance(TICK)
        assert numbers(queue.claim("app")) == [1]

    def test_due_message_takes_its_place_by_priority_and_arrival(
        self, queue: Queue, clock: FakeClock
    ) -> None:
        queue.send("app", "late and urgent", delay=MINUTE, priority=9)
        queue.send("app", "late", delay=MINUTE)
        queue.send("app", "early")
        clock.advance(MINUTE)
        assert numbers(queue.claim("app", limit=5)) == ["late and urgent", "late", "early"]

    @pytest.mark.parametrize("option", [{"delay": timedelta(0)}, {"delay": None}])
    def test_no_delay_is_ready_at_once(self, queue: Queue, option: dict[str, Any]) -> None:
        queue.send("app", 1, **option)
        assert numbers(queue.claim("app")) == [1]

    def test_time_in_the_past_is_ready_at_once(self, queue: Queue, clock: FakeClock) -> None:
        queue.send("app", 1, available_at=clock.now() - MINUTE)
        assert numbers(queue.claim("app")) == [1]

    def test_many_become_due_at_once(self, queue: Queue, clock: FakeClock) -> None:
        queue.send_many("app", range(2500), delay=MINUTE)
        clock.advance(MINUTE)
        assert drain(queue) == list(range(2500))

    def test_clock_that_jumps_back_only_delays(self, queue: Queue, clock: FakeClock) -> None:
        queue.send("app", 1, delay=MINUTE)
        clock.set(clock.now() - timedelta(hours=1))
        assert queue.claim("app") == []
        clock.advance(timedelta(hours=1) + MINUTE)
        assert numbers(queue.claim("app")) == [1]


class TestExpiry:
    def test_message_is_a_dead_letter_once_it_is_too_late(self, queue: Queue, clock: FakeClock) -> None:
        sent = queue.send("app", 1, expires_at=clock.now() + MINUTE)
        clock.advance(MINUTE)
        assert queue.claim("app") == []
        record = queue.get(sent.id)
        assert (record.status, record.attempts, record.processed_at) == ("failed", 0, clock.now())
        assert record.error is not None
        assert record.error.code == "EXPIRED"
        assert events(queue, sent.id) == ["sent", "failed"]

    def test_message_is_delivered_until_its_last_moment(self, queue: Queue, clock: FakeClock) -> None:
        queue.send("app", 1, expires_at=clock.now() + MINUTE)
        clock.advance(MINUTE - TICK)
        claim_one(queue).ack()

    def test_claimed_message_may_be_finished_after_its_expiry(self, queue: Queue, clock: FakeClock) -> None:
        queue.send("app", 1, expires_at=clock.now() + timedelta(seconds=1))
        delivery = claim_one(queue)
        clock.advance(timedelta(seconds=5))
        delivery.ack()
        assert queue.get(delivery.message.id).status == "completed"

    def test_message_that_expires_while_it_is_delayed_is_never_delivered(
        self, queue: Queue, clock: FakeClock
    ) -> None:
        sent = queue.send("app", 1, delay=2 * MINUTE, expires_at=clock.now() + MINUTE)
        clock.advance(3 * MINUTE)
        assert queue.claim("app") == []
        assert queue.get(sent.id).status == "failed"

    def test_expired_messages_do_not_stop_the_others(self, queue: Queue, clock: FakeClock) -> None:
        queue.send_many("app", range(1500), expires_at=clock.now() + MINUTE, priority=9)
        queue.send("app", "good", priority=0)
        clock.advance(MINUTE)
        assert drain(queue) == ["good"]
        assert queue.stats("app")["app"].failed == 1500


class TestLimit:
    def test_claim_takes_no_more_than_asked_for(self, queue: Queue) -> None:
        queue.send_many("app", range(10))
        assert [len(queue.claim("app", limit=limit)) for limit in (3, 1, 100, 5)] == [3, 1, 6, 0]

    @pytest.mark.parametrize("limit", [0, -1, 2.5, None])
    def test_limit_below_one_is_refused(self, queue: Queue, limit: Any) -> None:
        with pytest.raises(InvalidMessage, match="limit"):
            queue.claim("app", limit=limit)

    def test_claimed_message_is_not_claimed_again(self, queue: Queue) -> None:
        queue.send("app", 1)
        delivery = claim_one(queue)
        assert (delivery.attempt, delivery.app, delivery.crashes) == (1, "app", 0)
        assert queue.claim("app", limit=10) == []
        record = queue.get(delivery.message.id)
        assert (record.status, record.row_id) == ("processing", delivery.row_id)
        assert record.lease_until == delivery.lease_until
