"""What holds of every plan, whatever the tasks, the events and the settings are."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from task_priority.fit.plan import Plan, make_plan
from task_priority.model import Event, Task
from task_priority.ranking.status import Status
from task_priority.settings import Settings
from tests.task_priority.cases import NOW, all_settings, events, tasks


def pieces_of(plan: Plan) -> list[tuple[object, object]]:
    return sorted((piece.start, piece.end) for one in plan.placed for piece in one.pieces)


@given(tasks(), events(), all_settings())
def test_no_piece_overlaps_a_busy_minute_or_another_piece(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    last = None
    for start, end in pieces_of(plan):
        assert NOW <= start < end <= plan.end
        assert last is None or last <= start
        assert not [
            one
            for one in plan.busy
            if one.start < end + settings.buffer and one.end > start - settings.buffer
        ]
        last = end


@given(tasks(), events(), all_settings())
def test_a_task_gets_all_the_time_it_needs_in_pieces_that_are_long_enough(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    for one in make_plan(some, around, now=NOW, settings=settings).placed:
        needed = one.ranked.task.duration or settings.default_duration
        assert sum((piece.length for piece in one.pieces), start=needed * 0) == needed
        may_split = settings.split and "whole" not in one.ranked.task.labels
        assert len(one.pieces) == 1 or (
            may_split and min(p.length for p in one.pieces) >= settings.shortest_piece
        )


@given(tasks(), events(), all_settings())
def test_focus_blocks_take_only_their_own_tasks(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    for one in plan.placed:
        for piece in one.pieces:
            assert any(
                slot.start <= piece.start and piece.end <= slot.end and slot.takes(one.ranked.task.labels)
                for slot in plan.slots
            )


@given(tasks(), events(), all_settings())
def test_every_score_is_the_sum_of_its_terms(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    ranked = make_plan(some, around, now=NOW, settings=settings).ranked
    assert [one.score for one in ranked] == [sum(term.points for term in one.terms) for one in ranked]
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert all(term.evidence for one in ranked for term in one.terms)


@given(tasks(), events(), all_settings(), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan_in_any_order(
    some: list[Task], around: list[Event], settings: Settings, dice: random.Random
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    dice.shuffle(some)
    dice.shuffle(around)
    assert make_plan(some, around, now=NOW, settings=settings) == plan


@given(tasks(), events(), all_settings())
def test_every_task_and_every_event_is_accounted_for(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    assert {one.task.id for one in plan.ranked} == {task.id for task in some if task.actionable}
    actions = {one.task.id for one in plan.ranked if one.standing.status is Status.NEXT_ACTION}
    placed, unplaced = ([one.ranked.task.id for one in part] for part in (plan.placed, plan.unplaced))
    assert sorted([*placed, *unplaced]) == sorted(actions)
    assert all(one.reason.text and one.reason.change for one in plan.unplaced)
    assert not {one.event.id for one in plan.busy} & {one.event.id for one in plan.unheeded}


@given(tasks(), events(), all_settings())
def test_what_can_be_met_is_not_late(some: list[Task], around: list[Event], settings: Settings) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    for one in plan.placed:
        ends = [e for e in (one.ranked.task.deadline, one.ranked.task.due) if e is not None]
        assert not one.late or ends
