"""What holds of every plan, whatever the tasks, the events and the settings are."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import timedelta

import hypothesis
from hypothesis import given
from hypothesis import strategies as st

from task_priority.fit.busy import busy_spans
from task_priority.fit.placing import pieces_for, place, without
from task_priority.fit.plan import make_plan, wish_of
from task_priority.fit.slots import time_left, working_time
from task_priority.model import Event, Task
from task_priority.ranking.status import Status
from task_priority.settings import Settings
from tests.task_priority.cases import LENGTHS, NOW, all_settings, events, full_days, pressing_tasks, tasks
from tests.task_priority.plans import check_no_overlap, check_sums

SOME = hypothesis.settings(max_examples=40)


@SOME
@given(tasks(), events(), all_settings())
def test_no_piece_overlaps_a_busy_minute_or_another_piece(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    check_no_overlap(plan, now=NOW, settings=settings)


@SOME
@given(tasks(), events(), all_settings())
def test_a_task_gets_all_the_time_it_needs_in_pieces_that_are_long_enough(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    for one in make_plan(some, around, now=NOW, settings=settings).placed:
        said = [LENGTHS[label] for label in one.ranked.task.labels if label in LENGTHS]
        needed = one.ranked.task.duration or min(said, default=settings.default_duration)
        assert sum((piece.length for piece in one.pieces), start=needed * 0) == needed
        may_split = settings.split and "whole" not in one.ranked.task.labels
        assert len(one.pieces) == 1 or (
            may_split and min(p.length for p in one.pieces) >= settings.shortest_piece
        )


@SOME
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


@SOME
@given(tasks(), events(), all_settings())
def test_every_score_is_the_sum_of_its_terms(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    check_sums(make_plan(some, around, now=NOW, settings=settings))


@SOME
@given(tasks(), events(), all_settings(), st.randoms(use_true_random=False))
def test_the_same_input_gives_the_same_plan_in_any_order(
    some: list[Task], around: list[Event], settings: Settings, dice: random.Random
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    dice.shuffle(some)
    dice.shuffle(around)
    assert make_plan(some, around, now=NOW, settings=settings) == plan


@SOME
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
    missed = {one.ranked.task.id: one.missed for one in plan.placed if one.missed is not None}
    assert all(reason.text and reason.change for reason in missed.values())
    assert missed.keys() <= {one.ranked.task.id for one in plan.placed if one.late}
    assert not {one.event.id for one in plan.busy} & {one.event.id for one in plan.unheeded}


@SOME
@given(tasks(), events(), all_settings())
def test_nothing_ranked_lower_moves_an_overdue_task_to_another_day(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    for one in plan.placed:
        if one.late and one.ranked is plan.ranked[0]:
            [alone] = make_plan([one.ranked.task], around, now=NOW, settings=settings).placed
            days = {each.pieces[-1].end.astimezone(settings.zone).date() for each in (one, alone)}
            assert len(days) == 1


@given(pressing_tasks(), full_days(), all_settings())
def test_a_task_fits_without_the_events_that_its_reason_names(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    settings = replace(settings, horizon=timedelta(days=2))
    plan = make_plan(some, around, now=NOW, settings=settings)
    pieces = [piece for one in plan.placed for piece in one.pieces]
    for one in plan.unplaced:
        if "it fits without" not in one.reason.change:
            continue
        named = [event for event in around if f"“{event.title}”" in one.reason.change]
        assert named
        others, _ = busy_spans(
            [event for event in around if event not in named], settings, NOW, plan.end + settings.buffer
        )
        slots = time_left(working_time(settings, NOW, plan.end), others, settings.buffer)
        wish = wish_of(one.ranked.task, now=NOW, end=plan.end, settings=settings)
        assert pieces_for(wish, without(slots, pieces))
        if wish.shortest is None:
            [alone] = place([wish], slots).values()
            assert wish.until is None or alone[-1].end <= wish.until


@SOME
@given(pressing_tasks(), full_days(), all_settings())
def test_a_task_fits_when_exactly_those_are_put_off_that_its_reason_names(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    settings = replace(settings, horizon=timedelta(days=2))
    plan = make_plan(some, around, now=NOW, settings=settings)
    placed = {one.ranked.task.id: one.pieces for one in plan.placed}
    for one in plan.unplaced:
        wish = wish_of(one.ranked.task, now=NOW, end=plan.end, settings=settings)
        away = set(one.reason.put_off)
        for stays in {None, *away}:
            kept = placed.keys() - away | {stays}
            pieces = sorted(piece for name in kept - {None} for piece in placed[name])
            fits = bool(pieces_for(wish, without(plan.slots, pieces)))
            assert fits == (bool(away) and stays is None)


@given(pressing_tasks(), full_days(), all_settings())
def test_a_task_fits_when_it_is_shortened_or_split_as_its_reason_says(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    settings = replace(settings, horizon=timedelta(days=2))
    plan = make_plan(some, around, now=NOW, settings=settings)
    left = without(plan.slots, sorted(piece for one in plan.placed for piece in one.pieces))
    for one in plan.unplaced:
        wish = wish_of(one.ranked.task, now=NOW, end=plan.end, settings=settings)
        said = re.fullmatch(
            r"it fits if it (takes|may be split into pieces of) (.+) or (less|more)", one.reason.change
        )
        match said and said[1]:
            case "takes":
                followed = replace(wish, needed=_read_duration(said[2]))
            case "may be split into pieces of":
                followed = replace(wish, shortest=_read_duration(said[2]))
            case _:
                continue
        assert not pieces_for(wish, left)
        assert pieces_for(followed, left)


def _read_duration(text: str) -> timedelta:
    parts = re.fullmatch(r"(?:(\d+) h)? ?(?:(\d+) min)?", text)
    assert parts is not None, text
    return timedelta(hours=int(parts[1] or 0), minutes=int(parts[2] or 0))


@given(tasks(), events(), all_settings())
def test_what_can_be_met_is_not_late(some: list[Task], around: list[Event], settings: Settings) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    for one in plan.placed:
        ends = [e for e in (one.ranked.task.deadline, one.ranked.task.due) if e is not None]
        assert not one.late or ends
