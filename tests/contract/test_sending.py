"""Sending: what comes back, what a second send of the same message means, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crossdock import InvalidMessage, Message
from tests.contract.case import claim_one, drain, numbers

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.testing import FakeClock
    from tests.contract.case import Case


class TestSend:
    def test_send_returns_the_message_as_it_was_stored(self, queue: Queue, clock: FakeClock) -> None:
        sent = queue.send("app", {"order": 17})
        assert (sent.data, sent.app, sent.duplicate) == ({"order": 17}, "app", False)
        assert (sent.source, sent.type, sent.priority) == ("tests", "crossdock.message", 4)
        assert sent.datacontenttype == "application/json"
        assert sent.time == clock.now()
        record = queue.get(sent.id)
        assert (record.row_id, record.status, record.attempts) == (sent.row_id, "pending", 0)
        assert (record.source_app, record.created_at, record.available_at) == ("tests", clock.now(), None)
        assert record.created_by.startswith(("tests/", "tests@"))

    def test_row_ids_rise_in_the_order_of_arrival(self, queue: Queue) -> None:
        row_ids = [queue.send("app", n).row_id for n in range(5)]
        assert row_ids == sorted(set(row_ids))

    def test_ids_are_made_by_the_sender_and_sort_by_time(self, queue: Queue) -> None:
        sent = [queue.send("app", n).id for n in range(20)]
        assert sent == sorted(set(sent))

    def test_message_without_data_is_null(self, queue: Queue) -> None:
        queue.send("app", None)
        assert claim_one(queue).message.data is None


class TestSameMessageTwice:
    def test_second_send_stores_nothing_and_returns_the_first(self, queue: Queue) -> None:
        first = queue.send("app", {"n": 1}, message_id="one", priority=7)
        second = queue.send("app", {"n": 2}, message_id="one", priority=1)
        assert (first.duplicate, second.duplicate) == (False, True)
        assert (second.row_id, second.data, second.priority) == (first.row_id, {"n": 1}, 7)
        assert drain(queue) == [{"n": 1}]

    def test_message_stays_known_after_it_was_completed(self, queue: Queue) -> None:
        queue.send("app", 1, message_id="one")
        assert drain(queue) == [1]
        assert queue.send("app", 1, message_id="one").duplicate
        assert drain(queue) == []

    def test_message_is_forgotten_once_it_was_purged(self, queue: Queue) -> None:
        queue.send("app", 1, message_id="one")
        drain(queue)
        assert queue.purge("app") == 1
        assert not queue.send("app", 2, message_id="one").duplicate
        assert drain(queue) == [2]

    def test_one_message_may_go_to_several_apps(self, queue: Queue) -> None:
        assert not queue.send("app", 1, message_id="one").duplicate
        assert not queue.send("other", 1, message_id="one").duplicate
        assert (drain(queue), drain(queue, "other")) == ([1], [1])

    def test_two_senders_may_use_one_id(self, queue: Queue) -> None:
        queue.send("app", 1, message_id="one", source_app="a")
        assert not queue.send("app", 2, message_id="one", source_app="b").duplicate
        assert drain(queue) == [1, 2]

    def test_same_id_of_one_sender_with_another_source_is_refused(self, queue: Queue) -> None:
        queue.send("app", 1, message_id="one", source="/shop/1")
        with pytest.raises(InvalidMessage, match="/shop/1") as caught:
            queue.send("app", 2, message_id="one", source="/shop/2")
        assert [field for field, _ in caught.value.details] == ["message_id"]
        assert queue.send("app", 3, message_id="one", source="/shop/1").duplicate
        assert drain(queue) == [1]

    def test_second_send_keeps_the_place_in_a_partition_key(self, queue: Queue) -> None:
        queue.send("app", 1, message_id="one", partition_key="k")
        queue.send("app", 2, partition_key="k")
        queue.send("app", 3, message_id="one", partition_key="k")
        assert drain(queue) == [1, 2]


class TestSendMany:
    @pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 31, 33, 255, 257, 300, 1025])
    def test_order_and_row_ids_follow_the_items(self, queue: Queue, count: int) -> None:
        sent = queue.send_many("app", ({"n": n} for n in range(count)))
        assert len(sent) == count
        assert [one.data["n"] for one in sent] == list(range(count))
        row_ids = [one.row_id for one in sent]
        assert row_ids == sorted(set(row_ids))
        assert [n["n"] for n in drain(queue)] == list(range(count))

    def test_options_apply_to_each(self, queue: Queue, clock: FakeClock) -> None:
        queue.send_many("app", [1, 2], priority=8, type="order.placed", delay=timedelta(minutes=1))
        assert queue.claim("app", limit=5) == []
        clock.advance(timedelta(minutes=1))
        found = queue.claim("app", limit=5)
        assert [(one.message.data, one.message.priority, one.message.type) for one in found] == [
            (1, 8, "order.placed"),
            (2, 8, "order.placed"),
        ]

    def test_json_and_bytes_keep_their_order(self, queue: Queue) -> None:
        items = [1, b"two", b"three", {"four": 4}, b"", None]
        sent = queue.send_many("app", items)
        assert [one.data for one in sent] == items
        assert [one.datacontenttype for one in sent[:2]] == ["application/json", "application/octet-stream"]
        assert drain(queue) == items

    def test_messages_keep_their_own_envelope(self, queue: Queue) -> None:
        message = Message(
            id="m-1",
            source="/elsewhere",
            type="t",
            data=b"x",
            time=datetime(2020, 1, 1, tzinfo=UTC),
            datacontenttype="image/png",
            priority=9,
            extensions={"tenant": "acme"},
        )
        sent = queue.send_many("app", ["plain", message], priority=1)
        assert [one.id for one in sent][1] == "m-1"
        first, second = queue.claim("app", limit=2)
        assert first.message == message
        assert (second.message.data, second.message.priority) == ("plain", 1)

    def test_repeated_messages_are_marked_as_duplicates(self, queue: Queue, clock: FakeClock) -> None:
        message = Message(id="m-1", source="s", type="t", data=1, time=clock.now())
        sent = queue.send_many("app", [message, 2, message])
        assert [one.duplicate for one in sent] == [False, False, True]
        assert drain(queue) == [1, 2]

    def test_all_or_none_are_stored(self, queue: Queue, clock: FakeClock) -> None:
        clash = Message(id="taken", source="/other", type="t", data=1, time=clock.now())
        queue.send("app", 0, message_id="taken", source="/first")
        with pytest.raises(InvalidMessage):
            queue.send_many("app", [1, 2, clash])
        with pytest.raises(InvalidMessage):
            queue.send_many("app", [1, 2, float("nan")])
        assert drain(queue) == [0]

    def test_items_of_a_key_keep_their_order(self, queue: Queue) -> None:
        queue.send_many("app", range(50), partition_key="k")
        assert numbers(queue.claim("app", limit=50)) == [0]

    def test_result_is_a_sequence(self, queue: Queue) -> None:
        sent = queue.send_many("app", ["a", "b", "c"])
        assert sent[-1].data == "c"
        assert [one.data for one in sent[1:]] == ["b", "c"]


def test_two_queue_objects_share_one_store(case: Case, queue: Queue) -> None:
    if case.in_memory:
        assert case.open().list() == []  # each is a store of its own
        return
    other = case.open(app="other")
    queue.send("app", 1)
    delivery = claim_one(other)
    assert queue.claim("app") == []
    delivery.ack()
    assert queue.get(delivery.message.id).status == "completed"
