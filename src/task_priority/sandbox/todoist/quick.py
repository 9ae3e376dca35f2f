"""Quick add: one line such as ``Send papers #Work @office p1 tomorrow at 9:00 {2026-03-10}``."""

from __future__ import annotations

import re
from typing import Any, Final

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.due import from_words
from task_priority.sandbox.todoist.errors import TodoistRefusal
from task_priority.sandbox.todoist.tasks import Tasks

_LABEL: Final = re.compile(r"(?:^|\s)@(\S+)")
_PROJECT: Final = re.compile(r"(?:^|\s)#(\S+)")
_PRIORITY: Final = re.compile(r"(?:^|\s)p([1-4])(?=\s|$)")
_DEADLINE: Final = re.compile(r"(?:^|\s)\{(\d{4}-\d\d-\d\d)\}")


def quick_add(text: str, account: Account, tasks: Tasks) -> Json:
    """Add the task that a line means. A name of a project that there is none of stays in the title."""
    fields: dict[str, Any] = {"labels": _LABEL.findall(text)}
    rest = _LABEL.sub("", text)
    projects = {one["name"].replace(" ", "").casefold(): one["id"] for one in account.active("projects")}
    if (found := _PROJECT.search(rest)) and found[1].casefold() in projects:
        fields["project_id"] = projects[found[1].casefold()]
        rest = rest.replace(found[0], "")
    if (found := _PRIORITY.search(rest)) is not None:
        fields["priority"] = 5 - int(found[1])
        rest = rest.replace(found[0], "")
    if (found := _DEADLINE.search(rest)) is not None:
        fields["deadline_date"] = found[1]
        rest = rest.replace(found[0], "")
    title, due = _split_due(rest.split(), account)
    return tasks.add(title, **fields, **({"due_string": due} if due else {}))


def meta(task: Json, account: Account) -> Json:
    """Return what the words of a quick add were taken for."""
    project = account.objects["projects"][task["project_id"]]
    labels = {one["id"]: one["name"] for one in account.living("labels") if one["name"] in task["labels"]}
    return {
        "project": [project["id"], project["name"]],
        "section": [None, None],
        "assignee": [None, None],
        "labels": labels,
        "due": task["due"],
        "deadline": task["deadline"],
    }


def _split_due(words: list[str], account: Account) -> tuple[str, str | None]:
    """Split a date in words off the end, the longest there is; something must be left as the title."""
    for start in range(1, len(words)):
        try:
            from_words(due := " ".join(words[start:]), account.today())
        except TodoistRefusal:
            continue
        return " ".join(words[:start]), due
    return " ".join(words), None
