"""What can be done to projects and their sections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist import checking
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.errors import invalid
from task_priority.sandbox.todoist.tasks import Tasks


class Sections:
    """The sections of an account's projects."""

    def __init__(self, account: Account, tasks: Tasks) -> None:
        self._account = account
        self._tasks = tasks

    def add(self, name: str, project_id: str, **fields: Any) -> Json:
        """Add a section to a project."""
        self._account.get_open("projects", project_id)
        fields["name"] = name
        order = checking.number(fields, "order")
        in_project = [one for one in self._account.living("sections") if one["project_id"] == project_id]
        now = self._account.now()
        one: Json = {
            "id": self._account.ids.todoist(),
            "user_id": self._account.user_id,
            "project_id": project_id,
            "added_at": now,
            "updated_at": now,
            "archived_at": None,
            "name": checking.text(fields, "name", longest=checking.MAX_NAME, required=True),
            "section_order": len(in_project) + 1 if order is None else order,
            "is_archived": False,
            "is_deleted": False,
            "is_collapsed": False,
            "goal_ids": [],
        }
        self._account.store("sections", one)
        self._account.tell("section:added", one)
        return one

    def update(self, id: str, **fields: Any) -> Json:
        """Change the name, or whether its tasks are hidden."""
        values: Json = {}
        if "name" in fields:
            values["name"] = checking.text(fields, "name", longest=checking.MAX_NAME, required=True)
        for name in ("collapsed", "is_collapsed"):
            if name in fields:
                values["is_collapsed"] = checking.flag(fields, name)
        one = self._account.change("sections", id, **values)
        self._account.tell("section:updated", one)
        return one

    def move(self, id: str, project_id: str) -> Json:
        """Move a section, with its tasks, to another project."""
        self._account.get_open("projects", project_id)
        one = self._account.change("sections", id, project_id=project_id)
        for task in self._within(id):
            self._account.change("items", task["id"], project_id=project_id)
        self._account.tell("section:updated", one)
        return one

    def reorder(self, orders: Iterable[tuple[str, int]]) -> None:
        """Set the order among siblings."""
        for id, order in orders:
            self._account.change("sections", id, section_order=order)

    def archive(self, id: str) -> Json:
        """Take a section, with its tasks, out of sight."""
        one = self._account.change("sections", id, is_archived=True, archived_at=self._account.now())
        self._account.tell("section:archived", one)
        return one

    def unarchive(self, id: str) -> Json:
        """Bring a section, with its tasks, back."""
        one = self._account.change("sections", id, is_archived=False, archived_at=None)
        for task in self._within(id):
            self._account.touch("items", task["id"])
        self._account.tell("section:unarchived", one)
        return one

    def delete(self, id: str, *, cascaded: bool = False) -> None:
        """Delete a section with its tasks."""
        one = self._account.get("sections", id)
        for task in self._within(id):
            if not task["is_deleted"]:
                self._tasks.delete(task["id"], cascaded=True)
        self._account.delete("sections", id, cascaded=cascaded)
        self._account.tell("section:deleted", one)

    def _within(self, id: str) -> list[Json]:
        return [one for one in self._account.living("items") if one["section_id"] == id]


class Projects:
    """The projects of an account."""

    def __init__(self, account: Account, tasks: Tasks, sections: Sections) -> None:
        self._account = account
        self._tasks = tasks
        self._sections = sections

    def add(self, name: str, **fields: Any) -> Json:
        """Add a project, perhaps inside of another (``parent_id``)."""
        fields["name"] = name
        parent = fields.get("parent_id")
        if parent is not None:
            self._account.get_open("projects", parent)
        siblings = [one for one in self._account.living("projects") if one["parent_id"] == parent]
        order = checking.number(fields, "order")
        now = self._account.now()
        one: Json = {
            "id": self._account.ids.todoist(),
            "name": checking.text(fields, "name", longest=checking.MAX_NAME, required=True),
            "description": checking.text(fields, "description", longest=checking.MAX_DESCRIPTION),
            "parent_id": parent,
            "child_order": len(siblings) if order is None else order,
            "color": checking.choice(fields, "color", checking.COLORS, "charcoal"),
            "is_collapsed": False,
            "shared": False,
            "can_assign_tasks": False,
            "is_favorite": checking.flag(fields, "is_favorite"),
            "is_archived": False,
            "is_deleted": False,
            "is_frozen": False,
            "view_style": checking.choice(fields, "view_style", checking.VIEW_STYLES, "list"),
            "creator_uid": self._account.user_id,
            "created_at": now,
            "updated_at": now,
            "default_order": 0,
            "public_key": self._account.ids.todoist(),
            "access": None,
            "role": None,
        }
        self._account.store("projects", one)
        self._account.tell("project:added", one)
        return one

    def update(self, id: str, **fields: Any) -> Json:
        """Change fields of a project; it does not move."""
        values: Json = {}
        if "name" in fields:
            values["name"] = checking.text(fields, "name", longest=checking.MAX_NAME, required=True)
        if "description" in fields:
            values["description"] = checking.text(fields, "description", longest=checking.MAX_DESCRIPTION)
        if "color" in fields:
            values["color"] = checking.choice(fields, "color", checking.COLORS, "charcoal")
        if "view_style" in fields:
            values["view_style"] = checking.choice(fields, "view_style", checking.VIEW_STYLES, "list")
        if "is_favorite" in fields:
            values["is_favorite"] = checking.flag(fields, "is_favorite")
        one = self._account.change("projects", id, **values)
        self._account.tell("project:updated", one)
        return one

    def move(self, id: str, parent_id: str | None) -> Json:
        """Move a project, with those inside, into another, or to the top."""
        self._account.get("projects", id)
        if parent_id is not None:
            self._account.get_open("projects", parent_id)
            if parent_id in {id, *(one["id"] for one in self._below(id))}:
                raise invalid("parent_id", "a project that is not inside of this one")
        one = self._account.change("projects", id, parent_id=parent_id)
        self._account.tell("project:updated", one)
        return one

    def reorder(self, orders: Iterable[tuple[str, int]]) -> None:
        """Set the order among siblings."""
        for id, order in orders:
            self._account.change("projects", id, child_order=order)

    def archive(self, id: str) -> Json:
        """Take a project, with those inside and all tasks, out of sight."""
        self._refuse_inbox(id)
        one = self._account.get("projects", id)
        for each in [one, *self._below(id)]:
            self._account.change("projects", each["id"], is_archived=True)
            self._account.tell("project:archived", each)
        return one

    def unarchive(self, id: str) -> Json:
        """Bring a project back, at the top, with its tasks; those inside of it stay archived."""
        one = self._account.change("projects", id, is_archived=False, parent_id=None)
        for kind in ("sections", "items", "project_notes"):
            for each in self._within(kind, id):
                self._account.touch(kind, each["id"])
        self._account.tell("project:unarchived", one)
        return one

    def delete(self, id: str, *, cascaded: bool = False) -> None:
        """Delete a project with everything in it."""
        self._refuse_inbox(id)
        one = self._account.get("projects", id)
        for child in [each for each in self._account.living("projects") if each["parent_id"] == id]:
            self.delete(child["id"], cascaded=True)
        for section in self._within("sections", id):
            self._sections.delete(section["id"], cascaded=True)
        for task in self._within("items", id):
            if not task["is_deleted"]:
                self._tasks.delete(task["id"], cascaded=True)
        for note in self._within("project_notes", id):
            self._account.delete("project_notes", note["id"], cascaded=True)
        self._account.delete("projects", id, cascaded=cascaded)
        self._account.tell("project:deleted", one)

    def _below(self, id: str) -> Iterator[Json]:
        for child in [each for each in self._account.living("projects") if each["parent_id"] == id]:
            yield child
            yield from self._below(child["id"])

    def _within(self, kind: str, id: str) -> list[Json]:
        return [one for one in self._account.living(kind) if one["project_id"] == id]

    def _refuse_inbox(self, id: str) -> None:
        if id == self._account.inbox:
            raise invalid("id", "a project that is not the inbox")
