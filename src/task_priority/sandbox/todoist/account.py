"""What a Todoist account holds, and since when: every change has a number, and sync tokens name one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from task_priority.sandbox.clock import Clock, micros
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.ids import Ids
from task_priority.sandbox.todoist.errors import not_found

KINDS: Final = (
    "projects",
    "items",
    "labels",
    "sections",
    "notes",
    "project_notes",
    "reminders",
    "filters",
)
_NAMES: Final = {
    "projects": "Project",
    "items": "Task",
    "labels": "Label",
    "sections": "Section",
    "notes": "Comment",
    "project_notes": "Comment",
    "reminders": "Reminder",
    "filters": "Filter",
}

Listener = Callable[[str, Json, Json], None]
"""Called with the name of an event such as ``item:added``, the object, and what more is to be told."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state at an earlier time, as large accounts get it for a full sync."""

    objects: dict[str, dict[str, Json]]
    version: int
    taken: datetime


@dataclass(slots=True)
class Account:
    """One user's objects, in the form of the sync endpoint.

    Attributes:
        objects: By kind and id; what was deleted stays as a tombstone.
        changed: The number of the last change of each object.
        version: The number of the last change.
        forgotten: Changes up to this number are not told any more: a sync token from before gets everything.
        completions: Each completed task as it was then; a repeating one many times.
        quiet_cascades: What goes with a project, section or parent gets no tombstone of its own.
        whole_tombstones: A tombstone has all fields that the object had.
        snapshot: What full syncs tell instead of the present.
    """

    clock: Clock
    ids: Ids
    user: Json
    objects: dict[str, dict[str, Json]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    changed: dict[str, dict[str, int]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    version: int = 0
    forgotten: int = 0
    completions: list[Json] = field(default_factory=list)
    collaborators: list[Json] = field(default_factory=list)
    quiet_cascades: bool = False
    whole_tombstones: bool = False
    snapshot: Snapshot | None = None
    listeners: list[Listener] = field(default_factory=list)

    @property
    def user_id(self) -> str:
        """The user's id."""
        return str(self.user["id"])

    @property
    def zone(self) -> tzinfo:
        """Where the user is."""
        return ZoneInfo(self.user["tz_info"]["timezone"])

    @property
    def inbox(self) -> str:
        """The id of the inbox."""
        return str(self.user["inbox_project_id"])

    def now(self) -> str:
        """Return the present as Todoist writes it."""
        return micros(self.clock())

    def today(self) -> datetime:
        """Return the present on the user's clock, without a zone."""
        return self.clock().astimezone(self.zone).replace(tzinfo=None)

    def get(self, kind: str, id: str) -> Json:
        """Return an object that was not deleted.

        Raises:
            TodoistRefusal: There is none.
        """
        found = self.objects[kind].get(id)
        if found is None or found["is_deleted"]:
            raise not_found(_NAMES[kind])
        return found

    def get_open(self, kind: str, id: str) -> Json:
        """Return an object that something can be put into: neither deleted, nor completed, nor archived.

        Raises:
            TodoistRefusal: There is none.
        """
        found = self.get(kind, id)
        if not self.is_active(kind, found):
            raise not_found(_NAMES[kind])
        return found

    def living(self, kind: str) -> Iterator[Json]:
        """Yield the objects that were not deleted, whether active or not."""
        return (one for one in self.objects[kind].values() if not one["is_deleted"])

    def active(self, kind: str) -> Iterator[Json]:
        """Yield what listings and full syncs tell: nothing completed, nothing archived, nothing inside of that."""
        return (one for one in self.living(kind) if self.is_active(kind, one))

    def is_active(self, kind: str, one: Json) -> bool:
        """Say whether something is to be seen in the lists of the apps."""
        match kind:
            case "items":
                return not one["checked"] and self._is_open_place(one)
            case "notes" | "reminders":
                return self.is_active("items", self.objects["items"][one["item_id"]])
            case "sections" | "projects":
                return not one["is_archived"] and self._is_open_place(one)
            case "project_notes":
                return self._is_open_place(one)
            case _:
                return True

    def store(self, kind: str, one: Json) -> Json:
        """Take in a new object."""
        self.objects[kind][one["id"]] = one
        self.touch(kind, one["id"])
        return one

    def change(self, kind: str, id: str, **values: Any) -> Json:
        """Change some fields of an object."""
        one = self.get(kind, id)
        one.update(values)
        if "updated_at" in one:
            one["updated_at"] = self.now()
        self.touch(kind, id)
        return one

    def touch(self, kind: str, id: str) -> None:
        """Let the next incremental syncs tell an object."""
        self.version += 1
        self.changed[kind][id] = self.version

    def delete(self, kind: str, id: str, *, cascaded: bool = False) -> None:
        """Make an object a tombstone.

        In a quiet cascade it is told only to who has not heard of its last change yet: it may have come from elsewhere.
        """
        self.get(kind, id)["is_deleted"] = True
        if not (cascaded and self.quiet_cascades):
            self.touch(kind, id)

    def changed_since(self, kind: str, version: int) -> list[Json]:
        """Return what changed after a version, tombstones among it, in the order of the changes."""
        numbers = self.changed[kind]
        ids = sorted((id for id in numbers if numbers[id] > version), key=numbers.__getitem__)
        return [self._told(self.objects[kind][id]) for id in ids]

    def take_snapshot(self) -> None:
        """Let full syncs tell the present from now on, however old it gets."""
        active = {kind: {one["id"]: one for one in self.active(kind)} for kind in KINDS}
        self.snapshot = Snapshot(copy.deepcopy(active), self.version, self.clock())

    def drop_snapshot(self) -> None:
        """Let full syncs tell the present again."""
        self.snapshot = None

    def expire_sync_tokens(self) -> None:
        """Forget what changed: every sync token given so far gets everything."""
        self.version += 1
        self.forgotten = self.version

    def tell(self, event: str, one: Json, **extra: Any) -> None:
        """Tell the listeners what happened."""
        for listener in self.listeners:
            listener(event, one, extra)

    def _told(self, one: Json) -> Json:
        if one["is_deleted"] and not self.whole_tombstones:
            return {"id": one["id"], "is_deleted": True}
        return one

    def _is_open_place(self, one: Json) -> bool:
        """Say whether nothing above is archived."""
        section = one.get("section_id")
        if section is not None and self.objects["sections"][section]["is_archived"]:
            return False
        above = one.get("project_id") or one.get("parent_id")
        project = self.objects["projects"].get(above) if above else None
        return project is None or (not project["is_archived"] and self._is_open_place(project))
