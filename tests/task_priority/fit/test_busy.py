"""Which events take time up, and by which rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from task_priority.fit.busy import busy_spans
from task_priority.model import Answer, Event, EventKind
from task_priority.moments import Day
from task_priority.settings import BusyRules
from tests.task_priority.cases import SETTINGS, at, make_event

MEETING = make_event(at(26, 10), at(26, 11))
ALL_DAY = make_event(Day(date(2026, 11, 26)), Day(date(2026, 11, 27)))
START, END = at(26, 0), at(28, 0)


def rule_of(event: Event, rules: BusyRules | None = None) -> tuple[bool, str]:
    busy, unheeded = busy_spans([event], replace(SETTINGS, busy=rules or BusyRules()), START, END)
    return (True, busy[0].rule) if busy else (False, unheeded[0].rule)


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (MEETING, (True, "it takes place")),
        (replace(MEETING, answer=Answer.ACCEPTED), (True, "it takes place")),
        (replace(MEETING, answer=Answer.TENTATIVE), (True, "you answered maybe")),
        (replace(MEETING, answer=Answer.OPEN), (True, "you have not answered it, and may have to be there")),
        (replace(MEETING, answer=Answer.DECLINED), (False, "you declined it")),
        (replace(MEETING, cancelled=True), (False, "it is cancelled")),
        (replace(MEETING, transparent=True), (False, "it is shown as free")),
        (replace(MEETING, kind=EventKind.WORKING_LOCATION), (False, "it says where you work")),
        (replace(MEETING, kind=EventKind.FOCUS_TIME), (False, "it is focus time")),
        (ALL_DAY, (False, "it lasts all day")),
        (replace(ALL_DAY, kind=EventKind.OUT_OF_OFFICE), (True, "you are out of office")),
        (replace(MEETING, end=MEETING.start), (False, "it has no length")),
    ],
)
def test_the_rule_is_told(event: Event, verdict: tuple[bool, str]) -> None:
    assert rule_of(event) == verdict


@pytest.mark.parametrize(
    ("event", "rules"),
    [
        (replace(MEETING, answer=Answer.TENTATIVE), BusyRules(tentative=False)),
        (replace(MEETING, answer=Answer.OPEN), BusyRules(unanswered=False)),
        (ALL_DAY, BusyRules(all_day=True)),
        (replace(ALL_DAY, kind=EventKind.OUT_OF_OFFICE), BusyRules(out_of_office=False)),
        (replace(MEETING, kind=EventKind.FOCUS_TIME), BusyRules(focus_time=True)),
        (replace(MEETING, kind=EventKind.BIRTHDAY), BusyRules(birthday=True)),
    ],
)
def test_rules_can_be_turned(event: Event, rules: BusyRules) -> None:
    assert rule_of(event, rules)[0] is not rule_of(event)[0]


def test_an_all_day_event_is_a_day_of_its_owner() -> None:
    (busy,), _ = busy_spans([ALL_DAY], replace(SETTINGS, busy=BusyRules(all_day=True)), START, END)
    assert (busy.start, busy.end) == (at(26, 0), at(27, 0))


def test_what_lies_outside_is_not_told() -> None:
    assert busy_spans([make_event(at(20, 9), at(20, 10))], SETTINGS, START, END) == ([], [])
