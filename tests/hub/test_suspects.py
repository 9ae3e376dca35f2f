"""Suspects: one consumption at a time has messages that were in a process that died."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.hub.suspects import Suspects, SuspectTurn

if TYPE_CHECKING:
    from crossdock.domain.delivery import Claimed


class Fetched:
    """As much of a claimed message as matters here."""

    def __init__(self, row_id: int, crashes: int) -> None:
        self.row_id = row_id
        self.crashes = crashes


def fetched(*crashes: int) -> list[Claimed]:
    return [Fetched(row_id, count) for row_id, count in enumerate(crashes)]  # type: ignore[misc]


def test_turn_is_kept_until_the_last_suspect_is_written_down() -> None:
    turn = SuspectTurn()
    one, other = Suspects(turn), Suspects(turn)
    assert one.take_turn()
    assert not other.take_turn()
    assert not other.may_be_fetched()
    one.add(fetched(0, 1, 2))
    for row_id in range(3):
        one.leave_turn()
        assert not other.may_be_fetched()
        one.drop([row_id])
    one.leave_turn()
    assert other.may_be_fetched()
    assert other.take_turn()
    assert not one.take_turn()


def test_turn_is_left_where_no_suspect_was_fetched() -> None:
    turn = SuspectTurn()
    one, other = Suspects(turn), Suspects(turn)
    assert one.take_turn()
    one.add(fetched(0, 0))
    one.leave_turn()
    assert other.take_turn()


def test_end_leaves_it_whatever_is_unfinished_and_takes_it_from_nobody() -> None:
    turn = SuspectTurn()
    one, other = Suspects(turn), Suspects(turn)
    assert one.take_turn()
    one.add(fetched(1))
    other.end()
    assert not other.may_be_fetched()
    one.end()
    assert other.take_turn()


def test_alone_there_is_always_a_turn() -> None:
    one = Suspects(None)
    assert one.take_turn()
    assert Suspects(None).take_turn()
