"""Which comments were written on tasks that were completed before."""

from __future__ import annotations

from typing import Any

import pytest

from task_priority.exporters.todoist.changes import changes_of
from task_priority.exporters.todoist.late_comments import without_late_comments

DONE = {"id": "t", "checked": True, "completed_at": "2026-03-02T09:00:00Z"}
NOTE = {"id": "n", "item_id": "t", "posted_at": "2026-03-02T09:00:00.000001Z"}


def late(item: dict[str, Any], note: dict[str, Any]) -> list[str | None]:
    answer = {"sync_token": "next", "full_sync": False, "items": [item], "notes": [note]}
    changes = without_late_comments(changes_of(answer, asked="token"), answer)
    assert len(changes.found) + len(changes.set_aside) == 2
    return [one.id for one in changes.set_aside]


def test_one_that_was_written_after_its_task_was_completed_is_late() -> None:
    assert late(DONE, NOTE) == ["n"]


@pytest.mark.parametrize(
    ("item", "note"),
    [
        ({}, {"posted_at": "2026-03-02T08:59:59Z"}),
        ({}, {"posted_at": None}),
        ({}, {"item_id": "other"}),
        ({}, {"item_id": None, "project_id": "p"}),
        ({}, {"is_deleted": True}),
        ({"checked": False}, {}),
        ({"completed_at": None}, {}),
        ({"completed_at": "soon"}, {}),
    ],
)
def test_any_other_is_not(item: dict[str, Any], note: dict[str, Any]) -> None:
    assert late(DONE | item, NOTE | note) == []
