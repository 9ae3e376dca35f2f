"""Why a task has no place in the plan, and what would help."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time, timedelta

import pytest

from task_priority.fit.placing import Piece
from task_priority.fit.plan import make_plan
from task_priority.fit.reasons import Constraint, Reason
from task_priority.model import Event, Priority, Task
from task_priority.moments import Day
from task_priority.settings import Settings
from tests.task_priority.cases import NOW, SETTINGS, Hours, at, make_event, make_task

FRIDAY = date(2026, 11, 27)
TWO_DAYS = replace(SETTINGS, horizon=timedelta(days=2))
WEEKDAYS = replace(TWO_DAYS, working_hours=Settings().working_hours)


def reason_for(name: str, tasks: list[Task], events: list[Event], settings: Settings = TWO_DAYS) -> Reason:
    plan = make_plan(tasks, events, now=NOW, settings=settings)
    return next(one.reason for one in plan.unplaced if one.ranked.task.title == name)


def test_there_is_not_enough_time_before_its_deadline() -> None:
    conference = make_event(at(26, 9), at(27, 15, 30), "conference")
    report = make_task("report", 180, deadline=FRIDAY, labels=("whole",))
    reason = reason_for("report", [report], [conference])
    assert reason.constraint is Constraint.NO_TIME
    assert reason.text == "needs 3 h before the end of Friday, 1 h 30 min free"
    assert reason.change == "it fits if it takes 1 h 30 min or less"


def test_what_cannot_be_in_time_is_planned_late_and_says_what_binds() -> None:
    report = make_task("report", 180, deadline=date(2026, 11, 26), labels=("whole",))
    plan = make_plan([report], [make_event(at(26, 9), at(26, 15))], now=NOW, settings=TWO_DAYS)
    (placed,) = plan.placed
    assert placed.late
    assert placed.pieces == (Piece(at(27, 9), at(27, 12)),)
    assert placed.missed is not None
    assert placed.missed.text == "needs 3 h before the end of Thursday, 2 h free"
    assert placed.missed.change == "it fits if it may be done by Friday 12:00"


def test_what_is_due_today_when_the_day_is_over_comes_first_tomorrow() -> None:
    urgent = make_task("urgent", 60, priority=Priority.URGENT, due=Day(date(2026, 11, 26)))
    others = [make_task(f"other {number}", 60) for number in range(20)]
    plan = make_plan([*others, urgent], [], now=at(26, 18), settings=replace(SETTINGS, horizon=timedelta(3)))
    first = plan.placed[0]
    assert (first.ranked.task.title, first.late) == ("urgent", True)
    assert first.pieces == (Piece(at(27, 9), at(27, 10)),)
    assert first.missed is not None
    assert first.missed.text == "needs 1 h before the end of Thursday, 0 min free"
    assert first.missed.change == "it fits if it may be done by Friday 10:00"


def test_what_is_late_comes_before_what_is_less_wanted_in_a_full_week() -> None:
    urgent = make_task("urgent", 60, priority=Priority.URGENT, due=Day(date(2026, 11, 26)))
    others = [make_task(f"other {number}", 60) for number in range(60)]
    plan = make_plan([*others, urgent], [], now=at(26, 18), settings=replace(SETTINGS, horizon=timedelta(3)))
    assert plan.placed[0].ranked.task.title == "urgent"


def test_what_can_be_in_time_is_not_late_for_the_sake_of_a_higher_one_that_cannot() -> None:
    late = make_task("late", 120, priority=Priority.URGENT, deadline=date(2026, 11, 26))
    soon = make_task("soon", 8 * 60, deadline=FRIDAY)
    settings = replace(SETTINGS, horizon=timedelta(days=3))
    plan = make_plan([late, soon], [make_event(at(26, 9), at(26, 17))], now=NOW, settings=settings)
    assert plan.ranked[0].task is late
    assert [(one.ranked.task.title, one.late) for one in plan.placed] == [("soon", False), ("late", True)]


def test_what_is_ranked_higher_has_the_time() -> None:
    first = make_task("first", 8 * 60, priority=Priority.URGENT, labels=("whole",))
    reason = reason_for("second", [first, make_task("second", 8 * 60)], [])
    assert reason.constraint is Constraint.TAKEN
    assert reason.text == "needs 8 h, 7 h 53 min left; the rest goes to what is ranked higher or due earlier"
    assert reason.change == "it fits if it takes 7 h 53 min or less"


def test_it_needs_one_piece_and_there_are_only_shorter_ones() -> None:
    lunch = [make_event(at(day, 12), at(day, 13), f"lunch {day}") for day in (26, 27, 28)]
    reason = reason_for("paint", [make_task("paint", 300, labels=("whole",))], lunch)
    assert reason.constraint is Constraint.IN_PIECES
    assert reason.text == "needs 5 h in one piece, the longest that is free is 4 h"
    assert reason.change == "it fits if it may be split into pieces of 30 min or more"


def test_there_are_no_working_hours() -> None:
    asleep = replace(TWO_DAYS, working_hours={})
    reason = reason_for("dream", [make_task("dream")], [], asleep)
    assert reason.text == "needs 30 min, 0 min free"
    assert reason.change == "it needs longer working hours, or a longer plan"


def test_an_event_outside_of_working_hours_is_not_named() -> None:
    concert = make_event(at(28, 20), at(28, 23), "Concert")
    plan = make_plan([make_task("letter")], [concert], now=at(27, 18), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it needs longer working hours, or a longer plan"


def test_only_an_event_that_makes_room_is_named() -> None:
    events = [
        make_event(at(27, 9), at(27, 17), "Conference"),
        make_event(at(27, 18), at(28, 6), "Night train"),
    ]
    plan = make_plan([make_task("call", deadline=FRIDAY)], events, now=at(27, 8), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it fits without “Conference” (8 h)"


def test_the_shortest_event_that_makes_room_is_named() -> None:
    spans = [(at(27, 9), at(27, 9, 10)), (at(27, 9, 10), at(27, 10)), (at(27, 10), at(27, 17))]
    events = [make_event(*span, f"meeting {number}") for number, span in enumerate(spans)]
    plan = make_plan([make_task("call", deadline=FRIDAY)], events, now=at(27, 8), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it fits without “meeting 1” (50 min)"


def test_the_least_wanted_task_that_makes_room_is_named() -> None:
    wanted = [make_task(name, 470, priority=Priority.HIGH) for name in ("first", "second")]
    wanted.append(make_task("third", 6, priority=Priority.RAISED))
    reason = reason_for("fourth", [*wanted, make_task("fourth", 240)], [])
    assert reason.constraint is Constraint.TAKEN
    assert reason.change == "it fits if “second” is put off"
    assert reason.put_off == ("test:second",)


def test_as_many_tasks_as_must_be_put_off_together_are_named() -> None:
    hours = [make_task(f"hour {number}", 59, priority=Priority.HIGH) for number in range(16)]
    reason = reason_for("paint", [*hours, make_task("paint", 170, labels=("whole",))], [])
    assert reason.change == "it fits if “hour 9”, “hour 8” and “hour 7” are put off"
    settings = replace(TWO_DAYS, split=False)
    longer = reason_for("paint", [*hours, make_task("paint", 290, labels=("whole",))], [], settings)
    assert longer.change.endswith("” and 2 other tasks are put off")
    assert len(longer.put_off) == 5


def test_both_events_are_named_that_take_the_same_time() -> None:
    events = [make_event(at(27, 9), at(27, 17), name) for name in ("Conference", "Workshop")]
    plan = make_plan([make_task("call", deadline=FRIDAY)], events, now=at(27, 8), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it fits without “Conference” and “Workshop”"


def test_as_few_events_as_make_room_together_are_named_in_order() -> None:
    hours = [make_event(at(27, hour), at(27, hour + 1), f"meeting {hour}") for hour in range(9, 17)]
    hours[2] = make_event(at(27, 11), at(27, 11, 40), "call")
    whole = make_task("paint", 110, deadline=FRIDAY, labels=("whole",))
    plan = make_plan([whole], hours, now=at(27, 8), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it fits without “meeting 9” and “meeting 10”"
    split = make_task("paint", 240, deadline=FRIDAY)
    plan = make_plan([split], hours, now=at(27, 8), settings=WEEKDAYS)
    change = "it fits without “meeting 13”, “meeting 14”, “meeting 15” and “meeting 16”"
    assert plan.unplaced[0].reason.change == change


def test_many_events_are_not_named_one_by_one() -> None:
    events = [make_event(at(27, 9), at(27, 17), f"talk {number}") for number in range(12)]
    plan = make_plan([make_task("call", deadline=FRIDAY)], events, now=at(27, 8), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it needs more of the time that events take up"


def test_what_needs_the_time_of_events_and_of_other_tasks_says_so() -> None:
    names = ("Conference", "Workshop")
    events = [make_event(at(27, 13), at(27, 15), name) for name in names]
    events += [make_event(at(27, 9), at(27, 13), f"{name} again") for name in names]
    first = make_task("first", 120, priority=Priority.URGENT, deadline=FRIDAY)
    second = make_task("second", 240, deadline=FRIDAY, labels=("whole",))
    plan = make_plan([first, second], events, now=at(27, 8), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it needs more of the time that events and other tasks take up"


def test_what_ends_on_a_day_without_working_hours_says_so() -> None:
    letter = make_task("letter", deadline=date(2026, 11, 28))
    plan = make_plan([letter], [], now=at(27, 18), settings=WEEKDAYS)
    assert plan.unplaced[0].reason.change == "it needs longer working hours, or an end after this plan"


def test_hours_that_end_before_they_start_are_refused() -> None:
    with pytest.raises(ValueError, match="hours end at 09:00, before they start at 17:00"):
        Hours(time(17), time(9))
