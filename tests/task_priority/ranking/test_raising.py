"""What would move a task up does: with just those points, to just that place."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from task_priority.fit.plan import make_plan
from task_priority.model import Event, Priority, Task, TaskId
from task_priority.moments import Day
from task_priority.ranking.raising import Raise, raises
from task_priority.settings import Settings, Weights
from tests.task_priority.cases import NOW, SETTINGS, all_settings, events, make_task, tasks


def raises_of(name: str, some: list[Task], settings: Settings = SETTINGS) -> list[Raise]:
    plan = make_plan(some, [], now=NOW, settings=settings)
    one = next(one for one in plan.ranked if one.task.title == name)
    return raises(one, plan.ranked, plan.present)


def test_the_first_cannot_be_moved_up() -> None:
    assert raises_of("one", [make_task("one")]) == []


def test_the_lowest_priority_that_moves_it_up_is_told() -> None:
    others = [make_task("high", priority=Priority.HIGH), make_task("raised", priority=Priority.RAISED)]
    found = raises_of("z", [*others, make_task("z")])
    assert [one for one in found if one.change.startswith("priority")] == [Raise("priority p2", 18, 2)]


def test_what_stands_in_its_way_is_told_first() -> None:
    others = [make_task("other"), make_task("part", parent=TaskId("test:whole"))]
    assert raises_of("whole", [*others, make_task("whole", priority=Priority.HIGH)])[0] == Raise(
        "its sub-tasks done", 40, 1
    )
    under = [make_task("other"), make_task("Heading:", parent=TaskId("test:whole"), actionable=False)]
    assert raises_of("whole", [*under, make_task("whole", priority=Priority.HIGH)])[0] == Raise(
        "its sub-tasks done", 40, 1
    )
    labelled = [make_task("other"), make_task("mine", labels=("someday",))]
    assert raises_of("mine", labelled)[0] == Raise("without the label @someday", 80, 1)
    assigned = [make_task("other"), make_task("hers", assignee="Kari")]
    assert raises_of("hers", assigned)[0] == Raise("assigned to you", 60, 1)


def test_labels_that_have_points_are_told() -> None:
    weights = Weights(labels={"now": 9})
    found = raises_of(
        "b", [make_task("a", priority=Priority.RAISED), make_task("b")], replace(SETTINGS, weights=weights)
    )
    assert Raise("with the label @now", 9, 1) in found


@settings(max_examples=40)
@given(tasks(), events(), all_settings(), st.integers(0, 7))
def test_a_task_that_is_due_today_has_the_place_that_was_told(
    some: list[Task], around: list[Event], settings: Settings, number: int
) -> None:
    plan = make_plan(some, around, now=NOW, settings=settings)
    for one in plan.ranked[number : number + 1]:
        found = {each.change: each for each in raises(one, plan.ranked, plan.present)}
        if "due today" in found:
            due = Day(NOW.astimezone(settings.zone).date())
            changed = [replace(task, due=due) if task.id == one.task.id else task for task in some]
            again = make_plan(changed, around, now=NOW, settings=settings)
            after = next(each for each in again.ranked if each.task.id == one.task.id)
            told = found["due today"]
            assert (after.score - one.score, after.place) == (told.points, told.place)
