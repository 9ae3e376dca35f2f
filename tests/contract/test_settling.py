"""Ending a delivery: ack, nack, fail, hand back, one by one and many at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import InvalidMessage, LeaseLost, PermanentError, RateLimited, RetryPolicy, TransientError
from tests.contract.case import claim_one, events

if TYPE_CHECKING:
    from crossdock import Delivery, Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)
FIXED = RetryPolicy(max_attempts=4, backoff_min=MINUTE, backoff_max=timedelta(minutes=3), jitter=False)


@pytest.fixture
def queue(case: Case) -> Queue:
    return case.open(app="tests", retry=FIXED)


@pytest.fixture
def delivery(queue: Queue) -> Delivery:
    queue.send("app", {"n": 1})
    return claim_one(queue)


class TestAck:
    @pytest.mark.parametrize("result", [None, {"ok": True}, [], 0, "", "Grüße \ud800"], ids=repr)
    def test_message_is_completed_with_its_result(
        self, case: Case, queue: Queue, delivery: Delivery, result: Any
    ) -> None:
        case.clock.advance(timedelta(seconds=1))
        delivery.ack(result)
        record = queue.get(delivery.message.id)
        assert (record.status, record.result, record.error) == ("completed", result, None)
        assert (record.attempts, record.processed_at) == (1, case.clock.now())
        assert record.lease_until is None
        assert delivery.settled

    def test_many_are_completed_together_each_with_its_result(self, queue: Queue) -> None:
        results: list[Any] = [{"row": 1}, None, "Grüße \ud800 \x00'\"", [], {"row": 1}]
        queue.send_many("app", results)
        deliveries = queue.claim("app", limit=9)
        deliveries[0].nack("no longer held")
        store = queue._store
        settlements = [
            queue._gateway.settlement(one._claimed, queue._gateway.completed(result))
            for one, result in zip(deliveries, results, strict=True)
        ]
        accepted = store.write(lambda tx: tx.settle(settlements))
        assert accepted == {one.key for one in settlements[1:]}
        records = [queue.get(one.message.id) for one in deliveries]
        assert [(one.status, one.result) for one in records] == [
            ("pending", None), *(("completed", result) for result in results[1:]),
        ]  # fmt: skip

    def test_error_of_an_earlier_attempt_is_forgotten(
        self, case: Case, queue: Queue, delivery: Delivery
    ) -> None:
        delivery.nack("once")
        case.clock.advance(MINUTE)
        claim_one(queue).ack()
        assert queue.get(delivery.message.id).error is None

    def test_second_ack_says_that_the_delivery_is_over(self, delivery: Delivery) -> None:
        delivery.ack()
        with pytest.raises(LeaseLost):
            delivery.ack()

    @pytest.mark.parametrize(
        "result", [object(), float("nan"), "x" * 65535], ids=["object", "NaN", "too large"]
    )
    def test_result_that_cannot_be_stored_changes_nothing(
        self, queue: Queue, delivery: Delivery, result: Any
    ) -> None:
        with pytest.raises(InvalidMessage, match="result"):
            delivery.ack(result)
        assert not delivery.settled
        delivery.ack("x" * 65000)
        assert queue.get(delivery.message.id).status == "completed"


class TestAckMany:
    def test_all_are_completed_with_one_result(self, queue: Queue) -> None:
        queue.send_many("app", range(250))
        assert queue.ack_many(queue.claim("app", limit=250), result="done") == 250
        assert {record.result for record in queue.list("app", limit=250)} == {"done"}
        assert queue.stats("app")["app"].completed == 250

    def test_deliveries_of_several_claims_and_apps_may_be_mixed(self, queue: Queue) -> None:
        for app in ("a", "b", "a"):
            queue.send(app, 1)
        assert queue.ack_many([claim_one(queue, app) for app in ("a", "b", "a")]) == 3

    def test_lost_ones_are_named_and_the_others_completed(self, queue: Queue) -> None:
        queue.send_many("app", range(5))
        deliveries = queue.claim("app", limit=5)
        queue.cancel(deliveries[1].message.id)
        deliveries[3].hand_back()
        with pytest.raises(LeaseLost) as caught:
            queue.ack_many(deliveries)
        assert caught.value.message_ids == (deliveries[1].message.id, deliveries[3].message.id)
        stats = queue.stats("app")["app"]
        assert (stats.completed, stats.failed, stats.ready) == (3, 1, 1)

    def test_none_are_fine(self, queue: Queue) -> None:
        assert queue.ack_many([]) == 0

    @pytest.mark.parametrize("result", [None, "done"], ids=repr)
    def test_a_late_delivery_is_lost_beside_the_present_one_of_its_message(
        self, case: Case, queue: Queue, delivery: Delivery, result: Any
    ) -> None:
        case.lapse(queue)
        present = claim_one(queue)
        with pytest.raises(LeaseLost) as caught:
            queue.ack_many([delivery, present], result)
        assert caught.value.message_ids == (delivery.message.id,)
        assert queue.get(present.message.id).status == "completed"

    def test_one_delivery_given_twice_is_completed_once(self, queue: Queue, delivery: Delivery) -> None:
        assert queue.ack_many([delivery, delivery]) == 1

    def test_settled_deliveries_know_it(self, queue: Queue, delivery: Delivery) -> None:
        queue.ack_many([delivery])
        assert delivery.settled


class TestNack:
    def test_message_is_tried_again_after_its_backoff(
        self, case: Case, queue: Queue, delivery: Delivery
    ) -> None:
        delivery.nack("no answer")
        record = queue.get(delivery.message.id)
        assert (record.status, record.attempts) == ("pending", 1)
        assert record.available_at == case.clock.now() + MINUTE
        assert record.error is not None
        assert (record.error.code, record.error.message) == ("TRANSIENT", "no answer")
        case.clock.advance(MINUTE - timedelta(microseconds=1))
        assert queue.claim("app") == []
        case.clock.advance(timedelta(microseconds=1))
        assert claim_one(queue).attempt == 2

    def test_backoff_doubles_up_to_its_bound(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        for minutes in (1, 2, 3):
            delivery.nack("again")
            assert queue.get(delivery.message.id).available_at == case.clock.now() + timedelta(
                minutes=minutes
            )
            case.clock.advance(timedelta(minutes=minutes))
            delivery = claim_one(queue)

    @pytest.mark.parametrize("delay", [timedelta(0), timedelta(seconds=7), timedelta(days=3)], ids=str)
    def test_retry_in_overrides_the_backoff(
        self, case: Case, queue: Queue, delivery: Delivery, delay: timedelta
    ) -> None:
        delivery.nack("later", retry_in=delay)
        expected = case.clock.now() + delay if delay else None
        assert queue.get(delivery.message.id).available_at == expected
        case.clock.advance(delay)
        claim_one(queue).ack()

    def test_exception_is_told_with_its_type(self, queue: Queue, delivery: Delivery) -> None:
        delivery.nack(ZeroDivisionError("division by zero"))
        error = queue.get(delivery.message.id).error
        assert error is not None
        assert (error.code, error.message) == ("TRANSIENT", "ZeroDivisionError: division by zero")

    def test_transient_error_is_retried(self, queue: Queue, delivery: Delivery) -> None:
        delivery.nack(TransientError("busy"))
        assert queue.get(delivery.message.id).status == "pending"

    def test_long_error_is_cut(self, queue: Queue, delivery: Delivery) -> None:
        delivery.nack("é" * 100_000)
        error = queue.get(delivery.message.id).error
        assert error is not None
        assert 1000 < len(error.message) < 64 * 1024

    def test_odd_characters_of_an_error_are_kept(self, queue: Queue, delivery: Delivery) -> None:
        delivery.nack("bad byte \udcff, NUL \x00, \N{PILE OF POO}")
        error = queue.get(delivery.message.id).error
        assert error is not None
        assert error.message == "bad byte \udcff, NUL \x00, \N{PILE OF POO}"


class TestFinalErrors:
    def test_permanent_error_makes_a_dead_letter_at_once(self, queue: Queue, delivery: Delivery) -> None:
        delivery.nack(PermanentError("no such customer"))
        self.demand_dead(queue, delivery, "PERMANENT", "no such customer")

    def test_invalid_message_keeps_field_and_issue(self, queue: Queue, delivery: Delivery) -> None:
        delivery.nack(InvalidMessage("bad order", [("order", "missing"), ("count", "negative")]))
        error = self.demand_dead(queue, delivery, "INVALID_MESSAGE", "bad order")
        assert error.details == (("order", "missing"), ("count", "negative"))

    @pytest.mark.parametrize("error", ["no", PermanentError("no")], ids=["words", "exception"])
    def test_fail_makes_a_dead_letter_at_once(self, queue: Queue, delivery: Delivery, error: Any) -> None:
        delivery.fail(error)
        self.demand_dead(queue, delivery, "PERMANENT", "no")

    def test_fail_with_another_exception_tells_its_type(self, queue: Queue, delivery: Delivery) -> None:
        delivery.fail(KeyError("order"))
        self.demand_dead(queue, delivery, "PERMANENT", "KeyError: 'order'")

    @staticmethod
    def demand_dead(queue: Queue, delivery: Delivery, code: str, text: str) -> Any:
        record = queue.get(delivery.message.id)
        assert (record.status, record.attempts, record.lease_owner) == ("failed", 1, None)
        assert record.error is not None
        assert (record.error.code, record.error.message) == (code, text)
        assert queue.claim("app") == []
        assert events(queue, delivery.message.id) == ["sent", "claimed", "failed"]
        return record.error


class TestRateLimited:
    def test_no_attempt_is_spent_however_often(self, case: Case, queue: Queue, delivery: Delivery) -> None:
        for _ in range(3 * FIXED.max_attempts):
            assert delivery.attempt == 1
            delivery.nack(RateLimited(retry_after=timedelta(seconds=40)))
            record = queue.get(delivery.message.id)
            assert (record.status, record.attempts) == ("pending", 0)
            assert record.available_at == case.clock.now() + timedelta(seconds=40)
            case.clock.advance(timedelta(seconds=40))
            delivery = claim_one(queue)
        delivery.ack()

    def test_without_a_time_the_policys_delay_holds(
        self, case: Case, queue: Queue, delivery: Delivery
    ) -> None:
        delivery.nack(RateLimited("slow down"))
        record = queue.get(delivery.message.id)
        assert record.available_at == case.clock.now() + MINUTE
        assert record.error is not None
        assert (record.error.code, record.error.message) == ("RATE_LIMITED", "slow down")


class TestHandBack:
    def test_nothing_is_spent_and_the_message_is_ready_at_once(
        self, queue: Queue, delivery: Delivery
    ) -> None:
        delivery.hand_back()
        record = queue.get(delivery.message.id)
        assert (record.status, record.attempts, record.available_at, record.error) == (
            "pending",
            0,
            None,
            None,
        )
        second = claim_one(queue)
        assert (second.attempt, second.crashes) == (1, 0)
        assert events(queue, delivery.message.id) == ["sent", "claimed", "handed_back", "claimed"]

    def test_message_keeps_its_place(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2, 3])
        first, _ = queue.claim("app", limit=2)
        first.hand_back()
        assert [one.message.data for one in queue.claim("app", limit=5)] == [1, 3]
