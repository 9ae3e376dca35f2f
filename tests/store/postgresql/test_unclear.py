"""A connection that breaks in the middle: what was lost is told, repeated where that is safe, and never doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crossdock import LeaseLost, Queue, StoreUnavailable
from tests.postgresql_databases import execute
from tests.postgresql_proxy import Proxy
from tests.store.postgresql.conftest import Open

AT_ONCE = timedelta(0)
SHORT = timedelta(seconds=1)
WAIT = timedelta(seconds=30)


@pytest.fixture
def queue(through: str, open_queue: Open) -> Queue:
    """A queue whose connections pass the proxy."""
    opened = open_queue(through, lease=SHORT)
    opened.send("other", "warm")  # all connections stand
    return opened


def statuses(url: str) -> list[tuple[str, int]]:
    found = execute(url, "SELECT status, attempts FROM data_staging WHERE target_app = 'app' ORDER BY id")
    return [(str(status), int(attempts)) for status, attempts in found]


@pytest.mark.parametrize("lost", ["request", "answer"])
class TestSend:
    def test_message_is_stored_once_and_acknowledged(
        self, queue: Queue, proxy: Proxy, postgresql_url: str, lost: str
    ) -> None:
        cut = (proxy.lose_request if lost == "request" else proxy.lose_answer)(b"precious")
        sent = queue.send("app", "precious")
        assert cut.is_set()
        assert statuses(postgresql_url) == [("pending", 0)]
        assert queue.get(sent.id).row_id == sent.row_id
        assert not queue.send("app", "next").duplicate

    @pytest.mark.parametrize("count", [3, 2000])
    def test_many_are_stored_once(
        self, queue: Queue, proxy: Proxy, postgresql_url: str, lost: str, count: int
    ) -> None:
        words = b"COMMIT" if lost == "answer" else b"precious"
        cut = (proxy.lose_request if lost == "request" else proxy.lose_answer)(words)
        queue.send_many("app", [f"precious {n}" for n in range(count)])
        queue.send("other", "flush")
        assert cut.is_set() or lost == "answer"  # a send may be one statement that has no COMMIT of its own
        assert len(statuses(postgresql_url)) == count


class TestSettle:
    def test_lost_answer_of_an_ack_is_told_and_the_message_is_completed(
        self, queue: Queue, proxy: Proxy, postgresql_url: str
    ) -> None:
        queue.send("app", 1)
        (delivery,) = queue.claim("app", lease=WAIT)
        cut = proxy.lose_answer(b"COMMIT")
        try:
            delivery.ack()
        except StoreUnavailable as error:
            assert "not certain" in str(error)  # noqa: PT017 - a store that finds out by itself is as good
        assert cut.is_set()
        assert statuses(postgresql_url) == [("completed", 1)]

    def test_lost_request_of_an_ack_changes_nothing_and_the_ack_may_be_repeated(
        self, queue: Queue, proxy: Proxy, postgresql_url: str
    ) -> None:
        queue.send("app", 1)
        (delivery,) = queue.claim("app", lease=WAIT)
        cut = proxy.lose_request(b"COMMIT")
        try:
            delivery.ack()
        except StoreUnavailable:
            assert statuses(postgresql_url) == [("processing", 1)]
            delivery.ack()
        assert cut.is_set()
        assert statuses(postgresql_url) == [("completed", 1)]
        with pytest.raises(LeaseLost):
            delivery.ack()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("lost", ["request", "answer"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_consumer_handles_every_message_although_a_commit_of_its_was_lost(
    queue: Queue, proxy: Proxy, postgresql_url: str, lost: str, after: int
) -> None:
    """What a claim took whose answer was lost, and what a settling wrote, comes back or is done; nothing is stuck."""
    queue.send_many("app", range(20))
    seen: list[int] = []
    cut = None
    for delivery in queue.consume("app", batch=5, wait=WAIT):
        if len(seen) >= after and cut is None:
            cut = (proxy.lose_request if lost == "request" else proxy.lose_answer)(b"COMMIT")
        seen.append(delivery.message.data)
        if set(seen) == set(range(20)):
            break
    assert set(seen) == set(range(20))
    assert cut is not None
    assert cut.is_set()
    queue.close()
    found = statuses(postgresql_url)
    assert len(found) == 20
    assert {status for status, _ in found} <= {"completed", "pending"}
    assert sum(status == "completed" for status, _ in found) >= 19
