"""Following a store: what has happened behind a place, counted."""

from __future__ import annotations

from datetime import timedelta

from crossdock import Queue
from crossdock.domain.following import Place
from tests.contract.case import Case, on_one_of_each


@on_one_of_each
def test_what_happened_behind_a_place_is_counted(queue: Queue) -> None:
    queue.send("validator", 0)
    place = queue._store.read(lambda reader: reader.newest())
    queue.send_many("validator", [1, 2])
    queue.send("warehouse", 3)
    for one in queue.claim("validator", limit=2):
        one.nack("again")
    found = queue._store.read(lambda reader: reader.happened(place))
    (sender,) = {source for source, _ in found.sent}
    assert found.sent == {(sender, "validator"): 2, (sender, "warehouse"): 1}
    assert found.logged == {("validator", "message.nacked", "TRANSIENT"): 2}
    assert found.upto == queue._store.read(lambda reader: reader.newest()) == Place(4, 2)
    assert queue._store.read(lambda reader: reader.happened(found.upto)).sent == {}


@on_one_of_each
def test_durations_are_those_of_the_last_delivery(case: Case, queue: Queue) -> None:
    queue.send("validator", 0)
    case.clock.advance(timedelta(seconds=2))
    (one,) = queue.claim("validator")
    case.clock.advance(timedelta(seconds=3))
    one.ack()
    row_ids = queue._store.read(lambda reader: reader.newest_completed("validator", 10))
    (took,) = queue._store.read(lambda reader: reader.durations(row_ids))
    assert (took.wait_s, took.work_s) == (2.0, 3.0)
    assert queue._store.read(lambda reader: reader.archived_since("validator", case.clock.now())) == 0
