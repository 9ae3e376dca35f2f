"""What moves a task up and down, with which evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from task_priority.fit.slots import FreeTime, Slot
from task_priority.model import Priority, Task, TaskId
from task_priority.moments import Day
from task_priority.ranking.rank import Ranked, rank
from task_priority.ranking.status import Quadrant, Status
from task_priority.ranking.terms import Present
from task_priority.settings import Settings, Weights
from tests.task_priority.cases import NOW, SETTINGS, at, make_task

FREE = FreeTime([Slot(at(26, 10), at(26, 12)), Slot(at(27, 9), at(27, 11))])
TODAY = Day(date(2026, 11, 26))


def ranked(*tasks: Task, settings: Settings = SETTINGS) -> list[Ranked]:
    return rank(tasks, Present(NOW, FREE, NOW + timedelta(days=28), settings))


def terms(task: Task, settings: Settings = SETTINGS) -> dict[str, tuple[int, str]]:
    (one,) = ranked(task, settings=settings)
    return {term.name: (term.points, term.evidence) for term in one.terms}


@pytest.mark.parametrize(
    ("task", "name", "term"),
    [
        (make_task("a", due=TODAY), "due", (30, "due today")),
        (make_task("a", due=Day(date(2026, 11, 29))), "due", (15, "due Sun 29 Nov")),
        (make_task("a", deadline=date(2026, 11, 27)), "due", (24, "deadline tomorrow")),
        (make_task("a", due=Day(date(2026, 11, 25))), "overdue", (30, "overdue by 1 day")),
        (make_task("a", due=Day(date(2026, 11, 24))), "overdue", (35, "overdue by 2 days")),
        (make_task("a", 60, due=TODAY), "slack", (15, "needs 1 h of the 2 h that are free until today")),
        (make_task("a", 180, due=TODAY), "slack", (30, "needs 3 h of the 2 h that are free until today")),
        (make_task("a", priority=Priority.URGENT), "priority", (30, "priority p1")),
        (make_task("a", added=NOW - timedelta(days=30)), "age", (5, "written down 30 days ago")),
        (make_task("a", 10), "quick", (6, "takes 10 min")),
        (make_task("a", None, labels=("15m",)), "quick", (6, "takes 15 min (label @15m)")),
        (make_task("a", None, labels=("30m", "@20M")), "quick", (3, "takes 20 min (label @20M)")),
        (
            make_task("a", None, due=TODAY, labels=("1h",)),
            "slack",
            (15, "needs 1 h (label @1h) of the 2 h that are free until today"),
        ),
        (
            make_task("a", 60, due=TODAY, labels=("15m",)),
            "slack",
            (15, "needs 1 h of the 2 h that are free until today"),
        ),
        (make_task("a", labels=("waiting",)), "waiting", (-60, "it has the label @waiting")),
        (make_task("a", assignee="Kari"), "waiting", (-60, "it is assigned to Kari")),
        (make_task("a", labels=("Someday",)), "someday", (-80, "it has the label @Someday")),
        (make_task("a", labels=("blocked",)), "blocked", (-40, "it has the label @blocked")),
    ],
)
def test_a_term_and_its_evidence(task: Task, name: str, term: tuple[int, str]) -> None:
    assert terms(task)[name] == term


def test_labels_and_projects_weigh_what_the_settings_say() -> None:
    settings = replace(SETTINGS, weights=Weights(labels={"fun": 7}, projects={"House": -3}))
    found = terms(make_task("a", 60, labels=("fun", "other"), project="House"), settings)
    assert found == {"label fun": (7, "label @fun"), "project House": (-3, "project “House”")}


def test_a_task_waits_for_its_open_parts() -> None:
    parts = [make_task(name, parent=TaskId("test:whole")) for name in ("one", "two")]
    whole = next(one for one in ranked(make_task("whole"), *parts) if one.task.title == "whole")
    assert whole.standing.status is Status.BLOCKED
    assert whole.standing.reason == "2 of its sub-tasks are open, among them “one”"


def test_a_task_that_is_its_own_ancestor_blocks_nobody() -> None:
    round_in_a_circle = [
        make_task("a", parent=TaskId("test:b")),
        make_task("b", parent=TaskId("test:a")),
        make_task("c", parent=TaskId("test:c")),
        make_task("d", parent=TaskId("test:gone")),
    ]
    assert {one.standing.status for one in ranked(*round_in_a_circle)} == {Status.NEXT_ACTION}


@pytest.mark.parametrize(
    ("task", "quadrant"),
    [
        (make_task("a", priority=Priority.HIGH, due=TODAY), Quadrant.DO),
        (make_task("a", priority=Priority.HIGH), Quadrant.SCHEDULE),
        (make_task("a", due=TODAY), Quadrant.DELEGATE),
        (make_task("a", due=Day(date(2026, 12, 10))), Quadrant.DROP),
        (make_task("a", 600, due=Day(date(2026, 12, 10))), Quadrant.DELEGATE),  # its time is running out
        (make_task("a", labels=("important",)), Quadrant.SCHEDULE),
        (
            make_task("a", priority=Priority.HIGH, due=Day(date(2026, 11, 1)), deadline=date(2027, 1, 1)),
            Quadrant.DO,
        ),
    ],
)
def test_the_quadrant(task: Task, quadrant: Quadrant) -> None:
    assert ranked(task)[0].quadrant is quadrant


def test_of_equal_scores_what_ends_earlier_comes_first_then_what_is_older() -> None:
    no_weights = replace(SETTINGS, weights=Weights(0, 0, 0, {}, 0, 0, 0, 0, 0))
    tasks = [
        make_task("new", added=NOW),
        make_task("old", added=NOW - timedelta(days=1)),
        make_task("late", due=Day(date(2026, 12, 1))),
        make_task("soon", due=Day(date(2026, 11, 28))),
    ]
    assert [one.task.title for one in ranked(*tasks, settings=no_weights)] == ["soon", "late", "old", "new"]
    assert [one.place for one in ranked(*tasks)] == [1, 2, 3, 4]


def test_a_heading_is_not_ranked() -> None:
    assert ranked(make_task("a", actionable=False)) == []
