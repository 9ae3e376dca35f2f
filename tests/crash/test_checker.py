"""The checker is only worth something if it can say no: forged histories, one for each kind of violation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.crash.account import Account, Row
from tests.crash.case import Case, Fault
from tests.crash.checker import CHECKS, explain, percentile
from tests.crash.forgery import MIDNIGHT, OTHER, Forgery
from tests.crash.history import Kind


@pytest.fixture
def forgery() -> Forgery:
    made = Forgery()
    made.send()
    return made


def test_run_in_order_has_no_violation(forgery: Forgery) -> None:
    forgery.run(2, 3, acked=True)
    forgery.alter(processed_at=MIDNIGHT + 3.05)
    assert forgery.faults() == set()


def test_kill_with_recorded_crash_and_prompt_second_run_has_no_violation(forgery: Forgery) -> None:
    forgery.run(2, None)
    forgery.saw(Kind.KILLED, 2.5)
    forgery.happened("crashed", 2.9)
    forgery.run(3, 3.2, pid=OTHER, acked=True)
    assert forgery.faults() == set()


def test_unclear_send_may_be_there_or_not(forgery: Forgery) -> None:
    forgery.run(2, 3)
    forgery.saw(Kind.SEND_BEGUN, 4, message_id="unclear", note="sum")
    assert forgery.faults() == set()


def test_lost_message_is_found(forgery: Forgery) -> None:
    del forgery.rows["m"]
    assert forgery.faults() == {Fault.LOST}


def test_completed_message_that_nobody_received_is_found(forgery: Forgery) -> None:
    forgery.options["witnessed"] = True
    assert forgery.faults() == {Fault.NEVER_RAN}
    forgery.run(2, None)
    assert Fault.NEVER_RAN in forgery.faults()
    forgery.run(3, 4)
    assert Fault.NEVER_RAN not in forgery.faults()


def test_invented_message_is_found(forgery: Forgery) -> None:
    forgery.rows["x"] = Row("bulk", "x", 2, "completed", attempts=1)
    assert forgery.faults() == {Fault.INVENTED}


def test_altered_data_is_found(forgery: Forgery) -> None:
    forgery.alter(fingerprint="other")
    assert forgery.faults() == {Fault.ALTERED}


def test_send_that_was_told_another_row_is_found(forgery: Forgery) -> None:
    forgery.saw(Kind.SENT, 1.5, row_id=7)
    assert forgery.faults() == {Fault.DOUBLED}


def test_message_with_two_rows_is_found(forgery: Forgery) -> None:
    forgery.rows["again"] = dataclasses.replace(forgery.rows["m"])
    assert forgery.faults() == {Fault.DOUBLED}


def test_half_a_batch_is_found(forgery: Forgery) -> None:
    forgery.saw(Kind.SEND_BEGUN, 1, message_id="m", note="sum", row_id=77)
    forgery.saw(Kind.SEND_BEGUN, 1, message_id="not-stored", note="sum", row_id=77)
    assert forgery.faults() == {Fault.TORN_BATCH}


@pytest.mark.parametrize(
    ("own_rows", "faults"), [(0, {Fault.OUTBOX_TORN}), (1, set()), (2, {Fault.OUTBOX_TORN})]
)
def test_senders_transaction_that_was_torn_is_found(
    forgery: Forgery, own_rows: int, faults: set[Fault]
) -> None:
    forgery.saw(Kind.SEND_BEGUN, 1, note="sum", flag=1)
    forgery.outbox["m"] = own_rows
    assert forgery.faults() == faults


@pytest.mark.parametrize("status", ["pending", "processing"])
def test_stuck_message_is_found(forgery: Forgery, status: str) -> None:
    forgery.alter(status=status, attempts=0)
    assert Fault.STUCK in forgery.faults()
    forgery.options["drained"] = False
    assert Fault.STUCK not in forgery.faults()


def test_lost_ack_is_found(forgery: Forgery) -> None:
    forgery.run(2, 3, acked=True)
    forgery.alter(status="pending", attempts=0)
    forgery.options["drained"] = False
    assert forgery.faults() == {Fault.ACK_LOST}


def test_lost_nack_is_found(forgery: Forgery) -> None:
    forgery.run(2, 3)
    forgery.saw(Kind.NACKED, 3.1)
    assert forgery.faults() == {Fault.NACK_LOST}


def test_lost_fail_is_found(forgery: Forgery) -> None:
    forgery.run(2, 3)
    forgery.saw(Kind.FAILED, 3.1)
    assert forgery.faults() == {Fault.NACK_LOST}


@pytest.mark.parametrize(("status", "effects"), [("completed", 0), ("completed", 2), ("failed", 1)])
def test_torn_effect_is_found(forgery: Forgery, status: str, effects: int) -> None:
    forgery.send(1.5, message_id="good", row_id=2)
    forgery.effects["good"] = 1
    forgery.saw(Kind.EFFECT, 2, message_id="good")
    forgery.alter(status=status, code="CANCELLED")
    forgery.effects["m"] = effects
    assert Fault.EFFECT_TORN in forgery.faults()


def test_repeat_without_an_event_is_found(forgery: Forgery) -> None:
    forgery.run(2, 2.1)
    forgery.run(3, 3.1, pid=OTHER)
    assert forgery.faults() == {Fault.REPEATED}


@pytest.mark.parametrize("at", [1.9, 3.5])
def test_event_at_another_time_explains_no_repeat(forgery: Forgery, at: float) -> None:
    forgery.run(2, 2.1)
    forgery.run(3, 3.1, pid=OTHER)
    forgery.happened("nacked", at)
    assert Fault.REPEATED in forgery.faults()


@pytest.mark.parametrize("event", ["nacked", "handed_back"])
def test_event_between_explains_a_repeat(forgery: Forgery, event: str) -> None:
    forgery.run(2, 2.1)
    forgery.run(3, 3.1, pid=OTHER)
    forgery.happened(event, 2.5)
    assert forgery.faults() == set()


def test_one_event_explains_one_repeat_only(forgery: Forgery) -> None:
    for begin in (2, 3, 4):
        forgery.run(begin, begin + 0.1)
    forgery.happened("handed_back", 2.5)
    assert forgery.faults() == {Fault.REPEATED}


def test_late_start_of_a_worker_whose_lease_lapsed_is_explained_once(forgery: Forgery) -> None:
    forgery.options["lapses_allowed"] = True
    forgery.happened("lapsed", 2)
    forgery.run(3, 3.1)
    forgery.run(4, 4.1, pid=OTHER)
    assert forgery.faults() == set()
    forgery.run(5, 5.1, pid=OTHER)
    assert forgery.faults() == {Fault.REPEATED}


def test_late_start_is_explained_although_another_has_completed_the_message(forgery: Forgery) -> None:
    """A worker too slow to begin what it holds begins it after its lease lapsed and another is done with it."""
    forgery.options["lapses_allowed"] = True
    forgery.happened("lapsed", 2)
    forgery.run(3, 3.1, acked=True)
    forgery.run(4, 4.1, pid=OTHER)
    assert forgery.faults() == set()
    forgery.run(5, 5.1, pid=OTHER)
    assert Fault.RAN_AFTER_COMPLETION in forgery.faults()


def test_late_start_is_explained_although_another_works_on_the_message(forgery: Forgery) -> None:
    forgery.options["lapses_allowed"] = True
    forgery.happened("lapsed", 2)
    forgery.run(3, 5)
    forgery.run(4, 4.1, pid=OTHER)
    assert forgery.faults() == set()
    forgery.run(4.5, 4.6, pid=OTHER)
    assert forgery.faults() == {Fault.REPEATED}


def test_claim_handed_out_twice_is_found(forgery: Forgery) -> None:
    forgery.happened("handed_back", 2.5)
    forgery.run(2, 2.1, claim="token")
    forgery.run(3, 3.1, pid=OTHER, claim="token")
    assert forgery.faults() == {Fault.DELIVERED_TWICE}


def test_run_after_acknowledged_completion_is_found(forgery: Forgery) -> None:
    forgery.run(2, 2.1, acked=True)
    forgery.happened("handed_back", 2.5)
    forgery.run(3, 3.1, pid=OTHER)
    assert forgery.faults() == {Fault.RAN_AFTER_COMPLETION}


def test_run_after_the_row_was_completed_is_found(forgery: Forgery) -> None:
    forgery.run(2, 2.1)
    forgery.alter(processed_at=MIDNIGHT + 2.2)
    forgery.happened("handed_back", 2.5)
    forgery.run(3, 3.1, pid=OTHER)
    assert forgery.faults() == {Fault.RAN_AFTER_COMPLETION}


def test_replay_allows_another_run_after_completion(forgery: Forgery) -> None:
    forgery.run(2, 2.1, acked=True)
    forgery.happened("replayed", 2.5)
    forgery.run(3, 3.1, pid=OTHER)
    assert forgery.faults() == set()


def test_message_that_runs_in_two_places_is_found(forgery: Forgery) -> None:
    forgery.run(2, 4)
    forgery.happened("handed_back", 2.5)
    forgery.run(3, 5, pid=OTHER)
    assert forgery.faults() == {Fault.OVERLAPPED}


def test_lapse_of_a_worker_that_lives_is_found(forgery: Forgery) -> None:
    forgery.run(2, 4)
    forgery.happened("lapsed", 2.5)
    forgery.run(3, 5, pid=OTHER)
    assert forgery.faults() == {Fault.LAPSED_ALIVE}
    forgery.options["lapses_allowed"] = True
    assert forgery.faults() == set()


def test_lease_that_was_taken_without_a_lapse_is_found(forgery: Forgery) -> None:
    forgery.run(2, 3)
    forgery.saw(Kind.LEASE_LOST, 3.1, note="ACKED")
    assert forgery.faults() == {Fault.LEASE_TAKEN}


def test_error_that_reached_the_application_is_found(forgery: Forgery) -> None:
    forgery.saw(Kind.ERROR, 2, message_id="", note="OperationalError")
    assert forgery.faults() == {Fault.ERROR}


def test_damaged_file_is_found(forgery: Forgery) -> None:
    forgery.damage = "row 7 missing from index"
    assert forgery.faults() == {Fault.DAMAGED}


def test_report_names_the_fault_the_message_and_the_promise(forgery: Forgery) -> None:
    forgery.run(2, 2.1)
    forgery.run(3, 3.1, pid=OTHER)
    report = str(explain(Case(forgery.sightings, Account(list(forgery.rows.values())))))
    assert "1 VIOLATIONS" in report
    assert "REPEATED [P3: ran again without a recorded reason] m: attempt 0 in process 300" in report


def test_every_fault_and_every_check_has_a_forgery() -> None:
    source = "".join(path.read_text() for path in Path(__file__).parent.glob("test_checker*.py"))
    assert [fault.name for fault in Fault if f"Fault.{fault.name}" not in source] == []
    assert len(set(CHECKS)) == len(CHECKS)


def test_percentile_is_the_nearest_rank() -> None:
    values = [float(value) for value in range(1, 101)]
    assert [percentile(values, share) for share in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert percentile([7.0], 0.99) == 7
