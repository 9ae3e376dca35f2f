"""Following a store: what has happened behind a place, counted."""

from __future__ import annotations

from datetime import timedelta

from crossdock import Queue
from crossdock.domain.following import Horizon, Place, Settled
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


@on_one_of_each
def test_what_happened_is_told_in_pages_with_nothing_left_out(queue: Queue) -> None:
    queue.send_many("validator", [0, 1, 2])
    for one in queue.claim("validator", limit=2):
        one.nack("again")
    place, found = Place(0, 0), []
    newest = queue._store.read(lambda reader: reader.newest())
    while place != newest:
        page = queue._store.read(lambda reader, place=place: reader.occurrences(place, newest, 2))
        found += page.occurrences
        place = page.upto
    assert [one.row_id for one in found if one.event == "message.sent"] == [1, 2, 3]
    nacked = [one for one in found if one.event == "message.nacked"]
    assert [(one.row_id, one.app, one.attempt, one.code) for one in nacked] == [
        (1, "validator", 1, "TRANSIENT"),
        (2, "validator", 1, "TRANSIENT"),
    ]
    horizon = queue._store.read(lambda reader: reader.horizon())
    assert horizon is None or horizon.oldest <= horizon.following


def test_a_place_is_settled_when_nobody_who_was_there_still_writes() -> None:
    settled, place = Settled(), Place(7, 3)
    assert settled.look(place, Horizon(10, 12)) is None
    assert settled.look(Place(9, 3), Horizon(10, 13)) is None  # whoever took an id before has a number by now
    assert settled.look(Place(9, 4), Horizon(12, 20)) is None  # number 12 may bring a smaller id
    assert settled.look(Place(9, 4), Horizon(13, 20)) == place
    assert settled.look(Place(9, 5), None) == Place(9, 5)
