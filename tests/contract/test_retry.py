"""Retry policies: attempts, time budget, and whose policy holds."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crossdock import RetryPolicy
from crossdock.domain.wording import counted
from tests.contract.case import claim_one

if TYPE_CHECKING:
    from crossdock import Queue, Record
    from tests.contract.case import Case

HOUR = timedelta(hours=1)


def attempts_until_dead(case: Case, queue: Queue, app: str = "app", limit: int = 50) -> tuple[int, Record]:
    """Nack a message until it is a dead letter; return how often it was tried, and its record."""
    for tried in range(1, limit):
        delivery = claim_one(queue, app)
        assert delivery.attempt == tried
        delivery.nack("no")
        record = queue.get(delivery.message.id)
        if record.status == "failed":
            return tried, record
        case.clock.advance(HOUR)
    raise AssertionError(f"still alive after {limit} attempts")


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_message_is_tried_so_often_and_no_more(case: Case, attempts: int) -> None:
    queue = case.open(retry=RetryPolicy(max_attempts=attempts))
    queue.send("app", 1)
    tried, record = attempts_until_dead(case, queue)
    assert (tried, record.attempts) == (attempts, attempts)
    assert record.error is not None
    assert record.error.code == "ATTEMPTS_EXHAUSTED"
    assert record.error.message == f"gave up after {counted(attempts, 'attempt')}: no"


def test_each_app_may_have_its_policy(case: Case) -> None:
    queue = case.open(retry={"fast": RetryPolicy(max_attempts=2), "*": RetryPolicy(max_attempts=3)})
    for app in ("fast", "any"):
        queue.send(app, 1)
    assert attempts_until_dead(case, queue, "fast")[0] == 2
    assert attempts_until_dead(case, queue, "any")[0] == 3


def test_app_without_a_policy_has_the_default(case: Case) -> None:
    queue = case.open(retry={"fast": RetryPolicy(max_attempts=2)})
    queue.send("any", 1)
    assert attempts_until_dead(case, queue, "any")[0] == RetryPolicy().max_attempts


def test_policy_of_the_send_goes_before_that_of_the_app(case: Case) -> None:
    queue = case.open(retry=RetryPolicy(max_attempts=5))
    slow = RetryPolicy(max_attempts=2, backoff_min=timedelta(minutes=4), jitter=False)
    sent = queue.send("app", 1, retry=slow)
    claim_one(queue).nack("no")
    assert queue.get(sent.id).available_at == case.clock.now() + timedelta(minutes=4)
    case.clock.advance(HOUR)
    claim_one(queue).nack("no")
    assert queue.get(sent.id).status == "failed"


def test_edited_number_of_attempts_holds(case: Case) -> None:
    queue = case.open(retry=RetryPolicy(max_attempts=5))
    sent = queue.send("app", 1)
    assert queue.edit(sent.id, max_attempts=2).max_attempts == 2
    assert attempts_until_dead(case, queue)[0] == 2


def test_no_retry_begins_after_the_time_budget(case: Case) -> None:
    budget = RetryPolicy(
        max_attempts=99, backoff_min=HOUR, backoff_max=HOUR, jitter=False, time_budget=3 * HOUR
    )
    queue = case.open(retry=budget)
    queue.send("app", 1)
    tried, record = attempts_until_dead(case, queue)
    assert tried == 4  # at 0, 1, 2 and 3 hours
    assert record.error is not None
    assert (record.error.code, "time budget" in record.error.message) == ("ATTEMPTS_EXHAUSTED", True)


def test_replayed_message_has_all_its_attempts_again(case: Case) -> None:
    queue = case.open(retry=RetryPolicy(max_attempts=2))
    sent = queue.send("app", 1)
    assert attempts_until_dead(case, queue)[0] == 2
    queue.replay(sent.id)
    assert attempts_until_dead(case, queue)[0] == 2


@pytest.mark.parametrize("how", ["replay", "replay_many"])
def test_time_budget_of_a_replayed_message_begins_with_the_replay(case: Case, how: str) -> None:
    budget = RetryPolicy(
        max_attempts=99, backoff_min=HOUR, backoff_max=HOUR, jitter=False, time_budget=2 * HOUR
    )
    queue = case.open(retry=budget)
    sent = queue.send("app", 1)
    assert attempts_until_dead(case, queue)[0] == 3
    case.clock.advance(24 * HOUR)
    getattr(queue, how)(sent.id if how == "replay" else "app")
    assert attempts_until_dead(case, queue)[0] == 3


def test_time_budget_of_a_message_replayed_for_later_begins_with_its_turn(case: Case) -> None:
    budget = RetryPolicy(max_attempts=99, time_budget=HOUR)
    queue = case.open(retry=budget)
    for data in (1, 2):
        queue.send("app", data)
        claim_one(queue).fail("no")
    queue.replay_many("app", rate=1 / 800)  # the second after 800 s
    case.clock.advance(timedelta(minutes=50))
    first, second = queue.claim("app", limit=2)
    for delivery in (first, second):
        delivery.nack("no", retry_in=timedelta(minutes=15))
    assert [record.status for record in queue.list("app")] == ["failed", "pending"]


def test_lapse_after_a_replay_keeps_to_the_budget_of_the_replay(case: Case) -> None:
    queue = case.open(retry=RetryPolicy(max_attempts=9, time_budget=HOUR))
    sent = queue.send("app", 1)
    claim_one(queue).fail("no")
    case.clock.advance(2 * HOUR)
    queue.replay(sent.id)
    claim_one(queue)
    case.lapse(queue)
    assert queue.get(sent.id).status == "pending"


def test_jittered_delays_lie_within_the_bound(case: Case) -> None:
    queue = case.open(retry=RetryPolicy(backoff_min=timedelta(minutes=1)))
    queue.send_many("app", range(50))
    for delivery in queue.claim("app", limit=50):
        delivery.nack("no")
    now = case.clock.now()
    delays = [(one.available_at or now) - now for one in queue.list("app")]
    assert all(timedelta(0) <= delay <= timedelta(minutes=1) for delay in delays)
    assert len(set(delays)) > 10
