"""The verb *archive*: what is completed leaves the queue's table and is found as before."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from crossdock import IllegalMove, InvalidMessage, MessageNotFound
from tests.contract.case import Case, claim_one, drain, events, ids, numbers

if TYPE_CHECKING:
    from crossdock import Queue

HOUR = timedelta(hours=1)
MONTH = timedelta(days=30)


class TestArchive:
    def test_completed_message_goes_to_the_archive_whole(self, queue: Queue, case: Case) -> None:
        sent = queue.send(
            "app", {"order": 17}, partition_key="k", subject="s", priority=7, extensions={"region": "eu"}
        )
        claim_one(queue).ack({"took": "long"})
        before = queue.get(sent.id)
        case.clock.advance(HOUR)
        assert queue.archive("app") == 1
        after = queue.get(sent.id)
        assert (after.status, after.archived_at) == ("archived", case.clock.now())
        assert (after.message, after.result, after.row_id) == (before.message, before.result, before.row_id)
        assert (after.processed_at, after.lease_owner) == (before.processed_at, before.lease_owner)

    def test_nothing_but_completed_messages_is_archived(self, queue: Queue) -> None:
        queue.send_many("app", ["dead", "hidden", "claimed", "done"])
        dead, hidden, claimed, done = queue.claim("app", limit=4)
        dead.fail("no")
        hidden.ack()
        done.ack()
        queue.delete(hidden.message.id)
        queue.send_many("app", ["waiting"])
        assert queue.archive() == 1
        assert ids(queue.list(status="archived")) == [done.message.id]
        assert numbers(queue.list("app")) == ["dead", "claimed", "waiting"]
        claimed.ack()
        queue.replay(dead.message.id)
        assert queue.get(dead.message.id).status == "pending"

    def test_only_what_ended_long_enough_ago(self, queue: Queue, case: Case) -> None:
        queue.send_many("app", ["early", "late", "early too"])
        early, late, early_too = queue.claim("app", limit=3)
        queue.ack_many([early, early_too])
        case.clock.advance(HOUR)
        late.ack()
        assert queue.archive("app", older_than=HOUR) == 2
        assert numbers(queue.list("app", status="completed")) == ["late"]
        assert queue.archive("app", older_than=timedelta.max) == 0

    def test_of_one_app_or_of_all_and_at_most_so_many(self, queue: Queue) -> None:
        for app in ("a", "b"):
            queue.send_many(app, range(510))
            drain(queue, app)
        assert queue.archive("a", limit=3) == 3
        assert numbers(queue.list("a", status="archived")) == [0, 1, 2]
        assert queue.archive("a") == 507
        assert queue.list("b", status="archived") == []
        assert queue.archive() == 510
        assert queue.archive() == 0

    def test_list_of_the_archive_is_in_order_and_in_pages(self, queue: Queue) -> None:
        queue.send_many("app", range(5))
        queue.send_many("other", range(2))
        drain(queue, "app")
        drain(queue, "other")
        queue.archive()
        assert numbers(queue.list("app", status="archived")) == [0, 1, 2, 3, 4]
        newest = queue.list("app", status="archived", newest_first=True, limit=2)
        assert numbers(newest) == [4, 3]
        assert numbers(queue.list("app", status="archived", newest_first=True, after=newest[-1].row_id)) == [
            2,
            1,
            0,
        ]
        assert len(queue.list(status="archived")) == 7
        assert queue.list() == []

    def test_timeline_goes_on(self, queue: Queue) -> None:
        sent = queue.send("app", 1)
        claim_one(queue).nack("not now", retry_in=timedelta(0))
        drain(queue)
        queue.archive()
        told = ["sent", "claimed", "nacked", "claimed", "completed", "archived"]
        assert events(queue, sent.id) == told

    def test_archived_message_is_only_looked_at(self, queue: Queue) -> None:
        sent = queue.send("app", 1)
        drain(queue)
        queue.archive()
        for change in (queue.replay, queue.cancel, queue.delete):
            with pytest.raises(IllegalMove, match="archived"):
                change(sent.id)
        with pytest.raises(IllegalMove, match="archived"):
            queue.edit(sent.id, priority=9)
        with pytest.raises(InvalidMessage, match="archived"):
            queue.purge("app", status="archived")


class TestDuplicates:
    @pytest.fixture
    def archived(self, queue: Queue) -> int:
        sent = queue.send("app", {"order": 17}, message_id="order-17")
        drain(queue)
        queue.archive()
        return sent.row_id

    def test_archived_message_sent_again_is_a_duplicate(self, queue: Queue, archived: int) -> None:
        again = queue.send("app", {"order": 17}, message_id="order-17")
        assert (again.duplicate, again.row_id, again.data) == (True, archived, {"order": 17})
        assert drain(queue) == []

    def test_another_source_under_its_id_is_refused(self, queue: Queue, archived: int) -> None:
        with pytest.raises(InvalidMessage, match="source"):
            queue.send("app", 1, message_id="order-17", source="elsewhere")
        assert archived

    def test_other_identities_are_no_duplicates(self, queue: Queue, archived: int) -> None:
        assert archived
        assert not queue.send("other", 1, message_id="order-17").duplicate
        assert not queue.send("app", 1, message_id="order-17", source_app="another").duplicate
        assert not queue.send("app", 1, message_id="order-18").duplicate

    def test_in_bulk_too(self, queue: Queue, archived: int) -> None:
        message = queue.get("order-17").message
        (again,) = queue.send_many("app", [message])
        assert (again.duplicate, again.row_id) == (True, archived)

    def test_is_known_for_a_month_and_then_forgotten(self, queue: Queue, archived: int, case: Case) -> None:
        case.clock.advance(MONTH - timedelta(microseconds=1))
        assert queue.send("app", 1, message_id="order-17").duplicate
        case.clock.advance(timedelta(microseconds=1))
        again = queue.send("app", "new", message_id="order-17")
        assert (again.duplicate, again.row_id > archived) == (False, True)
        assert queue.get("order-17").message.data == "new"
        drain(queue)
        queue.archive()
        assert queue.get("order-17").message.data == "new"
        assert queue.send("app", 1, message_id="order-17").row_id == again.row_id

    def test_the_same_id_in_queue_and_archive_of_two_apps_wants_the_app(
        self, queue: Queue, archived: int
    ) -> None:
        queue.send("other", 2, message_id="order-17")
        with pytest.raises(MessageNotFound, match="2 messages have the id"):
            queue.get("order-17")
        assert queue.get("order-17", app="app").row_id == archived
        assert queue.get("order-17", app="other").message.data == 2
