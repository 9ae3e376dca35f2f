from __future__ import annotations

from datetime import timedelta

import pytest

from task_priority.fit.slots import FreeTime
from task_priority.ranking.rank import Ranked, rank
from task_priority.ranking.terms import Present
from task_priority.references import candidates
from tests.task_priority.cases import NOW, SETTINGS, make_task


@pytest.fixture
def ranked() -> list[Ranked]:
    titles = ("Write the Report", "Write to Anna", "report", "7up for the party")
    tasks = [make_task(title) for title in titles]
    return rank(tasks, Present(NOW, FreeTime([]), NOW + timedelta(days=28), SETTINGS))


@pytest.mark.parametrize(
    ("reference", "titles"),
    [
        ("test:Write to Anna", {"Write to Anna"}),
        ("Write to Anna", {"Write to Anna"}),
        ("test:Write t", {"Write to Anna", "Write the Report"}),
        ("Write the", {"Write the Report"}),
        ("report", {"report"}),
        ("REPORT", {"report"}),
        ("report WRITE", {"Write the Report"}),
        ("anna", {"Write to Anna"}),
        ("write", {"Write the Report", "Write to Anna"}),
        ("7", {"7up for the party"}),
        ("nothing of it", set()),
        ("", set()),
        ("  ", set()),
        ("²", set()),
    ],
)
def test_a_task_is_meant_by_its_id_its_title_or_words_of_it(
    ranked: list[Ranked], reference: str, titles: set[str]
) -> None:
    assert {one.task.title for one in candidates(ranked, reference)} == titles


@pytest.mark.parametrize("reference", ["2", "#2", " 2 "])
def test_a_task_is_meant_by_its_place(ranked: list[Ranked], reference: str) -> None:
    assert candidates(ranked, reference) == [ranked[1]]
