"""Order per partition key: one at a time, in the order of sending, whatever happens to the one in front."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import ConfigError, PermanentError, RetryPolicy
from tests.contract.case import claim_one, drain, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Delivery, Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)
NEVER_MIND = RetryPolicy(max_attempts=2, backoff_min=MINUTE, backoff_max=MINUTE, jitter=False)


@pytest.fixture
def queue(case: Case) -> Queue:
    return case.open(app="tests", retry=NEVER_MIND)


def send(queue: Queue, *data: Any, key: str = "k", **options: Any) -> list[str]:
    return [queue.send("app", one, partition_key=key, **options).id for one in data]


class TestOneAtATime:
    def test_next_of_a_key_waits_until_the_first_is_done(self, queue: Queue) -> None:
        send(queue, 1, 2, 3)
        for n in (1, 2, 3):
            delivery = claim_one(queue, limit=10)
            assert delivery.message.data == n
            delivery.ack()
        assert queue.claim("app") == []

    def test_priority_does_not_matter_within_a_key(self, queue: Queue) -> None:
        send(queue, 1, priority=0)
        send(queue, 2, priority=9)
        queue.send("app", "other", priority=5)
        assert numbers(queue.claim("app", limit=5)) == ["other", 1]

    def test_keys_and_apps_do_not_wait_for_each_other(self, queue: Queue) -> None:
        send(queue, 1, 2, key="a")
        send(queue, 3, 4, key="b")
        queue.send("app", 5)
        queue.send("elsewhere", 6, partition_key="a")
        assert numbers(queue.claim("app", limit=10)) == [1, 3, 5]
        assert numbers(queue.claim("elsewhere", limit=10)) == [6]

    def test_key_stays_in_order_when_it_is_bulk_sent(self, queue: Queue) -> None:
        queue.send_many("app", range(100), partition_key="k")
        assert drain(queue) == list(range(100))

    def test_blocked_messages_are_told_in_record_and_stats(self, queue: Queue) -> None:
        _, second = send(queue, 1, 2)
        assert queue.get(second).blocked
        stats = queue.stats("app")["app"]
        assert (stats.ready, stats.blocked) == (1, 1)


class TestWaitingBehind:
    def test_delayed_message_holds_back_the_later_ones(self, case: Case, queue: Queue) -> None:
        send(queue, 1, delay=MINUTE)
        send(queue, 2)
        assert queue.claim("app", limit=5) == []
        case.clock.advance(MINUTE)
        assert drain(queue) == [1, 2]

    @pytest.mark.parametrize("end", ["ack", "nack"])
    def test_message_in_retry_holds_back_the_later_ones_until_it_is_finished(
        self, case: Case, queue: Queue, end: str
    ) -> None:
        send(queue, 1, 2)
        claim_one(queue).nack("no")
        assert queue.claim("app", limit=5) == []
        case.clock.advance(MINUTE)
        first = claim_one(queue, limit=5)
        assert (first.message.data, first.attempt) == (1, 2)
        if end == "ack":
            first.ack()
        else:
            first.nack("no")
            assert queue.get(first.message.id).status == "failed"
        assert numbers(queue.claim("app")) == [2]

    def test_later_message_that_is_due_earlier_waits(self, case: Case, queue: Queue) -> None:
        send(queue, 1, delay=2 * MINUTE)
        send(queue, 2, delay=MINUTE)
        case.clock.advance(MINUTE)
        assert queue.claim("app", limit=5) == []
        case.clock.advance(MINUTE)
        assert drain(queue) == [1, 2]

    @pytest.mark.parametrize(
        "release",
        [
            lambda queue, delivery: delivery.ack(),
            lambda queue, delivery: delivery.fail("no"),
            lambda queue, delivery: delivery.nack(PermanentError("no")),
            lambda queue, delivery: queue.ack_many([delivery]),
            lambda queue, delivery: queue.cancel(delivery.message.id),
        ],
        ids=["ack", "fail", "permanent", "ack_many", "cancel"],
    )
    def test_end_of_the_first_lets_the_next_go(
        self, queue: Queue, release: Callable[[Queue, Delivery], Any]
    ) -> None:
        send(queue, 1, 2, 3)
        release(queue, claim_one(queue))
        assert numbers(queue.claim("app", limit=5)) == [2]

    def test_handed_back_message_goes_first_again(self, queue: Queue) -> None:
        send(queue, 1, 2)
        claim_one(queue).hand_back()
        assert drain(queue) == [1, 2]

    def test_lapsed_message_goes_first_again(self, case: Case, queue: Queue) -> None:
        send(queue, 1, 2)
        claim_one(queue)
        case.lapse(queue)
        assert numbers(queue.claim("app", limit=5)) == [1]

    def test_crashed_message_goes_first_again(self, case: Case, queue: Queue) -> None:
        send(queue, 1, 2)
        claim_one(queue)
        case.crash(queue)
        assert numbers(queue.claim("app", limit=5)) == [1]

    def test_expired_message_lets_the_next_go(self, case: Case, queue: Queue) -> None:
        send(queue, 1, expires_at=case.clock.now() + MINUTE)
        send(queue, 2)
        case.clock.advance(MINUTE)
        assert drain(queue) == [2]

    def test_expired_message_in_the_middle_is_passed_over(self, case: Case, queue: Queue) -> None:
        send(queue, 1)
        send(queue, 2, expires_at=case.clock.now() + MINUTE)
        send(queue, 3)
        case.clock.advance(MINUTE)
        assert drain(queue) == [1, 3]

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_cancelled_message_is_passed_over(self, queue: Queue, position: int) -> None:
        message_ids = send(queue, 0, 1, 2)
        queue.cancel(message_ids[position])
        assert drain(queue) == [n for n in range(3) if n != position]

    def test_edited_time_of_the_first_holds_for_the_key(self, case: Case, queue: Queue) -> None:
        first, _ = send(queue, 1, 2)
        queue.edit(first, available_at=case.clock.now() + MINUTE)
        assert queue.claim("app", limit=5) == []
        case.clock.advance(MINUTE)
        assert drain(queue) == [1, 2]


class TestDeadLetters:
    def test_dead_letter_releases_its_key_unless_told_otherwise(self, queue: Queue) -> None:
        send(queue, 1, 2)
        claim_one(queue).fail("no")
        assert numbers(queue.claim("app")) == [2]

    def test_dead_letter_holds_its_key_if_told_so(self, queue: Queue) -> None:
        queue.set_on_dead("app", "block")
        first, _ = send(queue, 1, 2)
        send(queue, 3, key="other")
        claim_one(queue).fail("no")
        assert drain(queue) == [3]
        queue.replay(first)
        assert drain(queue) == [1, 2]

    def test_deleted_dead_letter_holds_nothing(self, queue: Queue) -> None:
        queue.set_on_dead("app", "block")
        first, _ = send(queue, 1, 2)
        claim_one(queue).fail("no")
        queue.delete(first)
        assert drain(queue) == [2]

    def test_purged_dead_letter_holds_nothing(self, queue: Queue) -> None:
        queue.set_on_dead("app", "block")
        send(queue, 1, 2)
        claim_one(queue).fail("no")
        queue.purge("app", status="failed")
        assert drain(queue) == [2]

    def test_dead_letters_let_go_when_they_may_no_longer_hold(self, queue: Queue) -> None:
        queue.set_on_dead("app", "block")
        send(queue, 1, 2)
        send(queue, 3, 4, key="other")
        for delivery in queue.claim("app", limit=5):
            delivery.fail("no")
        assert queue.claim("app", limit=5) == []
        queue.set_on_dead("app", "release")
        assert numbers(queue.claim("app", limit=5)) == [2, 4]

    def test_several_dead_letters_hold_until_the_last_is_gone(self, queue: Queue) -> None:
        first, second, _ = send(queue, 1, 2, 3)
        claim_one(queue).fail("no")
        queue.set_on_dead("app", "block")
        claim_one(queue).fail("no")
        queue.replay(first)  # an earlier one that did not block comes back; the second still blocks
        assert queue.claim("app", limit=5) == []
        queue.replay(second)
        assert drain(queue) == [1, 2, 3]

    def test_word_that_is_neither_is_refused(self, queue: Queue) -> None:
        with pytest.raises(ConfigError, match="on_dead"):
            queue.set_on_dead("app", "explode")  # type: ignore[arg-type]  # what a user may write


class TestReplay:
    def test_replayed_message_goes_before_later_ones_that_wait(self, queue: Queue) -> None:
        first, *_ = send(queue, 1, 2, 3)
        claim_one(queue).fail("no")
        queue.replay(first)
        assert drain(queue) == [1, 2, 3]

    def test_replayed_message_waits_for_a_later_one_in_hand(self, queue: Queue) -> None:
        first, *_ = send(queue, 1, 2, 3)
        claim_one(queue).fail("no")
        second = claim_one(queue)
        queue.replay(first)
        assert queue.claim("app", limit=5) == []
        second.ack()
        assert drain(queue) == [1, 3]

    def test_replay_of_the_last_waits_for_those_before_it(self, queue: Queue) -> None:
        _, second = send(queue, 1, 2)
        queue.cancel(second)
        queue.replay(second)
        assert numbers(queue.claim("app", limit=5)) == [1]


class TestRuns:
    """A consumer fetches several messages of one key at once and handles them in sequence."""

    def test_one_consumer_gets_a_key_in_order(self, queue: Queue) -> None:
        queue.send_many("app", range(40), partition_key="k")
        assert drain(queue) == list(range(40))

    def test_failure_gives_the_rest_of_the_run_back(self, case: Case, queue: Queue) -> None:
        send(queue, 1, 2, 3)
        send(queue, "x", key="other")
        seen = []
        for delivery in queue.consume("app", wait=timedelta(0)):
            seen.append(delivery.message.data)
            if delivery.message.data == 1 and delivery.attempt == 1:
                delivery.nack("once")
        assert seen == [1, "x"]
        case.clock.advance(MINUTE)
        assert drain(queue) == [1, 2, 3]
        assert {record.attempts for record in queue.list("app") if record.message.data in {2, 3}} == {1}

    def test_dead_letter_lets_the_rest_of_the_run_go_on(self, queue: Queue) -> None:
        send(queue, 1, 2, 3)
        seen = []
        for delivery in queue.consume("app", wait=timedelta(0)):
            seen.append(delivery.message.data)
            if delivery.message.data == 1:
                delivery.fail("no")
        assert seen == [1, 2, 3]

    def test_run_stops_at_a_message_that_must_wait(self, case: Case, queue: Queue) -> None:
        send(queue, 1)
        send(queue, 2, delay=MINUTE)
        send(queue, 3)
        assert drain(queue) == [1]
        case.clock.advance(MINUTE)
        assert drain(queue) == [2, 3]

    def test_nobody_else_gets_a_message_of_a_run_in_hand(self, queue: Queue) -> None:
        send(queue, 1, 2, 3)
        seen = []
        for delivery in queue.consume("app", wait=timedelta(0)):
            seen.append(delivery.message.data)
            assert queue.claim("app", limit=5) == []
        assert seen == [1, 2, 3]
