"""What may be there twice, and what only looks like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from task_priority.model import Task, TaskId
from task_priority.moments import Day
from task_priority.ranking.doubles import doubles_of
from tests.task_priority.cases import make_task

MONDAY, TUESDAY = Day(date(2026, 11, 23)), Day(date(2026, 11, 24))


def told(*tasks: Task) -> list[list[str]]:
    return [[task.id for task in some] for some in doubles_of(tasks)]


def named(id: str, title: str, **facts: object) -> Task:
    return replace(make_task(title), id=TaskId(id), **facts)  # type: ignore[arg-type]


def test_the_same_words_in_another_order_case_and_accent_are_alike() -> None:
    assert told(
        named("todoist:1", "Café: call Zoë"), named("ics:2", "call zoe, CAFE"), named("ics:3", "call Zoë")
    ) == [["ics:2", "todoist:1"]]


def test_what_comes_from_two_sources_may_be_due_at_different_times() -> None:
    assert told(named("todoist:1", "Pay rent", due=MONDAY), named("google-tasks:2", "Pay rent")) == [
        ["google-tasks:2", "todoist:1"]
    ]


def test_what_one_source_has_for_several_days_or_in_several_places_is_no_double() -> None:
    days = [named("todoist:1", "Water", due=MONDAY), named("todoist:2", "Water", due=TUESDAY)]
    parts = [named(f"todoist:{n}", "Test it", parent=TaskId(f"todoist:{n}0")) for n in (3, 4)]
    assert told(*days, *parts) == []
    assert told(*days, named("todoist:5", "water", due=MONDAY)) == [["todoist:1", "todoist:5"]]


def test_headings_and_titles_without_words_are_none() -> None:
    headings = [named(f"todoist:{n}", "Today", actionable=False) for n in (1, 2)]
    assert told(*headings, named("todoist:3", "…"), named("todoist:4", "!")) == []


def test_words_of_any_script_are_told_apart_by_what_is_no_letter_digit_or_underscore() -> None:
    alike = [named("todoist:1", "Straße_7: ﬁx – №2"), named("ics:2", "№2; fix \tSTRASSE_7!")]
    kanji = [named("todoist:3", "買う\u3000牛乳"), named("ics:4", "牛乳、買う")]
    others = [named("ics:5", "Straße 7: fix №2"), named("ics:6", "買う牛乳")]
    assert told(*alike, *kanji, *others) == [["ics:2", "todoist:1"], ["ics:4", "todoist:3"]]
