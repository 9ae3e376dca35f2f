"""How long a task takes: what its service says, else what its labels say."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from task_priority.fit.plan import make_plan
from task_priority.ranking.lengths import Length, duration_of_label, length_of
from task_priority.ranking.terms import needed_by
from tests.task_priority.cases import NOW, SETTINGS, make_task


@pytest.mark.parametrize(
    ("label", "minutes"),
    [
        ("15m", 15),
        ("@30m", 30),
        ("30min", 30),
        ("90M", 90),
        ("999m", 999),
        ("2h", 120),
        ("@2H", 120),
        ("1h30m", 90),
        ("1h30", 90),
        ("1h5m", 65),
        ("@1H30min", 90),
        ("0h30", 30),
        ("99h59m", 5999),
    ],
)
def test_a_label_that_is_a_length(label: str, minutes: int) -> None:
    assert duration_of_label(label) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "label",
    [
        *("", "@", "m", "h", "5", "0m", "0h", "0h0m", "-5m", "1.5h", "1000m", "100h", "1h60m", "1h 30m"),
        *(
            "30 m",
            "30m ",
            "30m\n",
            "@@30m",
            "30mi",
            "30mins",
            "30m2h",
            "h30m",
            "15m-call",
            "2d",
            "\u0663\u0660m",
        ),
    ],
)
def test_a_label_that_is_no_length(label: str) -> None:
    assert duration_of_label(label) is None


def test_what_the_service_says_comes_before_a_label() -> None:
    assert length_of(make_task("a", 60, labels=("15m",))) == Length(timedelta(hours=1))


def test_a_task_without_a_length_is_taken_to_need_the_default() -> None:
    task = make_task("a", None, labels=("0m", "phone"))
    assert length_of(task) is None
    assert needed_by(task, SETTINGS) == SETTINGS.default_duration


def test_the_shortest_of_several_labels_counts_whatever_their_order() -> None:
    for labels in permutations(("phone", "1h", "@20m", "90m")):
        assert length_of(make_task("a", None, labels=labels)) == Length(timedelta(minutes=20), "20m")


def test_a_label_of_a_length_is_what_the_plan_gives() -> None:
    plan = make_plan([make_task("a", None, labels=("@15m",))], [], now=NOW, settings=SETTINGS)
    assert [piece.length for one in plan.placed for piece in one.pieces] == [timedelta(minutes=15)]
    assert plan.balance.wanted == timedelta(minutes=15)
