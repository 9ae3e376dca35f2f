"""What can be done to labels, which tasks know by their names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist import checking
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.errors import TodoistRefusal


class Labels:
    """The labels of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def add(self, name: str, **fields: Any) -> Json:
        """Add a label of the user's own."""
        fields["name"] = name
        given = checking.text(fields, "name", longest=checking.MAX_NAME, required=True)
        self._refuse_double(given)
        order = checking.number(fields, "order")
        one: Json = {
            "id": self._account.ids.number(),
            "name": given,
            "color": checking.choice(fields, "color", checking.COLORS, "charcoal"),
            "item_order": len(list(self._account.living("labels"))) + 1 if order is None else order,
            "is_favorite": checking.flag(fields, "is_favorite"),
            "is_deleted": False,
        }
        self._account.store("labels", one)
        self._account.tell("label:added", one)
        return one

    def update(self, id: str, **fields: Any) -> Json:
        """Change a label; with its name, the tasks that have it change."""
        before = self._account.get("labels", id)["name"]
        values: Json = {}
        if "name" in fields:
            values["name"] = checking.text(fields, "name", longest=checking.MAX_NAME, required=True)
            if values["name"] != before:
                self._refuse_double(values["name"])
        if "color" in fields:
            values["color"] = checking.choice(fields, "color", checking.COLORS, "charcoal")
        if "is_favorite" in fields:
            values["is_favorite"] = checking.flag(fields, "is_favorite")
        for name in ("order", "item_order"):
            if name in fields:
                values["item_order"] = checking.number(fields, name)
        one = self._account.change("labels", id, **values)
        if one["name"] != before:
            self.replace_on_tasks(before, one["name"])
        self._account.tell("label:updated", one)
        return one

    def reorder(self, orders: Iterable[tuple[str, int]]) -> None:
        """Set the order of labels."""
        for id, order in orders:
            self._account.change("labels", id, item_order=order)

    def delete(self, id: str, *, keep_on_tasks: bool = False) -> None:
        """Delete a label, and take it from the tasks, where it may stay as a shared one."""
        one = self._account.get("labels", id)
        self._account.delete("labels", id)
        if not keep_on_tasks:
            self.replace_on_tasks(one["name"], None)
        self._account.tell("label:deleted", one)

    def shared(self) -> list[str]:
        """Return the labels that are only on tasks, by name."""
        own = {one["name"] for one in self._account.living("labels")}
        used = {name for one in self._account.active("items") for name in one["labels"]}
        return sorted(used - own)

    def replace_on_tasks(self, old: str, new: str | None) -> None:
        """Give tasks another label instead of one, or none."""
        for task in list(self._account.living("items")):
            if old in task["labels"]:
                names = [new if name == old else name for name in task["labels"]]
                kept = list(dict.fromkeys(name for name in names if name is not None))
                self._account.change("items", task["id"], labels=kept)
                self._account.tell("item:updated", task, update_intent="item_updated")

    def _refuse_double(self, name: str) -> None:
        if any(one["name"] == name for one in self._account.living("labels")):
            raise TodoistRefusal(
                400,
                "LABEL_ALREADY_EXISTS",
                33,
                "Label already exists",
                argument="name",
                expected="a new name",
            )
