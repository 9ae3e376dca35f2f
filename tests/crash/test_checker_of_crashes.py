"""The checker says no to forged dead letters, crash counts, orders of keys and late orphans."""

from __future__ import annotations

import pytest

from tests.crash.account import RowEvent
from tests.crash.case import Fault
from tests.crash.forgery import MIDNIGHT, OTHER, SENDER, Forgery
from tests.crash.history import Kind


@pytest.fixture
def forgery() -> Forgery:
    made = Forgery()
    made.send()
    return made


@pytest.mark.parametrize(
    ("code", "history"),
    [
        ("ATTEMPTS_EXHAUSTED", {"attempts": 6}),
        ("CRASHED", {"crashes": 3}),
        ("PERMANENT", {}),
    ],
)
def test_dead_letter_needs_the_history_of_its_code(
    forgery: Forgery, code: str, history: dict[str, int]
) -> None:
    forgery.alter(status="failed", code=code, attempts=0, max_attempts=6)
    assert Fault.DEAD_UNEXPLAINED in forgery.faults()
    forgery.alter(**history)
    if code == "PERMANENT":
        forgery.saw(Kind.FAIL_BEGUN, 2)
    assert Fault.DEAD_UNEXPLAINED not in forgery.faults()


@pytest.mark.parametrize("code", ["", "CANCELLED", "EXPIRED", "NEWS"])
def test_dead_letter_that_nobody_asked_for_is_found(forgery: Forgery, code: str) -> None:
    forgery.alter(status="failed", code=code, attempts=0)
    assert forgery.faults() == {Fault.DEAD_UNEXPLAINED}


def test_crash_without_a_death_is_found(forgery: Forgery) -> None:
    forgery.run(2, 2.1)
    forgery.happened("crashed", 2.5)
    forgery.run(3, 3.1, pid=OTHER)
    assert forgery.faults() == {Fault.CRASH_INVENTED}


def test_two_crashes_need_two_deaths(forgery: Forgery) -> None:
    forgery.saw(Kind.KILLED, 2.0, message_id="")
    forgery.happened("crashed", 2.5)
    assert forgery.faults() == set()
    forgery.happened("crashed", 2.6)
    assert forgery.faults() == {Fault.CRASH_INVENTED}


def test_death_that_was_counted_as_lapse_is_found(forgery: Forgery) -> None:
    forgery.run(2, None)
    forgery.saw(Kind.KILLED, 2.4)
    forgery.happened("lapsed", 2.9)
    forgery.run(3, 3.2, pid=OTHER)
    assert forgery.faults() == {Fault.CRASH_AS_LAPSE}


@pytest.mark.parametrize("change", [{"attempts": 2}, {"attempts": 0}, {"crashes": 1}])
def test_wrong_counters_are_found(forgery: Forgery, change: dict[str, int]) -> None:
    forgery.alter(**change)
    assert forgery.faults() == {Fault.MISCOUNTED}


def test_crash_that_spent_an_attempt_is_found(forgery: Forgery) -> None:
    forgery.run(2, None)
    forgery.saw(Kind.KILLED, 2.5)
    forgery.happened("crashed", 2.9)
    forgery.run(3, 3.2, pid=OTHER)
    forgery.alter(attempts=2)
    assert forgery.faults() == {Fault.MISCOUNTED}


@pytest.fixture
def keyed() -> Forgery:
    """Two messages of one key, not yet run."""
    made = Forgery()
    made.send(1.0, message_id="first", row_id=1, key="k")
    made.send(1.2, message_id="second", row_id=2, key="k")
    return made


def test_key_in_order_has_no_violation(keyed: Forgery) -> None:
    keyed.run(2, 2.1, message_id="first")
    keyed.run(2.2, 2.3, message_id="second")
    assert keyed.faults() == set()


def test_key_whose_later_message_ran_first_is_found(keyed: Forgery) -> None:
    keyed.run(2, 2.1, message_id="second")
    keyed.run(3, 3.1, message_id="first", pid=OTHER)
    assert keyed.faults() == {Fault.OUT_OF_ORDER}


def test_key_whose_messages_overlap_is_found(keyed: Forgery) -> None:
    keyed.run(2, 4, message_id="first")
    keyed.run(3, 5, message_id="second", pid=OTHER)
    assert keyed.faults() == {Fault.KEY_OVERLAPPED}


def test_key_whose_run_was_cut_short_goes_back_to_its_beginning(keyed: Forgery) -> None:
    keyed.run(2, 2.1, message_id="first")
    keyed.run(2.2, None, message_id="second")
    keyed.saw(Kind.KILLED, 2.5, message_id="")
    keyed.happened("crashed", 2.8, message_id="first")
    keyed.happened("crashed", 2.8, message_id="second")
    keyed.run(3, 3.1, message_id="first", pid=OTHER)
    keyed.run(3.2, 3.3, message_id="second", pid=OTHER)
    assert keyed.faults() == set()


def test_key_that_did_not_wait_for_a_retry_is_found(keyed: Forgery) -> None:
    keyed.run(2, 2.1, message_id="first")
    keyed.happened("nacked", 2.15, message_id="first")
    keyed.run(2.2, 2.3, message_id="second")
    keyed.run(3, 3.1, message_id="first")
    assert keyed.faults() == {Fault.OUT_OF_ORDER}


def test_key_that_did_not_wait_for_a_crashed_one_is_found(keyed: Forgery) -> None:
    keyed.run(2, None, message_id="first")
    keyed.saw(Kind.KILLED, 2.1, message_id="")
    keyed.happened("crashed", 2.15, message_id="first")
    keyed.run(2.2, 2.3, message_id="second", pid=OTHER)
    keyed.run(3, 3.1, message_id="first", pid=OTHER)
    assert keyed.faults() == {Fault.OUT_OF_ORDER}


def orphaned(forgery: Forgery, *, again: float) -> None:
    """Kill the worker at 2.5 and run the message elsewhere."""
    forgery.run(2, None)
    forgery.saw(Kind.KILLED, 2.5, message_id="")
    forgery.happened("crashed", again - 0.01)
    forgery.run(again, again + 0.1, pid=OTHER)


@pytest.mark.parametrize(("again", "faults"), [(3.4, set()), (3.6, {Fault.LATE})])
def test_orphan_that_waited_too_long_is_found(forgery: Forgery, again: float, faults: set[Fault]) -> None:
    orphaned(forgery, again=again)
    assert forgery.faults() == faults


def test_orphan_of_the_last_process_counts_from_the_next_opening(forgery: Forgery) -> None:
    for pid in (SENDER, OTHER):
        forgery.saw(Kind.KILLED, 2.4, pid=pid, message_id="")
    forgery.saw(Kind.OPENED, 8.0, pid=OTHER + 1, message_id="")
    forgery.run(2, None)
    forgery.saw(Kind.KILLED, 2.5, message_id="")
    forgery.happened("crashed", 8.8)
    forgery.run(8.9, 9.0, pid=OTHER + 1)
    assert forgery.faults() == set()


def test_orphan_whose_survivor_was_killed_later_than_the_limit_still_counts(forgery: Forgery) -> None:
    orphaned_at, survivor_died, again = 2.5, 5.0, 6.0
    forgery.saw(Kind.KILLED, survivor_died, pid=OTHER, message_id="")
    forgery.saw(Kind.OPENED, survivor_died + 0.1, pid=OTHER + 1, message_id="")
    forgery.run(2, None)
    forgery.saw(Kind.KILLED, orphaned_at, message_id="")
    forgery.happened("crashed", again - 0.01)
    forgery.run(again, again + 0.1, pid=OTHER + 1)
    assert forgery.faults() == {Fault.LATE}


@pytest.mark.parametrize(("row_id", "faults"), [(9, set()), (11, {Fault.LATE})])
def test_orphan_that_waits_its_turn_is_not_late(row_id: int, faults: set[Fault]) -> None:
    forgery = Forgery()
    forgery.send(row_id=10)
    forgery.send(message_id="other", row_id=row_id)
    forgery.run(3.0, 3.1, message_id="other", pid=OTHER)
    orphaned(forgery, again=4.0)
    forgery.alter(events=(RowEvent(MIDNIGHT + 2.9, "message.crashed"),))
    assert forgery.faults() == faults
