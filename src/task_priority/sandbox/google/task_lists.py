"""Google Tasks: lists and tasks. There is no sync token; deleted and hidden tasks stay, marked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from task_priority.sandbox.clock import Clock, millis
from task_priority.sandbox.exchange import Json
from task_priority.sandbox.google.errors import invalid, not_found
from task_priority.sandbox.ids import Ids

_MAX_TITLE: Final = 1024
_MAX_NOTES: Final = 8192
_SETTABLE: Final = ("title", "notes", "status", "due", "completed", "deleted", "hidden")


@dataclass(slots=True)
class TaskList:
    """A list and its tasks, by id."""

    entry: Json
    tasks: dict[str, Json] = field(default_factory=dict)


class TaskLists:
    """The task lists of an account; the first is the default one."""

    def __init__(self, *, clock: Clock, ids: Ids) -> None:
        self.lists: dict[str, TaskList] = {}
        self._clock = clock
        self._ids = ids
        self.version = 0
        self.add_list("My Tasks")

    def list(self, id: str) -> TaskList:
        """Return a list; ``@default`` is the default one.

        Raises:
            GoogleRefusal: There is none.
        """
        found = next(iter(self.lists.values())) if id == "@default" else self.lists.get(id)
        if found is None:
            raise not_found()
        return found

    def add_list(self, title: str) -> Json:
        """Add a list."""
        id = self._ids.google_task()
        entry: Json = {
            "kind": "tasks#taskList",
            "id": id,
            "title": title,
            "selfLink": f"https://www.googleapis.com/tasks/v1/users/@me/lists/{id}",
        }
        self.lists[id] = TaskList(self._stamped(entry))
        return entry

    def change_list(self, id: str, title: str) -> Json:
        """Call a list something else."""
        entry = self.list(id).entry
        return self._stamped(entry | {"title": title}, into=entry)

    def delete_list(self, id: str) -> None:
        """Delete a list with its tasks."""
        del self.lists[self.list(id).entry["id"]]

    def task(self, tasklist: str, id: str) -> Json:
        """Return a task, deleted or not.

        Raises:
            GoogleRefusal: There is none.
        """
        found = self.list(tasklist).tasks.get(id)
        if found is None:
            raise not_found()
        return found

    def add(self, title: str, tasklist: str = "@default", **fields: Any) -> Json:
        """Add a task, at the top, perhaps under another (``parent``) or after one (``previous``)."""
        parent, previous = fields.pop("parent", None), fields.pop("previous", None)
        there = self.list(tasklist)
        _check_parent(there, parent)
        id = self._ids.google_task()
        list_id = there.entry["id"]
        task: Json = {
            "kind": "tasks#task",
            "id": id,
            "title": "",
            "selfLink": f"https://www.googleapis.com/tasks/v1/lists/{list_id}/tasks/{id}",
            "status": "needsAction",
            "webViewLink": f"https://tasks.google.com/task/{id}",
            "links": [],
            **self._settled({"title": title, **fields}),
        }
        there.tasks[id] = self._stamped(task)
        self._place(there, task, parent, previous)
        return task

    def change(self, tasklist: str, id: str, **fields: Any) -> Json:
        """Change fields of a task."""
        task = self.task(tasklist, id)
        task.update(self._settled(fields))
        if task["status"] == "needsAction":
            task.pop("completed", None)
            task.pop("hidden", None)
        return self._stamped(task)

    def complete(self, id: str, tasklist: str = "@default", *, in_app: bool = True) -> Json:
        """Tick a task off; Google's own apps hide it with that."""
        hidden = {"hidden": True} if in_app else {}
        return self.change(tasklist, id, status="completed", **hidden)

    def move(self, tasklist: str, id: str, *, parent: str | None = None, previous: str | None = None) -> Json:
        """Put a task under another, or after one."""
        there, task = self.list(tasklist), self.task(tasklist, id)
        _check_parent(there, parent)
        self._place(there, task, parent, previous)
        return self._stamped(task)

    def delete(self, id: str, tasklist: str = "@default") -> None:
        """Delete a task, with those under it."""
        there = self.list(tasklist)
        self._stamped(self.task(tasklist, id) | {"deleted": True}, into=self.task(tasklist, id))
        for child in [one for one in there.tasks.values() if one.get("parent") == id]:
            if not child.get("deleted"):
                self.delete(child["id"], tasklist)

    def clear(self, tasklist: str) -> None:
        """Hide the completed tasks of a list."""
        for task in self.list(tasklist).tasks.values():
            if task["status"] == "completed" and not task.get("hidden"):
                task["hidden"] = True
                self._stamped(task)

    def _place(self, there: TaskList, task: Json, parent: str | None, previous: str | None) -> None:
        """Number the siblings anew, with the task after ``previous``, or first."""
        task.pop("parent", None)
        if parent is not None:
            task["parent"] = parent
        siblings = [
            one for one in there.tasks.values() if one.get("parent") == parent and one["id"] != task["id"]
        ]
        siblings.sort(key=lambda one: one["position"])
        index = next((at + 1 for at, one in enumerate(siblings) if one["id"] == previous), 0)
        siblings.insert(index, task)
        for number, one in enumerate(siblings):
            one["position"] = f"{number:020d}"

    def _settled(self, fields: Json) -> Json:
        """Return the fields as Google keeps them: of ``due`` only the day."""
        values = {name: value for name, value in fields.items() if name in _SETTABLE and value is not None}
        for name, longest in (("title", _MAX_TITLE), ("notes", _MAX_NOTES)):
            if len(values.get(name, "")) > longest:
                raise invalid(name, f"The {name} is longer than {longest} characters.")
        if values.get("status") not in {None, "needsAction", "completed"}:
            raise invalid("status")
        if values.get("status") == "completed":
            values.setdefault("completed", millis(self._clock()))
        if "due" in values:
            values["due"] = _day(values["due"])
        return values

    def _stamped(self, entry: Json, into: Json | None = None) -> Json:
        self.version += 1
        target = entry if into is None else into
        target.update(entry, updated=millis(self._clock()), etag=f'"{self.version:016d}"')
        return target


def _check_parent(there: TaskList, parent: str | None) -> None:
    if parent is not None and parent not in there.tasks:
        raise invalid("parent")


def _day(text: str) -> str:
    try:
        return datetime.fromisoformat(text).strftime("%Y-%m-%dT00:00:00.000Z")
    except (TypeError, ValueError) as error:
        raise invalid("due") from error
