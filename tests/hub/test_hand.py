"""Which of the messages fetched ahead may be begun, when several are worked on at a time."""

from __future__ import annotations

from datetime import UTC, datetime

from crossdock.domain.delivery import Claimed
from crossdock.domain.message import AppId, Message, MessageId
from crossdock.hub.hand import Hand

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def message(row_id: int, *, key: str | None = None, crashes: int = 0) -> Claimed:
    about = Message(id=MessageId(str(row_id)), source="s", type="t", data=row_id, time=NOW, partitionkey=key)
    return Claimed(row_id, AppId("app"), about, 1, crashes, "token", NOW, None, None, NOW)


def hand_with(*ahead: Claimed) -> Hand:
    hand = Hand()
    hand.add(ahead)
    return hand


def taken(hand: Hand) -> list[int]:
    found = []
    while (claimed := hand.take()) is not None:
        found.append(claimed.row_id)
    return found


def test_messages_without_a_key_are_begun_in_order() -> None:
    assert taken(hand_with(*map(message, range(1, 4)))) == [1, 2, 3]


def test_second_of_a_key_waits_until_the_first_is_finished() -> None:
    first, second, other = message(1, key="k"), message(2, key="k"), message(3, key="l")
    hand = hand_with(first, second, other)
    assert taken(hand) == [1, 3]
    assert not hand.can_take
    hand.let_go(first, 0.0)
    assert taken(hand) == [2]


def test_suspect_waits_until_it_is_alone() -> None:
    plain, suspect, behind = message(1), message(2, crashes=1), message(3)
    hand = hand_with(plain, suspect, behind)
    assert taken(hand) == [1, 3]
    assert hand.is_closed
    hand.let_go(plain, 0.0)
    assert taken(hand) == []
    hand.let_go(behind, 0.0)
    assert taken(hand) == [2]


def test_nothing_is_begun_beside_a_suspect() -> None:
    suspect, behind = message(1, crashes=2), message(2)
    hand = hand_with(suspect, behind)
    assert taken(hand) == [1]
    assert hand.is_closed
    hand.let_go(suspect, 0.0)
    assert not hand.is_closed
    assert taken(hand) == [2]


def test_letting_go_of_an_earlier_delivery_of_the_row_changes_nothing() -> None:
    earlier, later = message(1), message(1)
    hand = hand_with(later)
    assert taken(hand) == [1]
    assert hand.let_go(earlier, 0.0) is None
    assert hand.begun == [later]


def test_key_that_failed_is_given_back_and_the_others_stay() -> None:
    hand = hand_with(message(1, key="k"), message(2), message(3, key="k"))
    assert [claimed.row_id for claimed in hand.give_back_key("k")] == [1, 3]
    assert taken(hand) == [2]
