"""What the Todoist exporter keeps from one run to the next: the sync token, and what others are contained in.

When a project, a section or a task with parts goes, Todoist does not promise to tell of each thing that goes with it;
and when one comes back, neither. So it is remembered which of them there were, and when one goes or comes, everything
is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from crossdock.exporting import Found, SetAside
from task_priority.exporters.todoist.changes import EVERYTHING, KIND_OF, Changes, id_of
from task_priority.exporters.todoist.owners import without_closed

_TOKEN: Final = "sync_token"  # noqa: S105 - a place in a stream of changes, no secret
_TYPES: Final = "resource_types"
_CONTAINED: Final = ("projects", "sections", "wholes", "left")
_CONTAINERS: Final = "containers"
RESOURCE_TYPES: Final = tuple(KIND_OF)


@dataclass(frozen=True, slots=True)
class SyncState:
    """From where to go on.

    Attributes:
        token: Of the last answer.
        projects: The ids of those that there are.
        sections: Likewise.
        wholes: The ids of the tasks that have, or had, parts or comments.
        left: Those of such tasks that went. If one comes back, Todoist tells it alone.
    """

    token: str = EVERYTHING
    projects: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    wholes: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()

    def after(self, changes: Changes) -> SyncState:
        """Return the state when an answer is stored."""
        before = SyncState() if changes.full else self
        return SyncState(
            changes.token,
            _updated(before.projects, "projects", changes.found),
            _updated(before.sections, "sections", changes.found),
            before.wholes | _wholes(changes.found),
            self._left_after(changes),
        )

    def anew(self, changes: Changes | None) -> SyncState:
        """Return the state with which everything is asked for again, since an answer is not enough, or was refused."""
        wholes = self.wholes if changes is None else self.wholes | _wholes(changes.found)
        return SyncState(wholes=wholes, left=self.left)

    def _left_after(self, changes: Changes) -> frozenset[str]:
        tasks = {one.id: one.data is not None for one in changes.found if one.kind == "tasks"}
        there = {id for id, is_there in tasks.items() if is_there}
        wholes = self.wholes | _wholes(changes.found) | _wholes(changes.set_aside)
        gone = wholes if changes.full else wholes & (tasks.keys() - there)
        return (self.left | gone) - there

    def doubt(self, changes: Changes) -> str | None:
        """Say why an answer to an incremental question may not tell everything that changed; None: it does."""
        wholes = self.wholes | _wholes(changes.found)
        for found in changes.found:
            known = {"projects": self.projects, "sections": self.sections}.get(found.kind)
            if known is not None and (found.id in known) != (found.data is not None):
                return f"a {found.kind[:-1]} {'went' if found.data is None else 'came'}"
            if found.kind == "tasks" and found.data is None and found.id in wholes:
                return "a task that had sub-tasks or comments went"
            if found.kind == "tasks" and found.data is not None and found.id in self.left:
                return "a task that had sub-tasks or comments came back"
        return None

    def without_closed(self, changes: Changes) -> Changes:
        """Return an answer to an incremental question without what is in archived projects and sections."""
        projects = _updated(self.projects, "projects", changes.found)
        if not projects:  # nothing was said of them: everybody has an inbox
            return changes
        sections = _updated(self.sections, "sections", changes.found)
        found = without_closed(changes.found, projects=projects, sections=sections)
        return replace(changes, found=found)

    def to_json(self) -> dict[str, Any]:
        """Return it as it is stored."""
        return {
            _TOKEN: self.token,
            _TYPES: list(RESOURCE_TYPES),
            _CONTAINERS: {name: sorted(getattr(self, name)) for name in _CONTAINED},
        }


def stored_state(stored: object) -> tuple[SyncState, str | None]:
    """Read a stored state; tokens belong to one list of resource types.

    Returns:
        The state, and what people should know if it cannot be used.
    """
    if stored is None:
        return SyncState(), None
    match stored:
        case {"sync_token": str(token), "resource_types": list(types), "containers": dict(containers)}:
            if types != list(RESOURCE_TYPES):
                return (
                    SyncState(),
                    "this version asks for other kinds of objects, so everything was asked for again",
                )
            return SyncState(token, **_sets(containers)), None
        case _:
            return SyncState(), "the stored state could not be read, so everything was asked for again"


def _sets(containers: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    return {name: frozenset(map(str, containers.get(name) or ())) for name in _CONTAINED}


def _updated(known: frozenset[str], kind: str, found: Iterable[Found]) -> frozenset[str]:
    ids = set(known)
    for one in found:
        if one.kind == kind:
            (ids.discard if one.data is None else ids.add)(one.id)
    return frozenset(ids)


def _wholes(objects: Iterable[Found | SetAside]) -> frozenset[str]:
    names = {"tasks": "parent_id", "comments": "item_id"}
    told = ((one.data, names[one.kind]) for one in objects if one.kind in names)
    ids = (id_of(data.get(name)) for data, name in told if isinstance(data, Mapping))
    return frozenset(id for id in ids if id is not None)
