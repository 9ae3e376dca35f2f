"""``consume`` and ``consume_one``: what the loop acknowledges, and what leaving it means."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import InvalidMessage, PermanentError, RateLimited, RetryPolicy
from tests.contract.case import PATIENCE, drain, events, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)
NONE = timedelta(0)


@pytest.fixture
def queue(case: Case) -> Queue:
    fixed = RetryPolicy(max_attempts=3, backoff_min=MINUTE, backoff_max=MINUTE, jitter=False)
    return case.open(app="tests", retry=fixed)


class TestConsume:
    @pytest.mark.parametrize("batch", [1, 3, 100])
    def test_every_message_comes_once_in_order_and_is_completed(self, queue: Queue, batch: int) -> None:
        queue.send_many("app", range(50))
        queue.send("app", "urgent", priority=9)
        seen = [delivery.message.data for delivery in queue.consume("app", batch=batch, wait=NONE)]
        assert seen == ["urgent", *range(50)]
        stats = queue.stats("app")["app"]
        assert (stats.completed, stats.ready, stats.processing) == (51, 0, 0)

    def test_result_set_by_the_handler_is_stored(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2, 3])
        for delivery in queue.consume("app", wait=NONE):
            if delivery.message.data != 2:
                delivery.result = {"square": delivery.message.data**2}
        assert [record.result for record in queue.list("app")] == [{"square": 1}, None, {"square": 9}]

    def test_message_is_not_completed_while_it_is_in_hand(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2])
        for delivery in queue.consume("app", wait=NONE):
            assert queue.get(delivery.message.id).status == "processing"

    def test_messages_sent_meanwhile_come_too(self, queue: Queue) -> None:
        queue.send("app", 0)
        seen = []
        for delivery in queue.consume("app", wait=NONE):
            seen.append(delivery.message.data)
            if delivery.message.data < 20:
                queue.send("app", delivery.message.data + 1)
        assert seen == list(range(21))

    @pytest.mark.parametrize("verb", ["ack", "nack", "fail", "hand_back"])
    def test_what_the_body_settles_itself_is_left_alone(self, queue: Queue, verb: str) -> None:
        sent = queue.send("app", 1)
        for delivery in queue.consume("app", wait=NONE):
            getattr(delivery, verb)(*([] if verb in {"ack", "hand_back"} else ["no"]))
            break
        record = queue.get(sent.id)
        expected = {"ack": "completed", "nack": "pending", "fail": "failed", "hand_back": "pending"}
        assert (record.status, record.attempts) == (expected[verb], 0 if verb == "hand_back" else 1)

    def test_message_handed_back_by_the_body_comes_again(self, queue: Queue) -> None:
        queue.send("app", 1)
        seen = []
        for delivery in queue.consume("app", wait=NONE):
            seen.append(delivery.attempt)
            if len(seen) < 3:
                delivery.hand_back()
        assert seen == [1, 1, 1]

    def test_body_may_acknowledge_several_at_once(self, queue: Queue) -> None:
        queue.send_many("app", range(10))
        for delivery in queue.consume("app", wait=NONE):
            queue.ack_many([delivery], result="by hand")
        assert {record.result for record in queue.list("app")} == {"by hand"}

    def test_two_consumers_share_the_messages(self, case: Case, queue: Queue) -> None:
        other = queue if case.in_memory else case.open()
        queue.send_many("app", range(40))
        mine, others = queue.consume("app", batch=2, wait=NONE), other.consume("app", batch=2, wait=NONE)
        seen = [next(one).message.data for _ in range(20) for one in (mine, others)]
        assert sorted(seen) == list(range(40))
        for one in (mine, others):
            assert next(one, None) is None  # type: ignore[call-overload]  # generators, both
        assert queue.stats("app")["app"].completed == 40

    @pytest.mark.parametrize("batch", [0, -1, 1.5])
    def test_wrong_batch_is_refused(self, queue: Queue, batch: Any) -> None:
        with pytest.raises(InvalidMessage, match="limit"):
            next(iter(queue.consume("app", batch=batch)))


class TestLeaving:
    def leave(self, queue: Queue, how: str) -> None:
        for _ in queue.consume("app", wait=NONE):
            if how == "break":
                break
            if how == "return":
                return
            raise LookupError(how)

    @pytest.mark.parametrize("how", ["break", "return", "exception"])
    def test_message_in_hand_is_nacked_and_the_rest_goes_back_unspent(self, queue: Queue, how: str) -> None:
        queue.send_many("app", range(5))
        if how == "exception":
            with pytest.raises(LookupError):
                self.leave(queue, how)
        else:
            self.leave(queue, how)
        first, *rest = queue.list("app")
        assert (first.status, first.attempts) == ("pending", 1)
        assert first.error is not None
        assert (first.error.code, "left" in first.error.message) == ("TRANSIENT", True)
        assert {(record.status, record.attempts, record.crashes) for record in rest} == {("pending", 0, 0)}
        assert numbers(queue.claim("app", limit=10)) == [1, 2, 3, 4]

    def test_finished_messages_are_written_down(self, queue: Queue) -> None:
        queue.send_many("app", range(5))
        for delivery in queue.consume("app", wait=NONE):
            if delivery.message.data == 3:
                break
        assert [record.status for record in queue.list("app")] == [*["completed"] * 3, "pending", "pending"]

    def test_closing_the_generator_is_leaving(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2])
        consumer = queue.consume("app", wait=NONE)
        next(consumer)
        consumer.close()
        assert [record.attempts for record in queue.list("app")] == [1, 0]
        assert queue.stats("app")["app"].processing == 0

    def test_leaving_keeps_the_order_of_a_key(self, case: Case, queue: Queue) -> None:
        queue.send_many("app", [1, 2, 3], partition_key="k")
        self.leave(queue, "break")
        assert queue.claim("app", limit=5) == []
        case.clock.advance(MINUTE)
        assert drain(queue) == [1, 2, 3]

    @pytest.mark.parametrize("result", [object(), "x" * 70_000], ids=["no JSON", "too large"])
    def test_result_that_cannot_be_stored_is_told_and_ends_the_delivery(
        self, queue: Queue, result: Any
    ) -> None:
        sent = queue.send("app", 1)
        consumer = queue.consume("app", wait=NONE)
        next(consumer).result = result
        with pytest.raises(InvalidMessage, match="result"):
            next(consumer)
        record = queue.get(sent.id)
        assert (record.status, record.lease_owner) == ("failed", None)
        assert record.error is not None
        assert record.error.code == "INVALID_MESSAGE"


class TestStopping:
    def test_set_event_ends_the_loop_after_the_message_in_hand(self, queue: Queue) -> None:
        queue.send_many("app", range(5))
        stop = threading.Event()
        seen = []
        for delivery in queue.consume("app", stop=stop):
            seen.append(delivery.message.data)
            if delivery.message.data == 2:
                stop.set()
        assert seen == [0, 1, 2]
        assert [record.status for record in queue.list("app")] == [*["completed"] * 3, "pending", "pending"]
        assert {record.attempts for record in queue.list("app", status="pending")} == {0}

    def test_event_set_before_takes_nothing(self, queue: Queue) -> None:
        queue.send("app", 1)
        stop = threading.Event()
        stop.set()
        assert list(queue.consume("app", stop=stop)) == []
        assert queue.list("app")[0].attempts == 0

    def test_event_ends_a_consumer_that_waits(self, queue: Queue) -> None:
        stop, ended = threading.Event(), threading.Event()

        def work() -> None:
            for _ in queue.consume("app", stop=stop):
                raise AssertionError("there is nothing to consume")
            ended.set()

        worker = threading.Thread(target=work)
        worker.start()
        stop.set()
        assert ended.wait(PATIENCE.total_seconds())
        worker.join()


class TestConsumeOne:
    def test_message_is_completed_at_the_end(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2])
        with queue.consume_one("app") as delivery:
            assert delivery is not None
            delivery.result = "done"
            assert queue.get(delivery.message.id).status == "processing"
        record = queue.get(delivery.message.id)
        assert (record.status, record.result) == ("completed", "done")
        assert queue.stats("app")["app"].ready == 1

    def test_nothing_is_none(self, queue: Queue) -> None:
        with queue.consume_one("app") as delivery:
            assert delivery is None

    @pytest.mark.parametrize(
        ("error", "expected"),
        [
            (LookupError("gone"), ("pending", "TRANSIENT", 1)),
            (RateLimited("slow"), ("pending", "RATE_LIMITED", 0)),
            (PermanentError("never"), ("failed", "PERMANENT", 1)),
            (InvalidMessage("bad", [("a", "b")]), ("failed", "INVALID_MESSAGE", 1)),
            (GeneratorExit(), ("pending", "TRANSIENT", 1)),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
    )
    def test_exception_decides_and_is_raised_on(
        self, queue: Queue, error: BaseException, expected: tuple[str, str, int]
    ) -> None:
        sent = queue.send("app", 1)
        with pytest.raises(type(error)), queue.consume_one("app"):
            raise error
        record = queue.get(sent.id)
        assert record.error is not None
        assert (record.status, record.error.code, record.attempts) == expected

    @pytest.mark.parametrize("verb", ["ack", "nack", "fail", "hand_back"])
    def test_what_the_block_settles_itself_is_left_alone(self, queue: Queue, verb: str) -> None:
        sent = queue.send("app", 1)
        with queue.consume_one("app") as delivery:
            assert delivery is not None
            getattr(delivery, verb)(*([] if verb in {"ack", "hand_back"} else ["no"]))
        told = {"ack": "completed", "nack": "nacked", "fail": "failed", "hand_back": "handed_back"}
        assert events(queue, sent.id)[-1] == told[verb]

    def test_exception_after_settling_changes_nothing(self, queue: Queue) -> None:
        sent = queue.send("app", 1)
        with pytest.raises(LookupError), queue.consume_one("app") as delivery:
            self.ack_and_fail(delivery)
        assert queue.get(sent.id).result == "kept"

    def test_result_that_cannot_be_stored_ends_the_delivery(self, queue: Queue) -> None:
        sent = queue.send("app", 1)
        with pytest.raises(InvalidMessage, match="result"), queue.consume_one("app") as delivery:
            setattr(delivery, "result", object())  # noqa: B010 - it may be None, for all that types know
        assert queue.get(sent.id).status == "failed"

    def test_lease_lost_meanwhile_is_told(self, queue: Queue) -> None:
        """The work was done, but its result came too late: nothing is changed and nothing is hidden."""
        sent = queue.send("app", 1)
        with queue.consume_one("app"):
            queue.cancel(sent.id)
        assert queue.get(sent.id).status == "failed"

    @staticmethod
    def ack_and_fail(delivery: Any) -> None:
        delivery.ack("kept")
        raise LookupError

    def test_nothing_else_is_fetched(self, queue: Queue) -> None:
        queue.send_many("app", [1, 2, 3])
        with queue.consume_one("app"):
            assert len(queue.claim("app", limit=5)) == 2
