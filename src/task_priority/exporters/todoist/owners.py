"""What is gone with what it belongs to: Todoist does not always tell it, least of all after an old full answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from crossdock.exporting import Found
from task_priority.exporters.todoist.changes import id_of

_OWNERS: Final[Mapping[str, Mapping[str, str]]] = {
    "sections": {"project_id": "projects"},
    "tasks": {"project_id": "projects", "section_id": "sections", "parent_id": "tasks"},
    "comments": {"item_id": "tasks", "project_id": "projects"},
}
"""By kind, the fields that name what an object belongs to, and of which kind that is."""


def without_owners(found: Iterable[Found]) -> list[Found]:
    """Return as gone what belongs to something gone, directly or by way of others.

    Args:
        found: Objects in the order received; of two with the same kind and id the later one counts.
    """
    last = {(one.kind, one.id): one for one in found}
    gone = {key for key, one in last.items() if one.data is None}
    left = [one for key, one in last.items() if key not in gone and one.kind in _OWNERS]
    orphans: list[Found] = []
    while more := [one for one in left if _belongs_to(one, gone)]:
        gone |= {(one.kind, one.id) for one in more}
        orphans += more
        left = [one for one in left if (one.kind, one.id) not in gone]
    return [Found(one.kind, one.id, None) for one in orphans]


def _belongs_to(one: Found, gone: set[tuple[str, str]]) -> bool:
    data = one.data or {}
    return any((kind, id_of(data.get(field)) or "") in gone for field, kind in _OWNERS[one.kind].items())
