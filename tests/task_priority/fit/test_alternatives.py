"""Where else a task could have gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given

from task_priority.fit.alternatives import alternatives
from task_priority.fit.plan import Plan, make_plan
from task_priority.model import Event, Priority, Task
from task_priority.settings import Settings, Weights
from tests.task_priority.cases import NOW, SETTINGS, all_settings, at, events, make_event, make_task, tasks

LUNCH = make_event(at(26, 12), at(26, 13), "lunch")


def lost(plan: Plan, title: str) -> list[tuple[str, str]]:
    placed = next(one for one in plan.placed if one.ranked.task.title == title)
    return [
        (f"{one.piece.start.astimezone(SETTINGS.zone):%a %H:%M}", one.why_not)
        for one in alternatives(plan, placed)
    ]


def test_what_is_ranked_higher_has_the_earlier_time_and_the_rest_is_later() -> None:
    first = make_task("first", 60, priority=Priority.URGENT)
    plan = make_plan([first, make_task("second", 60)], [LUNCH], now=NOW, settings=SETTINGS)
    assert lost(plan, "second") == [
        ("Thu 09:07", "“first” is there, which is ranked higher (30 points)"),
        ("Thu 13:00", "it is later"),
        ("Fri 09:00", "it is later"),
    ]


def test_what_would_be_late_otherwise_has_the_earlier_time() -> None:
    high = make_task("high", 120, priority=Priority.URGENT, deadline=date(2026, 11, 29), labels=("whole",))
    low = make_task("low", 120, deadline=date(2026, 11, 26))
    settings = replace(SETTINGS, weights=Weights(labels={"whole": 100}))
    plan = make_plan([high, low], [make_event(at(26, 12), at(26, 17))], now=NOW, settings=settings)
    assert [one.ranked.task.title for one in plan.placed] == ["low", "high"]
    assert plan.ranked[0].task.title == "high"
    assert lost(plan, "high")[0] == ("Thu 09:07", "“low” is there, which would be late otherwise")


@given(tasks(), events(), all_settings())
def test_each_alternative_is_free_working_time_and_has_a_reason(
    some: list[Task], around: list[Event], settings: Settings
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    for placed in plan.placed:
        needed = sum((piece.length for piece in placed.pieces), timedelta(0))
        for one in alternatives(plan, placed):
            assert one.piece.length == needed
            assert one.piece.start != placed.pieces[0].start
            assert any(slot.start <= one.piece.start and one.piece.end <= slot.end for slot in plan.slots)
            assert one.why_not
