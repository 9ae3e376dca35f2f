"""Leases: whose message it is, until when, and that a worker who comes late changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CrossdockError, LeaseLost, RetryPolicy
from tests.contract.case import claim_one, events

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Delivery, Queue
    from crossdock.testing import FakeClock
    from tests.contract.case import Case

LEASE = timedelta(seconds=30)
AT_ONCE = RetryPolicy(max_attempts=3, backoff_min=timedelta(0), backoff_max=timedelta(0))

LATE_VERBS: dict[str, Callable[[Queue, Delivery], Any]] = {
    "ack": lambda _, delivery: delivery.ack(),
    "ack with a result": lambda _, delivery: delivery.ack(result=1),
    "nack": lambda _, delivery: delivery.nack("late"),
    "nack for later": lambda _, delivery: delivery.nack("late", retry_in=timedelta(hours=1)),
    "fail": lambda _, delivery: delivery.fail("late"),
    "hand_back": lambda _, delivery: delivery.hand_back(),
    "extend": lambda _, delivery: delivery.extend(timedelta(hours=1)),
    "ack_many": lambda queue, delivery: queue.ack_many([delivery]),
}
late_verb = pytest.mark.parametrize("verb", LATE_VERBS.values(), ids=LATE_VERBS.keys())


@pytest.fixture
def queue(case: Case) -> Queue:
    return case.open(app="tests", lease=LEASE, retry=AT_ONCE)


@pytest.fixture
def delivery(queue: Queue) -> Delivery:
    queue.send("app", {"n": 1})
    return claim_one(queue)


class TestLapse:
    def test_lapsed_lease_is_claimed_by_another_worker(
        self, case: Case, queue: Queue, delivery: Delivery
    ) -> None:
        assert delivery.lease_until == case.clock.now() + LEASE
        case.lapse(queue, LEASE)
        second = claim_one(queue)
        assert (second.message, second.attempt) == (delivery.message, 2)
        assert second.lease_token != delivery.lease_token
        assert events(queue, delivery.message.id) == ["sent", "claimed", "lapsed", "claimed"]

    def test_lease_holds_until_its_last_moment(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        case.clock.advance(LEASE)
        case.rescue(queue)
        assert queue.claim("app") == []
        delivery.ack()

    def test_lapses_spend_attempts_until_the_message_is_dead(
        self, case: Case, queue: Queue, delivery: Delivery
    ) -> None:
        for attempt in (2, 3):
            case.lapse(queue, LEASE)
            assert claim_one(queue).attempt == attempt
        case.lapse(queue, LEASE)
        record = queue.get(delivery.message.id)
        assert (record.status, record.attempts, record.crashes) == ("failed", 3, 0)
        assert record.error is not None
        assert record.error.code == "ATTEMPTS_EXHAUSTED"

    def test_lapsed_message_is_ready_at_once_whatever_its_backoff(self, case: Case, queue: Queue) -> None:
        queue.send("app", 1, retry=RetryPolicy(backoff_min=timedelta(minutes=1), jitter=False))
        claim_one(queue)
        case.lapse(queue, LEASE)
        assert claim_one(queue).attempt == 2

    def test_each_claim_has_a_lease_of_its_own_length(self, case: Case, queue: Queue) -> None:
        queue.send_many("app", [1, 2])
        claim_one(queue, lease=timedelta(seconds=5))
        claim_one(queue, lease=timedelta(minutes=5))
        case.lapse(queue, timedelta(seconds=5))
        assert [one.message.data for one in queue.claim("app", limit=2)] == [1]

    @pytest.mark.parametrize("lease", [timedelta(0), timedelta(seconds=-1)])
    def test_lease_that_is_over_at_once_is_refused(self, queue: Queue, lease: timedelta) -> None:
        queue.send("app", 1)
        with pytest.raises(CrossdockError, match="lease"):
            queue.claim("app", lease=lease)
        with pytest.raises(CrossdockError, match="lease"):
            claim_one(queue).extend(lease)


class TestLateWorker:
    @late_verb
    def test_worker_whose_message_went_to_another_changes_nothing(
        self, case: Case, queue: Queue, delivery: Delivery, verb: Callable[[Queue, Delivery], Any]
    ) -> None:
        case.lapse(queue, LEASE)
        second = claim_one(queue)
        self.demand_lost(queue, delivery, verb)
        second.ack(result="by the second")
        assert queue.get(delivery.message.id).result == "by the second"

    @late_verb
    def test_worker_whose_message_waits_again_changes_nothing(
        self, case: Case, queue: Queue, delivery: Delivery, verb: Callable[[Queue, Delivery], Any]
    ) -> None:
        case.lapse(queue, LEASE)
        self.demand_lost(queue, delivery, verb)

    @late_verb
    def test_worker_whose_message_is_finished_changes_nothing(
        self, queue: Queue, delivery: Delivery, verb: Callable[[Queue, Delivery], Any]
    ) -> None:
        delivery.ack(result="first")
        self.demand_lost(queue, delivery, verb)

    @late_verb
    def test_worker_whose_message_was_cancelled_changes_nothing(
        self, queue: Queue, delivery: Delivery, verb: Callable[[Queue, Delivery], Any]
    ) -> None:
        queue.cancel(delivery.message.id)
        self.demand_lost(queue, delivery, verb)

    @late_verb
    def test_worker_whose_message_was_purged_changes_nothing(
        self, queue: Queue, delivery: Delivery, verb: Callable[[Queue, Delivery], Any]
    ) -> None:
        queue.cancel(delivery.message.id)
        queue.purge("app", status="failed")
        with pytest.raises(LeaseLost):
            verb(queue, delivery)
        assert queue.list() == []

    @staticmethod
    def demand_lost(queue: Queue, delivery: Delivery, verb: Callable[[Queue, Delivery], Any]) -> None:
        message_id = delivery.message.id
        before = queue.get(message_id), queue.timeline(message_id)
        with pytest.raises(LeaseLost) as caught:
            verb(queue, delivery)
        assert caught.value.message_ids == (message_id,)
        assert (queue.get(message_id), queue.timeline(message_id)) == before


class TestExtend:
    def test_extended_lease_ends_so_long_from_now(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        case.clock.advance(timedelta(seconds=20))
        delivery.extend(timedelta(seconds=60))
        assert delivery.lease_until == case.clock.now() + timedelta(seconds=60)
        assert queue.get(delivery.message.id).lease_until == delivery.lease_until
        case.clock.advance(timedelta(seconds=60))
        case.rescue(queue)
        assert queue.claim("app") == []
        delivery.ack()

    def test_extended_lease_lapses_in_the_end(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        delivery.extend(timedelta(minutes=5))
        case.lapse(queue, timedelta(minutes=5))
        assert claim_one(queue).attempt == 2

    def test_lease_may_be_shortened(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        delivery.extend(timedelta(seconds=1))
        case.lapse(queue, timedelta(seconds=1))
        assert claim_one(queue).attempt == 2


class TestKept:
    """``claim`` gives leases that run out; ``consume`` keeps its own while this process lives and runs."""

    def test_consumers_lease_outlasts_its_time(self, case: Case, queue: Queue, clock: FakeClock) -> None:
        queue.send("app", 1)
        for delivery in queue.consume("app", wait=timedelta(0)):
            for _ in range(3):
                case.lapse(queue, LEASE)
                lease_until = queue.get(delivery.message.id).lease_until
                assert lease_until is not None
                assert lease_until > clock.now()
            assert queue.claim("app") == []
        assert queue.stats("app")["app"].completed == 1

    def test_consume_one_keeps_its_lease_too(self, case: Case, queue: Queue) -> None:
        queue.send("app", 1)
        with queue.consume_one("app") as delivery:
            assert delivery is not None
            case.lapse(queue, 10 * LEASE)
            assert queue.claim("app") == []
        assert queue.get(delivery.message.id).attempts == 1
