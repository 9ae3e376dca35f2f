"""Each move of the lifecycle is told in the timeline: who, what, when, at which attempt, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CredentialError, PermanentError, RateLimited, RetryPolicy
from crossdock.domain.delivery import HandedBack, Settlement
from crossdock.domain.lifecycle import MOVES, Move, Status, Verb
from tests.contract.case import MAX_CRASHES, Case, claim_one, on_one_of_each

if TYPE_CHECKING:
    from crossdock import Queue

MINUTE = timedelta(minutes=1)
ONCE = RetryPolicy(max_attempts=1)


@dataclass(frozen=True)
class Told:
    """What the last entry of a timeline must say.

    Attributes:
        reason: Words of its ``message``.
        details: Other details that must be there.
    """

    do: Callable[[Case, Queue, str], Any]
    event: str
    before: Status | None
    attempt: int | None = None
    code: str | None = None
    reason: str | None = None
    details: tuple[str, ...] = ()
    expires: bool = False


def nothing(case: Case, queue: Queue, message_id: str) -> None:
    """Leave it as it is."""


def of_held(verb: str, *arguments: Any) -> Callable[[Case, Queue, str], Any]:
    """Settle the delivery that is in work."""
    return lambda case, queue, message_id: getattr(case.__dict__["held"], verb)(*arguments)


def expire(case: Case, queue: Queue, message_id: str) -> None:
    case.clock.advance(2 * MINUTE)
    queue.claim("app")


def crash_for_good(case: Case, queue: Queue, message_id: str) -> None:
    for _ in range(MAX_CRASHES - 1):
        case.crash(queue)
        claim_one(queue)
    case.crash(queue)


def free_from_a_stuck_process(case: Case, queue: Queue, message_id: str) -> None:
    claimed = case.__dict__["held"]._claimed
    outcome = HandedBack("another handler blocks the process", "worker/stuck")
    queue._store.write(lambda tx: tx.settle([Settlement(claimed.row_id, claimed.lease_token, outcome)]))


PENDING, PROCESSING, FAILED, COMPLETED = Status.PENDING, Status.PROCESSING, Status.FAILED, Status.COMPLETED
TOLD: dict[tuple[Verb, Status | None], list[Told]] = {
    (Verb.SEND, None): [Told(nothing, "sent", PENDING)],
    (Verb.CLAIM, PENDING): [Told(nothing, "claimed", PROCESSING, attempt=1)],
    (Verb.EXTEND, PROCESSING): [Told(of_held("extend", MINUTE), "claimed", PROCESSING, attempt=1)],
    (Verb.ACK, PROCESSING): [Told(of_held("ack"), "completed", PROCESSING, attempt=1)],
    (Verb.NACK, PROCESSING): [
        Told(of_held("nack", "no"), "nacked", PROCESSING, 1, "TRANSIENT", "no"),
        Told(
            of_held("nack", RateLimited("slow")),
            "nacked",
            PROCESSING,
            1,
            "RATE_LIMITED",
            "slow",
            ("retry_at",),
        ),
        Told(of_held("nack", CredentialError("stale")), "nacked", PROCESSING, 1, "CREDENTIAL", "stale"),
    ],
    (Verb.HAND_BACK, PROCESSING): [
        Told(of_held("hand_back"), "handed_back", PROCESSING, 1, reason="the worker gave it back"),
        Told(free_from_a_stuck_process, "handed_back", PROCESSING, 1, reason="another handler blocks"),
        Told(
            lambda case, queue, _: queue._gateway.hand_back_all(),
            "handed_back",
            PROCESSING,
            1,
            reason="ended before",
        ),
    ],
    (Verb.LAPSE, PROCESSING): [
        Told(lambda case, queue, _: case.lapse(queue), "lapsed", PROCESSING, 1, "LAPSED", "ran out")
    ],
    (Verb.CRASH, PROCESSING): [
        Told(lambda case, queue, _: case.crash(queue), "crashed", PROCESSING, 1, reason="died")
    ],
    (Verb.FAIL, PROCESSING): [
        Told(of_held("fail", "never"), "failed", PROCESSING, 1, "PERMANENT", "never"),
        Told(of_held("nack", PermanentError("gone")), "failed", PROCESSING, 1, "PERMANENT", "gone"),
        Told(crash_for_good, "failed", PROCESSING, 1, "CRASHED", "died 3 times"),
    ],
    (Verb.EXPIRE, PENDING): [
        Told(expire, "failed", PENDING, None, "EXPIRED", "before its expiry", expires=True)
    ],
    (Verb.CANCEL, PENDING): [
        Told(
            lambda _, queue, sent: queue.cancel(sent),
            "cancelled",
            PENDING,
            None,
            "CANCELLED",
            details=("was",),
        )
    ],
    (Verb.CANCEL, PROCESSING): [
        Told(
            lambda _, queue, sent: queue.cancel(sent),
            "cancelled",
            PROCESSING,
            1,
            "CANCELLED",
            details=("was",),
        )
    ],
    **{
        (Verb.EDIT, before): [
            Told(lambda _, queue, sent: queue.edit(sent, priority=9), "edited", before, details=("before",))
        ]
        for before in (PENDING, FAILED)
    },
    **{
        (Verb.REPLAY, before): [
            Told(lambda _, queue, sent: queue.replay(sent), "replayed", before, details=("was",))
        ]
        for before in (FAILED, COMPLETED)
    },
    (Verb.ARCHIVE, COMPLETED): [Told(lambda _, queue, sent: queue.archive("app"), "archived", COMPLETED)],
    **{
        (Verb.DELETE, before): [
            Told(lambda _, queue, sent: queue.delete(sent), "deleted", before, details=("was",))
        ]
        for before in (FAILED, COMPLETED)
    },
}
NOBODY = {"archived"}
"""Done by the processes of the store, whichever comes first."""


def test_every_move_is_looked_at() -> None:
    assert TOLD.keys() == {(move.verb, move.before) for move in MOVES}


@on_one_of_each
@pytest.mark.parametrize(
    ("move", "told"),
    [
        pytest.param(move, told, id=f"{move.verb}-{move.before}-{at}")
        for move in MOVES
        for at, told in enumerate(TOLD[move.verb, move.before])
    ],
)
def test_move_is_told(case: Case, queue: Queue, move: Move, told: Told) -> None:
    options: dict[str, Any] = {"expires_at": case.clock.now() + MINUTE} if told.expires else {}
    sent = queue.send("app", {"n": 1}, **options)
    bring_to(case, queue, sent.id, told.before)
    if not told.expires:
        case.clock.advance(timedelta(seconds=5))
    row_id = queue.get(sent.id).row_id
    owner = queue._store.owner
    told.do(case, queue, sent.id)
    entries = timeline_of(case, queue, sent.id, row_id, move)
    last = entries[-1]
    assert last.event == f"message.{told.event}"
    assert (last.attempt, last.code) == (told.attempt, told.code)
    assert last.app == "app"
    assert last.at <= case.clock.now()
    assert told.event in NOBODY or last.who == owner
    assert told.reason is None or told.reason in last.details["message"]
    assert set(told.details) <= last.details.keys()
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    if told.before is PROCESSING:
        claims = [entry for entry in entries if entry.event == "message.claimed"]
        stuck = told.do is free_from_a_stuck_process
        assert {entry.who for entry in claims} == {"worker/stuck" if stuck else owner}


def bring_to(case: Case, queue: Queue, message_id: str, status: Status | None) -> None:
    if status is PENDING or status is None:
        return
    delivery = claim_one(queue)
    case.__dict__["held"] = delivery
    if status is FAILED:
        delivery.fail("before")
    if status is COMPLETED:
        delivery.ack()


def timeline_of(case: Case, queue: Queue, message_id: str, row_id: int, move: Move) -> list[Any]:
    if move.verb is not Verb.DELETE:
        return queue.timeline(message_id)
    record = queue._store.read(lambda reader: reader.row(row_id))
    return list(queue._store.read(lambda reader: reader.timeline(record)))


@on_one_of_each
def test_replay_at_a_later_time_says_when(case: Case, queue: Queue) -> None:
    queue.send_many("app", [1, 2])
    for delivery in queue.claim("app", limit=2):
        delivery.fail("no")
    queue.replay_many("app", rate=1.0)
    records = queue.list("app")
    told = [queue.timeline(record.message.id)[-1].details.get("available_at") for record in records]
    assert [when is None for when in told] == [True, False]


@on_one_of_each
def test_fallback_is_told_at_the_app_that_failed(queue: Queue) -> None:
    queue.set_rules("app", fallback="other")
    sent = queue.send("app", 1)
    claim_one(queue).fail("no")
    last = queue.timeline(sent.id, app="app")[-1]
    assert (last.event, last.details["to"], last.who) == ("message.fell_back", "other", queue._store.owner)
