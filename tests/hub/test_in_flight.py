"""Which of the messages fetched ahead may be begun, when several are worked on at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from crossdock.domain.delivery import Claimed
from crossdock.domain.message import AppId, Message, MessageId
from crossdock.hub.in_flight import InFlight

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(row_id: int, *, key: str | None = None, crashes: int = 0) -> Claimed:
    about = Message(id=MessageId(str(row_id)), source="s", type="t", data=row_id, time=NOW, partitionkey=key)
    return Claimed(row_id, AppId("app"), about, 1, crashes, "token", NOW, None, None, NOW)


def with_ahead(*ahead: Claimed) -> InFlight:
    in_flight = InFlight()
    in_flight.add(ahead)
    return in_flight


def taken(in_flight: InFlight) -> list[int]:
    found = []
    while (claimed := in_flight.take()) is not None:
        found.append(claimed.row_id)
    return found


def test_messages_without_a_key_are_begun_in_order() -> None:
    assert taken(with_ahead(*map(message, range(1, 4)))) == [1, 2, 3]


def test_second_of_a_key_waits_until_the_first_is_finished() -> None:
    first, second, other = message(1, key="k"), message(2, key="k"), message(3, key="l")
    in_flight = with_ahead(first, second, other)
    assert taken(in_flight) == [1, 3]
    assert not in_flight.can_take
    in_flight.let_go(first, 0.0)
    assert taken(in_flight) == [2]


def test_suspect_waits_until_it_is_alone() -> None:
    plain, suspect, behind = message(1), message(2, crashes=1), message(3)
    in_flight = with_ahead(plain, suspect, behind)
    assert taken(in_flight) == [1, 3]
    assert in_flight.is_closed
    in_flight.let_go(plain, 0.0)
    assert taken(in_flight) == []
    in_flight.let_go(behind, 0.0)
    assert taken(in_flight) == [2]


def test_nothing_is_begun_beside_a_suspect() -> None:
    suspect, behind = message(1, crashes=2), message(2)
    in_flight = with_ahead(suspect, behind)
    assert taken(in_flight) == [1]
    assert in_flight.is_closed
    in_flight.let_go(suspect, 0.0)
    assert not in_flight.is_closed
    assert taken(in_flight) == [2]


def test_letting_go_of_an_earlier_delivery_of_the_row_changes_nothing() -> None:
    earlier, later = message(1), message(1)
    in_flight = with_ahead(later)
    assert taken(in_flight) == [1]
    assert in_flight.let_go(earlier, 0.0) is None
    assert in_flight.begun == [later]


def test_key_that_failed_is_given_back_and_the_others_stay() -> None:
    in_flight = with_ahead(message(1, key="k"), message(2), message(3, key="k"))
    assert [claimed.row_id for claimed in in_flight.give_back_key("k")] == [1, 3]
    assert taken(in_flight) == [2]
