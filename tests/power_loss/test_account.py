"""The account of a program's steps finds every loss, half step and invention, and forgives what nobody was told."""

from __future__ import annotations

from tests.power_loss.account import DELETED, Account, State

SENT = State("one", "text")
TAKEN = SENT.claimed()
DONE = TAKEN.after(status="completed")


def account(*notes: tuple[object, ...]) -> Account:
    return Account.of(notes)


def step(number: int, changes: dict[int, State], *, done: bool = True) -> list[tuple[object, ...]]:
    return [("asked", number, changes), *([("done", number)] if done else [])]


def test_what_was_acknowledged_and_is_there_is_right() -> None:
    assert not account(*step(1, {1: SENT})).problems({1: SENT})


def test_a_lost_send_is_found() -> None:
    assert account(*step(1, {1: SENT})).problems({})


def test_a_changed_text_is_found() -> None:
    assert account(*step(1, {1: SENT})).problems({1: State("one", "another text")})


def test_an_invented_message_is_found() -> None:
    assert account().problems({1: SENT})


def test_a_send_under_way_may_be_there_or_not() -> None:
    told = account(*step(1, {1: SENT}, done=False))
    assert not told.problems({})
    assert not told.problems({1: SENT})


def test_half_a_bulk_send_is_found() -> None:
    told = account(*step(1, {1: SENT, 2: SENT}, done=False))
    assert not told.problems({1: SENT, 2: SENT})
    assert told.problems({2: SENT})


def test_a_lost_acknowledgement_is_found() -> None:
    told = account(*step(1, {1: SENT}), ("claiming", "one"), ("claimed", {1: TAKEN}), *step(2, {1: DONE}))
    assert not told.problems({1: DONE})
    assert told.problems({1: SENT})
    assert told.problems({1: TAKEN.found_again()})


def test_an_acknowledgement_without_its_effect_is_found() -> None:
    both = DONE.after(effect=True)
    told = account(*step(1, {1: SENT}), ("claimed", {1: TAKEN}), *step(2, {1: both}, done=False))
    assert not told.problems({1: both})
    assert not told.problems({1: TAKEN.found_again()})
    assert told.problems({1: DONE})
    assert told.problems({1: TAKEN.found_again().after(effect=True)})


def test_a_claimed_message_comes_back_with_a_crash_and_no_attempt_spent() -> None:
    told = account(*step(1, {1: SENT}), ("claimed", {1: TAKEN}))
    back = SENT.after("message.crashed", crashes=1)
    assert not told.problems({1: back})
    assert told.problems({1: SENT})
    assert told.problems({1: back.after(attempts=1)})


def test_a_message_may_have_been_taken_by_a_claim_under_way() -> None:
    told = account(*step(1, {1: SENT, 2: State("two", "text")}), ("claiming", "one"))
    assert not told.problems({1: TAKEN.found_again(), 2: State("two", "text")})
    assert told.problems({1: SENT, 2: State("two", "text").claimed().found_again()})


def test_what_was_taken_by_a_claim_that_was_refused_may_have_been_given_back() -> None:
    back = SENT.after("message.handed_back")
    claim = ("claiming", "one"), ("sync failed",), ("claimed", {})
    assert not account(*step(1, {1: SENT}), *claim).problems({1: back})
    assert account(*step(1, {1: SENT}), ("sync failed",)).problems({1: back})
    assert account(*step(1, {1: SENT}), ("claiming", "one"), ("claimed", {})).problems({1: back})


def test_a_deleted_message_must_stay_hidden() -> None:
    told = account(*step(1, {1: SENT}), *step(2, {1: SENT.after(status=DELETED)}))
    assert not told.problems({})
    assert told.problems({1: SENT})
