"""What is gone with what it belongs to: Todoist does not always tell it, and tells of some of it though it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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


def without_closed(
    found: Iterable[Found], *, projects: Collection[str], sections: Collection[str]
) -> tuple[Found, ...]:
    """Return objects, as gone the tasks in what is archived, with their comments.

    Who changes such a task lets Todoist tell it as any other, though a full answer does not have it.

    Args:
        found: What an incremental answer tells.
        projects: The ids of those that are not archived.
        sections: Likewise.
    """
    found = tuple(found)
    places = {"project_id": projects, "section_id": sections}
    closed = {
        one.id
        for one in found
        if one.kind == "tasks" and any(_is_elsewhere(one, field, known) for field, known in places.items())
    }
    return tuple(Found(one.kind, one.id, None) if _task_of(one) in closed else one for one in found)


def _is_elsewhere(task: Found, field: str, known: Collection[str]) -> bool:
    place = id_of((task.data or {}).get(field))
    return place is not None and place not in known


def _task_of(one: Found) -> str | None:
    if one.kind == "tasks":
        return one.id
    return id_of((one.data or {}).get("item_id")) if one.kind == "comments" else None


def _belongs_to(one: Found, gone: set[tuple[str, str]]) -> bool:
    data = one.data or {}
    return any((kind, id_of(data.get(field)) or "") in gone for field, kind in _OWNERS[one.kind].items())
