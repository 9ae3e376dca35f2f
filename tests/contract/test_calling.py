"""Request and reply: what comes back to a caller, and what becomes of a message nobody waits for any more."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CallFailed, CallTimedOut, InvalidMessage, MessageNotFound, PermanentError, RetryPolicy
from tests.contract.case import BRIEF, PATIENCE, claim_one, events

if TYPE_CHECKING:
    from crossdock import Delivery, Queue
    from crossdock.testing import FakeClock


class Calling:
    """A call that waits in a thread of its own."""

    def __init__(self, queue: Queue, data: Any = 1, *, timeout: timedelta = PATIENCE, **options: Any) -> None:
        self._answers: list[Any] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._call, args=(queue, data, timeout, options))
        self._thread.start()

    def _call(self, queue: Queue, data: Any, timeout: timedelta, options: dict[str, Any]) -> None:
        try:
            self._answers.append(queue.call("app", data, timeout=timeout, **options))
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            self._error = error

    def answer(self) -> Any:
        self._thread.join(2 * PATIENCE.total_seconds())
        assert not self._thread.is_alive()
        if self._error is not None:
            raise self._error
        return self._answers[0]


def taken(queue: Queue) -> Delivery:
    return claim_one(queue, wait=PATIENCE)


@pytest.mark.parametrize("answer", [{"n": 2}, [1, None], "text", None])
def test_the_result_comes_back(queue: Queue, answer: Any) -> None:
    calling = Calling(queue, {"n": 1}, type="question", priority=9)
    delivery = taken(queue)
    assert (delivery.message.data, delivery.message.type, delivery.message.priority) == (
        {"n": 1},
        "question",
        9,
    )
    assert delivery.message.extensions == {"replywanted": True}
    delivery.ack(answer)
    assert calling.answer() == answer


def test_a_caller_waits_through_retries(queue: Queue) -> None:
    calling = Calling(queue, retry=RetryPolicy(max_attempts=3))
    taken(queue).nack("not yet", retry_in=timedelta(0))
    taken(queue).ack(7)
    assert calling.answer() == 7


@pytest.mark.parametrize(
    ("end", "code", "details"),
    [
        (lambda one: one.fail(PermanentError("no")), "PERMANENT", ()),
        (
            lambda one: one.fail(InvalidMessage.of("data.n", "is odd")),
            "INVALID_MESSAGE",
            (("data.n", "is odd"),),
        ),
    ],
)
def test_a_dead_letter_is_raised_with_its_failure(
    queue: Queue, end: Callable[[Delivery], None], code: str, details: tuple[Any, ...]
) -> None:
    calling = Calling(queue)
    delivery = taken(queue)
    end(delivery)
    with pytest.raises(CallFailed) as caught:
        calling.answer()
    error = caught.value
    assert (error.app, error.message_id) == ("app", delivery.message.id)
    assert (error.failure.code, error.failure.details) == (code, details)
    assert str(error).startswith(f"app could not answer to message {delivery.message.id}: {code}: ")


def test_a_message_that_nobody_takes_in_time_is_withdrawn(queue: Queue) -> None:
    with pytest.raises(
        CallTimedOut, match=r"app has not answered in time to message .* and was withdrawn"
    ) as caught:
        queue.call("app", 1, timeout=BRIEF)
    assert queue.claim("app") == []
    assert events(queue, caught.value.message_id) == ["sent", "cancelled"]


def test_a_message_that_waits_for_a_retry_is_withdrawn_at_the_deadline(queue: Queue) -> None:
    calling = Calling(queue, timeout=timedelta(seconds=0.5))
    taken(queue).nack("not yet", retry_in=timedelta(hours=1))
    with pytest.raises(CallTimedOut, match="was withdrawn"):
        calling.answer()


def test_who_works_on_a_message_may_finish_though_nobody_waits(queue: Queue) -> None:
    calling = Calling(queue, timeout=timedelta(seconds=0.3))
    delivery = taken(queue)
    with pytest.raises(
        CallTimedOut, match=r"is being worked on; what becomes of it: crossdock message timeline"
    ) as caught:
        calling.answer()
    delivery.ack(7)
    assert queue.get(caught.value.message_id).result == 7


def test_nobody_begins_a_message_whose_caller_has_died(queue: Queue, clock: FakeClock) -> None:
    """Killed before it could withdraw it; the deadline stands in the message."""
    calling = Calling(queue, timeout=PATIENCE)
    delivery = taken(queue)
    assert delivery.message.expirytime == clock.now() + PATIENCE
    delivery.hand_back()
    clock.advance(PATIENCE + timedelta(seconds=1))
    assert queue.claim("app") == []
    with pytest.raises(CallTimedOut):
        calling.answer()


def test_an_earlier_expiry_of_the_caller_holds(queue: Queue, clock: FakeClock) -> None:
    expires_at = clock.now() + timedelta(seconds=5)
    calling = Calling(queue, expires_at=expires_at)
    delivery = taken(queue)
    assert delivery.message.expirytime == expires_at
    delivery.ack(1)
    assert calling.answer() == 1


def test_a_call_that_is_repeated_under_its_id_is_sent_once(queue: Queue) -> None:
    calling = Calling(queue, message_id="c-1")
    taken(queue).ack(7)
    assert calling.answer() == 7
    assert queue.call("app", 1, timeout=PATIENCE, message_id="c-1") == 7
    assert queue.claim("app") == []


def test_a_message_that_is_removed_meanwhile_has_no_answer(queue: Queue) -> None:
    calling = Calling(queue)
    message_id = taken(queue).message.id
    queue.cancel(message_id)
    with pytest.raises((CallTimedOut, MessageNotFound)):
        calling.answer()


@pytest.mark.parametrize("timeout", [timedelta(0), timedelta(seconds=-1), 3])
def test_a_timeout_is_a_time(queue: Queue, timeout: Any) -> None:
    with pytest.raises(InvalidMessage, match=r"timeout: .* is not a timedelta of more than 0"):
        queue.call("app", 1, timeout=timeout)
    assert queue.list() == []
