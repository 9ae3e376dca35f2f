"""Commands of ``/sync``: each succeeds or fails alone, and is done once however often it is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.comments import Comments, Filters, Reminders
from task_priority.sandbox.todoist.errors import TodoistRefusal, invalid, missing
from task_priority.sandbox.todoist.labels import Labels
from task_priority.sandbox.todoist.projects import Projects, Sections
from task_priority.sandbox.todoist.tasks import Tasks

_Command: TypeAlias = Callable[[Json], Json | None]
"""Takes the arguments; returns the object it made, if it made one."""


@dataclass(frozen=True, slots=True)
class Verbs:
    """What can be done to an account."""

    tasks: Tasks
    projects: Projects
    sections: Sections
    labels: Labels
    comments: Comments
    reminders: Reminders
    filters: Filters


class Commands:
    """Does the commands of one account."""

    def __init__(self, account: Account, verbs: Verbs) -> None:
        self._account = account
        self._commands = {**_task_commands(verbs), **_place_commands(verbs), **_other_commands(verbs)}
        self.executed: dict[str, Json] = {}
        """The new ids of the commands that succeeded, by temporary id, by uuid."""

    def run(self, commands: Sequence[Any]) -> Json:
        """Do commands in their order, and return ``sync_status`` and ``temp_id_mapping``."""
        status: Json = {}
        mapping: dict[str, str] = {}
        for command in commands:
            uuid = command.get("uuid") if isinstance(command, dict) else None
            if not isinstance(uuid, str):
                raise missing("uuid")
            try:
                mapping |= self._once(uuid, command, mapping)
                status[uuid] = "ok"
            except TodoistRefusal as refusal:
                status[uuid] = refusal.body
        return {"sync_status": status, "temp_id_mapping": mapping}

    def _once(self, uuid: str, command: Json, mapping: dict[str, str]) -> dict[str, str]:
        if uuid not in self.executed:
            made = self._do(command, mapping)
            temporary = command.get("temp_id")
            self.executed[uuid] = {temporary: made["id"]} if made is not None and temporary else {}
        return self.executed[uuid]

    def _do(self, command: Json, mapping: dict[str, str]) -> Json | None:
        kind, arguments = command.get("type"), command.get("args") or {}
        if kind not in self._commands or not isinstance(arguments, dict):
            raise invalid("type", "a type of command, with its arguments under args")
        try:
            return self._commands[kind](_resolved(arguments, mapping))
        except KeyError as error:
            raise missing(str(error.args[0])) from error


def _task_commands(verbs: Verbs) -> dict[str, _Command]:
    tasks = verbs.tasks
    return {
        "item_add": lambda args: tasks.add(args.pop("content"), **args),
        "item_update": lambda args: _nothing(tasks.update(args.pop("id"), **args)),
        "item_move": lambda args: _nothing(tasks.move(args.pop("id"), **args)),
        "item_delete": lambda args: tasks.delete(args["id"]),
        "item_complete": lambda args: _nothing(tasks.complete(args["id"])),
        "item_uncomplete": lambda args: _nothing(tasks.reopen(args["id"])),
        "item_close": lambda args: _nothing(tasks.close(args["id"])),
        "item_update_date_complete": lambda args: _nothing(tasks.advance(args["id"], args.get("due"))),
        "item_reorder": lambda args: tasks.reorder(_orders(args["items"], "child_order")),
        "item_update_day_orders": lambda args: tasks.order_day(args["ids_to_orders"].items()),
    }


def _place_commands(verbs: Verbs) -> dict[str, _Command]:
    projects, sections = verbs.projects, verbs.sections
    return {
        "project_add": lambda args: projects.add(args.pop("name"), **args),
        "project_update": lambda args: _nothing(projects.update(args.pop("id"), **args)),
        "project_move": lambda args: _nothing(projects.move(args["id"], args.get("parent_id"))),
        "project_reorder": lambda args: projects.reorder(_orders(args["projects"], "child_order")),
        "project_archive": lambda args: _nothing(projects.archive(args["id"])),
        "project_unarchive": lambda args: _nothing(projects.unarchive(args["id"])),
        "project_delete": lambda args: projects.delete(args["id"]),
        "section_add": lambda args: sections.add(args.pop("name"), args.pop("project_id"), **args),
        "section_update": lambda args: _nothing(sections.update(args.pop("id"), **args)),
        "section_move": lambda args: _nothing(sections.move(args["id"], args["project_id"])),
        "section_reorder": lambda args: sections.reorder(_orders(args["sections"], "section_order")),
        "section_archive": lambda args: _nothing(sections.archive(args["id"])),
        "section_unarchive": lambda args: _nothing(sections.unarchive(args["id"])),
        "section_delete": lambda args: sections.delete(args["id"]),
    }


def _other_commands(verbs: Verbs) -> dict[str, _Command]:
    labels, comments = verbs.labels, verbs.comments
    return {
        "label_add": lambda args: labels.add(args.pop("name"), **args),
        "label_update": lambda args: _nothing(labels.update(args.pop("id"), **args)),
        "label_delete": lambda args: labels.delete(args["id"], keep_on_tasks=args.get("cascade") == "none"),
        "label_rename": lambda args: labels.replace_on_tasks(args["name_old"], args["name_new"]),
        "label_delete_occurrences": lambda args: labels.replace_on_tasks(args["name"], None),
        "label_update_orders": lambda args: labels.reorder(args["id_order_mapping"].items()),
        "note_add": lambda args: comments.add(args.pop("content"), **args),
        "note_update": lambda args: _nothing(comments.update(args["id"], args["content"])),
        "note_delete": lambda args: comments.delete(args["id"]),
        "reminder_add": lambda args: verbs.reminders.add(args.pop("item_id"), **args),
        "reminder_delete": lambda args: verbs.reminders.delete(args["id"]),
        "filter_add": lambda args: verbs.filters.add(args.pop("name"), args.pop("query"), **args),
        "filter_delete": lambda args: verbs.filters.delete(args["id"]),
    }


def _nothing(_: Json) -> None:
    """Made nothing that a temporary id could stand for."""


def _orders(entries: Iterable[Json], name: str) -> list[tuple[str, int]]:
    return [(entry["id"], entry[name]) for entry in entries]


def _resolved(arguments: Json, mapping: dict[str, str]) -> Json:
    """Put the real ids in the place of temporary ones."""
    return {name: _real(value, mapping) for name, value in arguments.items()}


def _real(value: Any, mapping: dict[str, str]) -> Any:
    match value:
        case str():
            return mapping.get(value, value)
        case list():
            return [_real(one, mapping) for one in value]
        case dict():
            return {_real(name, mapping): _real(one, mapping) for name, one in value.items()}
        case _:
            return value
