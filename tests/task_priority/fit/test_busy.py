"""Which events take time up, and by which rule."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date

import pytest

from task_priority.fit.busy import busy_spans, judge
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
        (replace(MEETING, kind=EventKind.BIRTHDAY, transparent=True), BusyRules(birthday=True)),
        (
            replace(ALL_DAY, kind=EventKind.WORKING_LOCATION, transparent=True),
            BusyRules(working_location=True),
        ),
        (replace(MEETING, answer=Answer.DECLINED), BusyRules(declined=True)),
        (replace(MEETING, transparent=True), BusyRules(transparent=True)),
    ],
)
def test_rules_can_be_turned(event: Event, rules: BusyRules) -> None:
    assert rule_of(event, rules)[0] is not rule_of(event)[0]


@pytest.mark.parametrize("setting", [field.name for field in fields(BusyRules)])
def test_each_setting_decides_of_what_names_it(setting: str) -> None:
    some = [
        replace(one, answer=answer, kind=kind, transparent=transparent)
        for one in (MEETING, ALL_DAY)
        for answer in Answer
        for kind in EventKind
        for transparent in (False, True)
    ]
    off, on = (replace(BusyRules(), **{setting: value}) for value in (False, True))
    named = [one for one in some if judge(one, off).setting == setting]
    assert named
    assert not [one for one in named if judge(one, off).busy]
    turned = [one for one in some if judge(one, on).setting == setting]
    assert turned
    assert all(judge(one, on).busy for one in turned)
    others = [one for one in some if one not in named]
    assert [judge(one, on) for one in others] == [judge(one, off) for one in others]


def test_an_all_day_event_is_a_day_of_its_owner() -> None:
    (busy,), _ = busy_spans([ALL_DAY], replace(SETTINGS, busy=BusyRules(all_day=True)), START, END)
    assert (busy.start, busy.end) == (at(26, 0), at(27, 0))


def test_what_lies_outside_is_not_told() -> None:
    assert busy_spans([make_event(at(20, 9), at(20, 10))], SETTINGS, START, END) == ([], [])
