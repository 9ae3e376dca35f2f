"""What can be done to tasks."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist import checking
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.due import due_from, moved_on
from task_priority.sandbox.todoist.errors import forbidden, invalid

_PLACES = ("project_id", "section_id", "parent_id")
_ASSIGNEE = ("assignee_id", "responsible_uid")
_DUE = ("due_string", "due_date", "due_datetime", "due")


class Tasks:
    """The tasks of an account. Arguments have the names of the REST API or of the sync endpoint."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.max_active: int | None = None
        """The plan's limit of active tasks in a project; None: none."""

    def add(self, content: str, **fields: Any) -> Json:
        """Add a task: in a project, a section, under another task, or in the inbox."""
        fields["content"] = content
        place = self._place(fields)
        self._check_limit(place["project_id"])
        now = self._account.now()
        order = checking.number(fields, "order")
        one: Json = {
            "user_id": self._account.user_id,
            "id": self._account.ids.todoist(),
            **place,
            "added_by_uid": self._account.user_id,
            "assigned_by_uid": None,
            "responsible_uid": fields.get("assignee_id", fields.get("responsible_uid")),
            "labels": checking.names(fields, "labels"),
            "deadline": checking.deadline(fields),
            "duration": checking.duration(fields),
            "is_collapsed": False,
            "checked": False,
            "is_deleted": False,
            "added_at": now,
            "completed_at": None,
            "completed_by_uid": None,
            "updated_at": now,
            "due": due_from(fields, self._account.today()),
            "priority": checking.priority(fields),
            "child_order": order if order is not None else self._next_order(place),
            "content": checking.text(fields, "content", longest=checking.MAX_CONTENT, required=True),
            "description": checking.text(fields, "description", longest=checking.MAX_DESCRIPTION),
            "note_count": 0,
            "day_order": -1,
            "goal_ids": [],
        }
        self._account.store("items", one)
        self._account.tell("item:added", one)
        return one

    def update(self, id: str, **fields: Any) -> Json:
        """Change fields of a task; it neither moves nor completes."""
        before = copy.deepcopy(self._account.get("items", id))
        values = self._values({"content": before["content"], **fields})
        one = self._account.change("items", id, **values)
        self._account.tell("item:updated", one, old_item=before, update_intent="item_updated")
        return one

    def close(self, id: str) -> Json:
        """Tick a task off: a repeating one moves on, any other is complete, with its sub-tasks."""
        one = self._account.get("items", id)
        if one["content"].startswith("* "):
            raise invalid("id", "a task that can be completed")
        if one["due"] is None or not one["due"]["is_recurring"]:
            return self.complete(id)
        return self.advance(id)

    def advance(self, id: str, due: Json | None = None) -> Json:
        """Complete a repeating task once, and let it be due as given, or next in its order."""
        one = self._account.get("items", id)
        if one["due"] is None or not one["due"]["is_recurring"]:
            raise invalid("id", "a task that repeats")
        now = self._account.today()
        following = moved_on(one["due"], now) if due is None else due_from({"due": due}, now)
        before = copy.deepcopy(one)
        self._record(one)
        one = self._account.change("items", id, due=following)
        self._account.tell("item:updated", one, old_item=before, update_intent="item_completed")
        return one

    def complete(self, id: str) -> Json:
        """Complete a task for good, with its sub-tasks."""
        family = [self._account.get("items", id), *self.below(id)]
        for one in family:
            if not one["checked"]:
                self._record(one)
                values = {"completed_at": self._account.now(), "completed_by_uid": self._account.user_id}
                self._account.change("items", one["id"], checked=True, **values)
                self._account.tell("item:completed", one)
        return family[0]

    def reopen(self, id: str) -> Json:
        """Make a completed task active again, with the tasks and the section that it is in.

        Its comments are told again: a full answer does not have those of completed tasks.
        """
        one = self._account.get("items", id)
        for each in [one, *self._above(one)]:
            if each["checked"]:
                self._forget_completion(each["id"])
                self._account.change(
                    "items", each["id"], checked=False, completed_at=None, completed_by_uid=None
                )
                for note in list(self._account.living("notes")):
                    if note["item_id"] == each["id"]:
                        self._account.touch("notes", note["id"])
                self._account.tell("item:uncompleted", each)
        self._bring_back(one["section_id"])
        return one

    def move(self, id: str, **place: Any) -> Json:
        """Move a task, with its sub-tasks, to one of ``project_id``, ``section_id``, ``parent_id``."""
        given = [name for name in _PLACES if place.get(name) is not None]
        if len(given) != 1:
            raise invalid("project_id", "exactly one of project_id, section_id, parent_id")
        before = copy.deepcopy(self._account.get("items", id))
        family = list(self.below(id))
        if place.get("parent_id") in {id, *(one["id"] for one in family)}:
            raise invalid("parent_id", "a task that is not below this one")
        new = self._place({given[0]: place[given[0]]})
        one = self._account.change("items", id, **new, child_order=self._next_order(new))
        for each in family:
            self._account.change(
                "items", each["id"], project_id=new["project_id"], section_id=new["section_id"]
            )
        self._account.tell("item:updated", one, old_item=before, update_intent="item_updated")
        return one

    def reorder(self, orders: Iterable[tuple[str, int]]) -> None:
        """Set the order among siblings."""
        for id, order in orders:
            self._account.change("items", id, child_order=order)

    def order_day(self, orders: Iterable[tuple[str, int]]) -> None:
        """Set the order in the view of today."""
        for id, order in orders:
            self._account.change("items", id, day_order=order)

    def delete(self, id: str, *, cascaded: bool = False) -> None:
        """Delete a task, its sub-tasks, its comments and its reminders."""
        one = self._account.get("items", id)
        for child in [each for each in self._account.living("items") if each["parent_id"] == id]:
            self.delete(child["id"], cascaded=True)
        for kind in ("notes", "reminders"):
            for each in [each for each in self._account.living(kind) if each["item_id"] == id]:
                self._account.delete(kind, each["id"], cascaded=True)
        self._account.completions = [each for each in self._account.completions if each["id"] != id]
        self._account.delete("items", id, cascaded=cascaded)
        self._account.tell("item:deleted", one)

    def below(self, id: str) -> Iterator[Json]:
        """Yield a task's sub-tasks, theirs, and so on."""
        for child in [each for each in self._account.living("items") if each["parent_id"] == id]:
            yield child
            yield from self.below(child["id"])

    def _above(self, one: Json) -> Iterator[Json]:
        while one["parent_id"] is not None:
            one = self._account.get("items", one["parent_id"])
            yield one

    def _bring_back(self, section: str | None) -> None:
        if section is not None and self._account.get("sections", section)["is_archived"]:
            self._account.change("sections", section, is_archived=False, archived_at=None)
            for each in list(self._account.living("items")):
                if each["section_id"] == section:
                    self._account.touch("items", each["id"])

    def _record(self, one: Json) -> None:
        completed = {"checked": True, "completed_at": self._account.now()}
        self._account.completions.append(
            copy.deepcopy(one) | completed | {"completed_by_uid": self._account.user_id}
        )

    def _forget_completion(self, id: str) -> None:
        last = max(
            (number for number, each in enumerate(self._account.completions) if each["id"] == id),
            default=None,
        )
        if last is not None:
            del self._account.completions[last]

    def _values(self, fields: Json) -> Json:
        """Return the new values of the fields that a request names."""
        longest = checking.MAX_DESCRIPTION
        readers: dict[str, tuple[tuple[str, ...], Callable[[], Any]]] = {
            "description": (("description",), lambda: checking.text(fields, "description", longest=longest)),
            "labels": (("labels",), lambda: checking.names(fields, "labels")),
            "priority": (("priority",), lambda: checking.priority(fields)),
            "due": (_DUE, lambda: due_from(fields, self._account.today())),
            "duration": (("duration", "duration_unit"), lambda: checking.duration(fields)),
            "deadline": (("deadline", "deadline_date"), lambda: checking.deadline(fields)),
            "child_order": (("child_order",), lambda: checking.number(fields, "child_order") or 0),
            "day_order": (("day_order",), lambda: checking.number(fields, "day_order") or 0),
            "is_collapsed": (("is_collapsed",), lambda: checking.flag(fields, "is_collapsed")),
            "responsible_uid": (_ASSIGNEE, lambda: fields.get("assignee_id", fields.get("responsible_uid"))),
        }
        values = {
            name: read() for name, (given, read) in readers.items() if any(one in fields for one in given)
        }
        values["content"] = checking.text(fields, "content", longest=checking.MAX_CONTENT, required=True)
        return values

    def _place(self, fields: Json) -> Json:
        """Return the project, section and parent that a request means: the innermost decides."""
        if (parent := fields.get("parent_id")) is not None:
            above = self._account.get_open("items", parent)
            return {"project_id": above["project_id"], "section_id": above["section_id"], "parent_id": parent}
        if (section := fields.get("section_id")) is not None:
            project = self._account.get_open("sections", section)["project_id"]
            return {"project_id": project, "section_id": section, "parent_id": None}
        project = fields.get("project_id") or self._account.inbox
        return {
            "project_id": self._account.get_open("projects", project)["id"],
            "section_id": None,
            "parent_id": None,
        }

    def _next_order(self, place: Json) -> int:
        siblings = [
            one["child_order"]
            for one in self._account.active("items")
            if all(one[name] == place[name] for name in _PLACES)
        ]
        return max(siblings, default=0) + 1

    def _check_limit(self, project: str) -> None:
        if self.max_active is None:
            return
        if sum(one["project_id"] == project for one in self._account.active("items")) >= self.max_active:
            raise forbidden("MAX_ITEMS_LIMIT_REACHED", max_count=self.max_active)
