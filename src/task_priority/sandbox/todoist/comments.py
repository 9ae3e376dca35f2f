"""What can be done to comments, on tasks and on projects, to reminders and to saved filters."""

from __future__ import annotations

from typing import Any

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist import checking
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.due import due_from
from task_priority.sandbox.todoist.errors import invalid, not_found


class Comments:
    """The comments of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def add(self, content: str, **fields: Any) -> Json:
        """Comment on a task (``task_id`` or ``item_id``) or on a project (``project_id``)."""
        fields["content"] = content
        task, project = fields.get("task_id") or fields.get("item_id"), fields.get("project_id")
        if (task is None) == (project is None):
            raise invalid("task_id", "exactly one of task_id and project_id")
        one: Json = {
            "id": self._account.ids.todoist(),
            "posted_uid": self._account.user_id,
            "content": checking.text(fields, "content", longest=checking.MAX_DESCRIPTION, required=True),
            "file_attachment": fields.get("attachment") or fields.get("file_attachment"),
            "uids_to_notify": fields.get("uids_to_notify"),
            "is_deleted": False,
            "posted_at": self._account.now(),
            "reactions": None,
        }
        if task is not None:
            self._account.get("items", task)
            one["item_id"] = task
            self._account.store("notes", one)
            self._count(task)
        else:
            one["project_id"] = self._account.get("projects", str(project))["id"]
            self._account.store("project_notes", one)
        self._account.tell("note:added", one)
        return one

    def update(self, id: str, content: str) -> Json:
        """Change what a comment says."""
        kind = self._kind(id)
        new = checking.text({"content": content}, "content", longest=checking.MAX_DESCRIPTION, required=True)
        one = self._account.change(kind, id, content=new)
        self._account.tell("note:updated", one)
        return one

    def delete(self, id: str) -> None:
        """Delete a comment."""
        kind = self._kind(id)
        one = self._account.get(kind, id)
        self._account.delete(kind, id)
        if kind == "notes":
            self._count(one["item_id"])
        self._account.tell("note:deleted", one)

    def get(self, id: str) -> Json:
        """Return a comment, whatever it is on."""
        return self._account.get(self._kind(id), id)

    def _kind(self, id: str) -> str:
        for kind in ("notes", "project_notes"):
            if id in self._account.objects[kind]:
                return kind
        raise not_found("Comment")

    def _count(self, task: str) -> None:
        count = sum(one["item_id"] == task for one in self._account.living("notes"))
        self._account.change("items", task, note_count=count)


class Reminders:
    """The reminders of an account's tasks."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def add(self, task_id: str, **fields: Any) -> Json:
        """Remind of a task: some minutes before (``minute_offset``) or at a time (``due``)."""
        self._account.get("items", task_id)
        relative = fields.get("minute_offset") is not None
        one: Json = {
            "id": self._account.ids.todoist(),
            "notify_uid": self._account.user_id,
            "item_id": task_id,
            "type": "relative" if relative else "absolute",
            "due": None if relative else due_from({"due": fields.get("due")}, self._account.today()),
            "minute_offset": checking.number(fields, "minute_offset"),
            "is_urgent": checking.flag(fields, "is_urgent"),
            "is_deleted": False,
        }
        return self._account.store("reminders", one)

    def delete(self, id: str) -> None:
        """Delete a reminder."""
        self._account.delete("reminders", id)


class Filters:
    """The saved filters of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def add(self, name: str, query: str, **fields: Any) -> Json:
        """Save a filter."""
        one: Json = {
            "id": self._account.ids.number(),
            "name": checking.text({"name": name}, "name", longest=checking.MAX_NAME, required=True),
            "query": checking.text({"query": query}, "query", longest=1024, required=True),
            "color": checking.choice(fields, "color", checking.COLORS, "charcoal"),
            "item_order": len(list(self._account.living("filters"))) + 1,
            "is_favorite": checking.flag(fields, "is_favorite"),
            "is_frozen": False,
            "is_deleted": False,
        }
        return self._account.store("filters", one)

    def delete(self, id: str) -> None:
        """Delete a filter."""
        self._account.delete("filters", id)
