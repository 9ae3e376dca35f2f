"""What goes with what it belongs to."""

from __future__ import annotations

from typing import Any

from crossdock.exporting import Found
from task_priority.exporters.todoist.owners import without_owners


def found(kind: str, id: str, **data: Any) -> Found:
    return Found(kind, id, {"id": id, **data})


def gone(kind: str, id: str) -> Found:
    return Found(kind, id, None)


def test_what_belongs_to_something_gone_is_gone_with_it_by_way_of_others_too() -> None:
    objects = [
        found("projects", "home"),
        found("sections", "kitchen", project_id="home"),
        found("tasks", "paint", section_id="kitchen", project_id="home"),
        found("tasks", "buy", parent_id="paint"),
        found("comments", "white", item_id="buy"),
        found("comments", "kept", item_id="other"),
        found("tasks", "other", section_id=None, parent_id=None, project_id="work"),
        gone("projects", "home"),
    ]
    expected = [
        gone("sections", "kitchen"), gone("tasks", "paint"), gone("tasks", "buy"), gone("comments", "white"),
    ]  # fmt: skip
    assert sorted(without_owners(objects), key=lambda one: one.id) == sorted(expected, key=lambda one: one.id)


def test_what_was_moved_before_its_owner_went_stays() -> None:
    moved = [
        found("tasks", "a", project_id="old"),
        gone("projects", "old"),
        found("tasks", "a", project_id="new"),
    ]
    assert without_owners(moved) == []


def test_ids_that_are_numbers_are_the_same_ids() -> None:
    assert without_owners([found("comments", "c", item_id=7), gone("tasks", "7")]) == [gone("comments", "c")]
