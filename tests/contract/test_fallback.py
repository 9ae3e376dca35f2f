"""What fails for good is handed to the fallback of its app, in the transaction of its failing."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from crossdock import ConfigError, PermanentError, RetryPolicy, Status
from tests.contract.case import claim_one, drain, events

if TYPE_CHECKING:
    from crossdock import Queue, Record
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)


@pytest.fixture
def queue(case: Case) -> Queue:
    opened = case.open(app="shop", retry=RetryPolicy(max_attempts=2))
    opened.set_rules("app", fallback="rescue")
    return opened


def handed_over(queue: Queue) -> list[Record]:
    return queue.list("rescue")


def test_dead_letter_stays_and_its_message_goes_to_the_fallback(queue: Queue) -> None:
    sent = queue.send(
        "app",
        {"order": 17},
        type="order.placed",
        subject="17",
        priority=7,
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        extensions={"tenant": "acme"},
    )
    claim_one(queue).fail(PermanentError("the customer\nis unknown"))
    dead = queue.get(sent.id, app="app")
    assert (dead.status, dead.error and dead.error.code) == (Status.FAILED, "PERMANENT")
    (record,) = handed_over(queue)
    message = record.message
    assert (record.status, record.source_app, record.attempts) == (Status.PENDING, "app", 0)
    assert (message.id, message.source, message.data, message.time) == (sent.id, "shop", sent.data, sent.time)
    assert (message.type, message.subject, message.priority) == ("order.placed", "17", 7)
    assert (message.correlationid, message.traceparent) == (sent.id, sent.traceparent)
    assert message.extensions == {
        "tenant": "acme",
        "failedapp": "app",
        "failedcode": "PERMANENT",
        "failedreason": "the customer is unknown",
        "failedattempts": 1,
    }
    assert events(queue, sent.id, app="app") == ["sent", "claimed", "failed", "fell_back"]
    assert queue.timeline(sent.id, app="app")[-1].details == {"to": "rescue"}


def test_bytes_arrive_as_they_are(queue: Queue) -> None:
    queue.send("app", b"\x00\xff", correlation_id="exchange")
    claim_one(queue).fail("no")
    (record,) = handed_over(queue)
    assert (record.message.data, record.message.correlationid) == (b"\x00\xff", "exchange")


def test_only_the_last_attempt_hands_it_over(case: Case, queue: Queue) -> None:
    queue.send("app", 1)
    claim_one(queue).nack("once")
    assert handed_over(queue) == []
    case.clock.advance(MINUTE)
    claim_one(queue).nack("twice")
    (record,) = handed_over(queue)
    assert record.message.extensions["failedcode"] == "ATTEMPTS_EXHAUSTED"
    assert record.message.extensions["failedattempts"] == 2


def test_what_expires_goes_to_the_fallback_and_does_not_expire_there_too(case: Case, queue: Queue) -> None:
    queue.send("app", 1, expires_at=case.clock.now() + MINUTE)
    case.clock.advance(2 * MINUTE)
    assert queue.claim("app") == []
    (delivery,) = queue.claim("rescue")
    assert delivery.message.expirytime is None
    assert delivery.message.extensions["failedcode"] == "EXPIRED"


def test_what_killed_its_workers_goes_to_the_fallback(case: Case, queue: Queue) -> None:
    queue.send("app", 1)
    for _ in range(3):
        claim_one(queue)
        case.crash(queue)
    (record,) = handed_over(queue)
    assert (record.message.extensions["failedcode"], record.crashes) == ("CRASHED", 0)


def test_lease_that_runs_out_for_the_last_time_hands_it_over(case: Case, queue: Queue) -> None:
    queue.send("app", 1)
    for _ in range(2):
        claim_one(queue)
        case.lapse(queue)
        case.clock.advance(MINUTE)
    (record,) = handed_over(queue)
    assert record.message.extensions["failedcode"] == "ATTEMPTS_EXHAUSTED"


def test_what_an_operator_cancels_goes_nowhere(queue: Queue) -> None:
    queue.cancel(queue.send("app", 1).id)
    assert handed_over(queue) == []


def test_row_that_is_no_message_goes_nowhere(case: Case, queue: Queue) -> None:
    case.sql(
        queue,
        "INSERT INTO data_staging (source_app, target_app, data, extensions) VALUES ('x', 'app', '1', '5')",
    )
    assert drain(queue) == []
    assert queue.stats("app")["app"].failed == 1
    assert handed_over(queue) == []


def test_message_that_fails_again_after_a_replay_is_handed_over_once(queue: Queue) -> None:
    sent = queue.send("app", 1)
    claim_one(queue).fail("no")
    queue.replay(sent.id, app="app")
    claim_one(queue).fail("no")
    assert len(handed_over(queue)) == 1
    assert queue.timeline(sent.id, app="app")[-1].details == {"to": "rescue", "duplicate": True}


def test_fallback_of_a_fallback_receives_what_fails_there(queue: Queue) -> None:
    queue.set_rules("rescue", fallback="people")
    sent = queue.send("app", 1)
    claim_one(queue).fail("no")
    claim_one(queue, "rescue").fail("not here either")
    (record,) = queue.list("people")
    assert record.message.source == "shop"
    assert record.message.extensions["failedapp"] == "rescue"
    assert record.message.correlationid == sent.id


def test_order_of_a_key_holds_at_the_fallback(queue: Queue) -> None:
    queue.send_many("app", [1, 2, 3], partition_key="k")
    for _ in range(3):
        claim_one(queue).fail("no")
    first = claim_one(queue, "rescue")
    assert first.message.data == 1
    assert queue.claim("rescue") == []
    first.ack()
    assert drain(queue, "rescue") == [2, 3]


def test_fallback_wakes_whoever_waits_for_its_messages(queue: Queue) -> None:
    queue.send("app", 1)
    claim_one(queue).fail("no")
    (delivery,) = queue.claim("rescue", wait=timedelta(seconds=60))
    assert delivery.message.data == 1


def test_rule_can_be_taken_away(queue: Queue) -> None:
    assert queue.stats("app")["app"].fallback == "rescue"
    queue.set_rules("app", fallback=None)
    queue.send("app", 1)
    claim_one(queue).fail("no")
    assert handed_over(queue) == []
    assert queue.stats("app")["app"].fallback is None


@pytest.mark.parametrize("chain", [["app"], ["rescue", "app"], ["rescue", "people", "app"]])
def test_loop_is_refused(queue: Queue, chain: list[str]) -> None:
    queue.set_rules("app", fallback=None)
    for app, following in pairwise(chain):
        queue.set_rules(app, fallback=following)
    with pytest.raises(ConfigError, match=f"go round for ever: {' -> '.join(['app', *chain])}"):
        queue.set_rules("app", fallback=chain[0])


def test_program_of_sql_hands_over_too(case: Case, queue: Queue) -> None:
    sent = queue.send("app", {"order": 17}, extensions={"tenant": "acme"}, partition_key="k")
    claim_one(queue)
    case.sql(
        queue,
        """UPDATE data_staging SET status = 'failed', error = '{"code": "PAPER", "message": "the printer is empty"}'
        WHERE message_id = ?""",
        (sent.id,),
    )
    (delivery,) = queue.claim("rescue")
    assert (delivery.message.id, delivery.message.source, delivery.message.correlationid) == (
        sent.id,
        "shop",
        sent.id,
    )
    assert delivery.message.extensions == {
        "tenant": "acme",
        "failedapp": "app",
        "failedattempts": 1,
        "failedcode": "PAPER",
        "failedreason": "the printer is empty",
    }
    assert "fell_back" in events(queue, sent.id, app="app")
