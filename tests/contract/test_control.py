"""What an operator does: pause, cancel, edit, replay, delete, purge."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import CredentialError, IllegalMove, InvalidMessage, LeaseLost, MessageNotFound
from tests.contract.case import claim_one, drain, events, ids, numbers

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock import Queue
    from tests.contract.case import Case

MINUTE = timedelta(minutes=1)


def in_status(queue: Queue, status: str, app: str = "app") -> str:
    """Send a message, bring it into a status, and return its id."""
    sent = queue.send(app, {"in": status})
    if status != "pending":
        delivery = claim_one(queue, app)
        if status == "completed":
            delivery.ack({"done": True})
        elif status == "failed":
            delivery.fail("no")
    assert queue.get(sent.id).status == status
    return sent.id


class TestLegalMoves:
    """The table of ``domain/lifecycle.py``, seen from outside."""

    @pytest.mark.parametrize("status", ["pending", "processing", "completed", "failed"])
    @pytest.mark.parametrize(
        ("verb", "legal"),
        [
            (lambda queue, found: queue.cancel(found), {"pending", "processing"}),
            (lambda queue, found: queue.edit(found, priority=9), {"pending", "failed"}),
            (lambda queue, found: queue.replay(found), {"completed", "failed"}),
            (lambda queue, found: queue.delete(found), {"completed", "failed"}),
        ],
        ids=["cancel", "edit", "replay", "delete"],
    )
    def test_verb_is_refused_in_every_other_status(
        self, queue: Queue, status: str, verb: Callable[[Queue, str], Any], legal: set[str]
    ) -> None:
        message_id = in_status(queue, status)
        if status in legal:
            verb(queue, message_id)
            return
        before = queue.get(message_id), queue.timeline(message_id)
        with pytest.raises(IllegalMove, match=status):
            verb(queue, message_id)
        assert (queue.get(message_id), queue.timeline(message_id)) == before

    @pytest.mark.parametrize("verb", ["get", "timeline", "cancel", "replay", "delete"])
    def test_unknown_message_is_not_found(self, queue: Queue, verb: str) -> None:
        with pytest.raises(MessageNotFound, match="nobody"):
            getattr(queue, verb)("nobody")

    def test_edit_of_an_unknown_message_is_not_found(self, queue: Queue) -> None:
        with pytest.raises(MessageNotFound):
            queue.edit("nobody", priority=1)


class TestPause:
    def test_paused_queue_gives_nothing_until_it_is_resumed(self, queue: Queue) -> None:
        queue.send("app", 1)
        queue.pause("app")
        assert queue.claim("app") == []
        assert drain(queue) == []
        queue.send("app", 2)
        assert queue.stats("app")["app"].paused
        queue.resume("app")
        assert not queue.stats("app")["app"].paused
        assert drain(queue) == [1, 2]

    def test_other_queues_go_on(self, queue: Queue) -> None:
        queue.pause("app")
        queue.send("other", 1)
        assert drain(queue, "other") == [1]

    def test_message_in_hand_may_be_finished(self, queue: Queue) -> None:
        queue.send("app", 1)
        delivery = claim_one(queue)
        queue.pause("app")
        delivery.ack()
        assert queue.stats("app")["app"].completed == 1

    def test_pausing_and_resuming_twice_is_harmless(self, queue: Queue) -> None:
        for verb in (queue.pause, queue.pause, queue.resume, queue.resume):
            verb("app")
        queue.send("app", 1)
        assert drain(queue) == [1]

    def test_pause_keeps_what_dead_letters_do(self, queue: Queue) -> None:
        queue.set_on_dead("app", "block")
        queue.pause("app")
        queue.resume("app")
        queue.send_many("app", [1, 2], partition_key="k")
        claim_one(queue).fail("no")
        assert queue.claim("app") == []


class TestCancel:
    def test_waiting_message_is_withdrawn(self, case: Case, queue: Queue) -> None:
        message_id = in_status(queue, "pending")
        record = queue.cancel(message_id)
        assert (record.status, record.processed_at) == ("failed", case.clock.now())
        assert record.error is not None
        assert record.error.code == "CANCELLED"
        assert queue.claim("app") == []
        assert events(queue, message_id) == ["sent", "cancelled"]

    def test_worker_of_a_cancelled_message_loses_its_lease(self, queue: Queue) -> None:
        queue.send("app", 1)
        delivery = claim_one(queue)
        record = queue.cancel(delivery.message.id)
        assert (record.status, record.lease_owner, record.lease_until) == ("failed", None, None)
        with pytest.raises(LeaseLost):
            delivery.ack()
        assert events(queue, delivery.message.id) == ["sent", "claimed", "cancelled"]

    def test_scheduled_message_is_withdrawn(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1, delay=MINUTE)
        queue.cancel(sent.id)
        case.clock.advance(MINUTE)
        assert queue.claim("app") == []

    @pytest.mark.many_rows
    @pytest.mark.parametrize("limit", [None, 3, 1200])
    def test_many_are_withdrawn(self, queue: Queue, limit: int | None) -> None:
        queue.send_many("app", range(1100))
        queue.send("other", 1)
        expected = min(1100, limit or 1100)
        assert queue.cancel_many("app", limit=limit) == expected
        stats = queue.stats()
        assert (stats["app"].failed, stats["app"].ready, stats["other"].ready) == (
            expected,
            1100 - expected,
            1,
        )


class TestEdit:
    def test_new_data_is_delivered_and_the_old_kept_in_the_timeline(self, queue: Queue) -> None:
        sent = queue.send("app", {"n": 1})
        record = queue.edit(sent.id, data={"n": 2})
        assert (record.message.data, record.status) == ({"n": 2}, "pending")
        assert claim_one(queue).message.data == {"n": 2}
        (edited,) = [entry for entry in queue.timeline(sent.id) if entry.event == "message.edited"]
        assert edited.details == {"before": {"data": {"n": 1}}}

    @pytest.mark.parametrize(
        ("old", "new"), [(b"\x00", {"a": 1}), ({"a": 1}, b"\x00"), (1, None), (b"a", b"b")]
    )
    def test_data_may_change_between_json_and_bytes(self, queue: Queue, old: Any, new: Any) -> None:
        sent = queue.send("app", old)
        queue.edit(sent.id, data=new)
        message = claim_one(queue).message
        assert message.data == new
        kind = "application/octet-stream" if isinstance(new, bytes) else "application/json"
        assert message.datacontenttype == kind

    def test_content_type_of_the_sender_is_kept_where_it_still_fits(self, queue: Queue) -> None:
        sent = queue.send("app", b"a;b", datacontenttype="text/csv")
        queue.edit(sent.id, data=b"c;d")
        assert claim_one(queue).message.datacontenttype == "text/csv"

    def test_new_priority_and_time_hold(self, case: Case, queue: Queue) -> None:
        first, second = queue.send("app", 1), queue.send("app", 2)
        queue.edit(second.id, priority=9)
        claim_one(queue).ack()
        assert queue.get(second.id).status == "completed"
        queue.edit(first.id, available_at=case.clock.now() + MINUTE)
        assert queue.claim("app") == []
        case.clock.advance(MINUTE)
        assert numbers(queue.claim("app")) == [1]

    def test_scheduled_message_may_be_brought_forward(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1, delay=timedelta(days=1))
        queue.edit(sent.id, available_at=case.clock.now())
        assert numbers(queue.claim("app")) == [1]

    def test_new_expiry_holds(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1)
        queue.edit(sent.id, expires_at=case.clock.now() + MINUTE)
        case.clock.advance(MINUTE)
        assert queue.claim("app") == []
        assert queue.get(sent.id).status == "failed"

    def test_every_old_value_stays_in_the_timeline(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1, priority=2)
        queue.edit(sent.id, max_attempts=3)
        values = {"data": 2, "priority": 7, "max_attempts": 5}
        moment = case.clock.now() + MINUTE
        queue.edit(sent.id, available_at=moment, expires_at=moment, **values)  # type: ignore[arg-type]  # one dict
        details = queue.timeline(sent.id)[-1].details["before"]
        assert details == {
            "data": 1,
            "priority": 2,
            "max_attempts": 3,
            "available_at": None,
            "expires_at": None,
        }

    @pytest.mark.parametrize(
        ("changes", "fields"),
        [
            ({}, ["edit"]),
            ({"priority": 10}, ["priority"]),
            ({"max_attempts": 0}, ["max_attempts"]),
            ({"max_attempts": 2**70}, ["max_attempts"]),
            ({"available_at": datetime(2026, 1, 1), "priority": "high"}, ["available_at", "priority"]),  # noqa: DTZ001
            ({"data": float("nan")}, ["data"]),
        ],
        ids=lambda value: ",".join(value) if isinstance(value, list) else None,
    )
    def test_wrong_values_are_refused_and_named(
        self, queue: Queue, changes: dict[str, Any], fields: list[str]
    ) -> None:
        sent = queue.send("app", 1)
        before = queue.get(sent.id)
        with pytest.raises(InvalidMessage) as caught:
            queue.edit(sent.id, **changes)
        assert sorted(field for field, _ in caught.value.details) == fields
        assert queue.get(sent.id) == before

    def test_dead_letter_may_be_mended_and_replayed(self, queue: Queue) -> None:
        message_id = in_status(queue, "failed")
        queue.edit(message_id, data="mended")
        queue.replay(message_id)
        assert drain(queue) == ["mended"]


class TestReplay:
    @pytest.mark.parametrize("status", ["failed", "completed"])
    def test_replayed_message_starts_anew(self, queue: Queue, status: str) -> None:
        message_id = in_status(queue, status)
        record = queue.replay(message_id)
        assert (record.status, record.attempts, record.crashes) == ("pending", 0, 0)
        assert (record.result, record.processed_at, record.available_at) == (None, None, None)
        delivery = claim_one(queue)
        assert (delivery.message.id, delivery.attempt) == (message_id, 1)
        delivery.ack()
        assert events(queue, message_id) == ["sent", "claimed", status, "replayed", "claimed", "completed"]

    def test_expired_message_may_be_replayed(self, case: Case, queue: Queue) -> None:
        sent = queue.send("app", 1, expires_at=case.clock.now() + MINUTE)
        case.clock.advance(MINUTE)
        assert queue.claim("app") == []
        queue.replay(sent.id)
        assert numbers(queue.claim("app")) == [1]

    @pytest.mark.many_rows
    @pytest.mark.parametrize("limit", [None, 2, 700])
    def test_many_are_replayed(self, queue: Queue, limit: int | None) -> None:
        queue.send_many("app", range(600))
        queue.cancel_many("app")
        expected = min(600, limit or 600)
        assert queue.replay_many("app", limit=limit) == expected
        assert drain(queue) == list(range(expected))

    def test_many_may_be_chosen_by_their_code(self, queue: Queue) -> None:
        cancelled, failed = in_status(queue, "pending"), queue.send("other", 1).id
        queue.cancel(cancelled)
        failed = in_status(queue, "failed")
        assert queue.replay_many("app", code="PERMANENT") == 1
        assert ids(queue.claim("app", limit=5)) == [failed]
        assert queue.get(cancelled).status == "failed"

    def test_many_may_be_spread_over_time(self, case: Case, queue: Queue) -> None:
        queue.send_many("app", range(10))
        queue.cancel_many("app")
        start = case.clock.now()
        assert queue.replay_many("app", rate=2.0) == 10
        moments = [record.available_at or start for record in queue.list("app")]
        assert [(moment - start) / timedelta(seconds=1) for moment in moments] == [n / 2 for n in range(10)]
        case.clock.advance(timedelta(seconds=1))
        assert numbers(queue.claim("app", limit=10)) == [0, 1, 2]

    @pytest.mark.parametrize("rate", [0, -1, 0.0, float("nan"), float("inf")])
    def test_rate_that_is_none_is_refused(self, queue: Queue, rate: float) -> None:
        message_id = in_status(queue, "failed")
        with pytest.raises(InvalidMessage, match="rate"):
            queue.replay_many("app", rate=rate)
        assert queue.get(message_id).status == "failed"


class TestDelete:
    @pytest.mark.parametrize("status", ["completed", "failed"])
    def test_deleted_message_is_seen_nowhere(self, queue: Queue, status: str) -> None:
        message_id = in_status(queue, status)
        queue.delete(message_id)
        assert queue.list() == []
        stats = queue.stats("app")["app"]
        assert (stats.completed, stats.failed) == (0, 0)
        for verb in (queue.get, queue.timeline, queue.replay, queue.delete):
            with pytest.raises(MessageNotFound):
                verb(message_id)

    def test_deleted_message_is_still_known_to_its_sender(self, queue: Queue) -> None:
        queue.send("app", 1, message_id="one")
        drain(queue)
        queue.delete("one")
        assert queue.send("app", 1, message_id="one").duplicate
        assert queue.claim("app") == []

    def test_deleted_dead_letters_are_not_replayed_with_the_others(self, queue: Queue) -> None:
        queue.delete(in_status(queue, "failed"))
        assert queue.replay_many("app") == 0


class TestPurge:
    def test_only_what_ended_long_enough_ago_is_removed(self, case: Case, queue: Queue) -> None:
        old = in_status(queue, "completed")
        case.clock.advance(timedelta(hours=1))
        new = in_status(queue, "completed")
        assert queue.purge("app", older_than=timedelta(minutes=30)) == 1
        assert ids(queue.list()) == [new]
        with pytest.raises(MessageNotFound):
            queue.timeline(old)

    def test_only_the_status_and_app_named_are_touched(self, queue: Queue) -> None:
        kept = [in_status(queue, status) for status in ("completed", "processing")]
        failed = in_status(queue, "failed")
        kept.append(in_status(queue, "failed", "other"))
        kept.append(in_status(queue, "pending"))
        assert queue.purge("app", status="failed") == 1
        assert ids(queue.list()) == kept
        assert failed not in kept

    @pytest.mark.many_rows
    @pytest.mark.parametrize("limit", [None, 0, 3, 501, 2000])
    def test_no_more_than_the_limit_are_removed(self, queue: Queue, limit: int | None) -> None:
        queue.send_many("app", range(1100))
        queue.cancel_many("app")
        assert queue.purge("app", status="failed", limit=limit) == min(1100, 1100 if limit is None else limit)

    def test_deleted_messages_are_removed_too(self, case: Case, queue: Queue) -> None:
        queue.delete(in_status(queue, "completed"))
        assert queue.purge("app") == 1
        assert case.sql(queue, "SELECT count(*) FROM data_staging") == [(0,)]
        assert case.sql(queue, "SELECT event FROM audit_log") == [("queue.purged",)]

    @pytest.mark.parametrize("status", ["pending", "processing", "archived", "nonsense"])
    def test_unfinished_messages_are_never_removed(self, queue: Queue, status: str) -> None:
        with pytest.raises(InvalidMessage, match="status"):
            queue.purge("app", status=status)


def test_refused_credentials_pause_the_queue_with_nothing_spent(case: Case, queue: Queue) -> None:
    sent = queue.send("app", 1)
    claim_one(queue).nack(CredentialError("make a new token"))
    stats = queue.stats("app")["app"]
    assert (stats.paused, stats.note, stats.ready) == (True, "make a new token", 1)
    record = queue.get(sent.id)
    assert record.error is not None
    assert (record.attempts, record.error.code) == (0, "CREDENTIAL")
    assert queue.claim("app") == []
    queue.resume("app")
    claim_one(queue).ack()


def test_late_refusal_of_credentials_pauses_nothing(case: Case, queue: Queue) -> None:
    queue.send("app", 1)
    delivery = claim_one(queue)
    queue.cancel(delivery.message.id)
    with pytest.raises(LeaseLost):
        delivery.nack(CredentialError("make a new token"))
    assert not queue.stats("app")["app"].paused
