"""Makes objects of the form of Todoist's API out of exports, so that both are read by the same rules.

Rows have no ids. A task is named by its project, its title and how many before it have that title, so that it stays the
same task when its date, its labels or its place change.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final, TypeAlias

from crossdock.exporting import Found, SetAside
from task_priority.exporters.todoist.changes import KIND_OF, take
from task_priority.exporters.todoist_backup.files import BadFile
from task_priority.exporters.todoist_backup.rows import BadRow, Row
from task_priority.exporters.todoist_backup.written_dates import date_in, repeats

Taken: TypeAlias = Found | SetAside

ROWS: Final = "rows"
_PROJECT_NAME: Final = re.compile(r"(?P<name>.+?) ?\[(?P<id>[0-9A-Za-z]+)\]")
_PERSON: Final = re.compile(r"(?P<name>.*?)\s*\((?P<id>[0-9A-Za-z]+)\)")
_LABEL: Final = re.compile(r"(?<!\S)@(\S+)\s?")
_PRIORITIES: Final = {"1": 4, "2": 3, "3": 2, "4": 1, "": 4}
"""The numbers of the apps, p1 to p4. Source: Todoist's help, "Format a CSV file": an empty cell is p1."""
_NORMAL: Final = "4"
"""Where nobody wrote priorities: no such column is no empty cell."""


def objects_of_rows(
    name: str, rows: Iterable[Row | BadRow], *, exported: date, owner: str | None
) -> Iterator[Taken]:
    """Make the objects of one project.

    Args:
        name: Of the file: the project's, and perhaps its id in brackets.
        rows: In their order.
        exported: The day on which it was.
        owner: Whose list it is: a name or an id, as in the column RESPONSIBLE; None: nobody said.
    """
    project = _Project(name, exported, owner)
    yield project.found()
    for row in rows:
        yield project.take(row)


def objects_of_backup(data: bytes) -> Iterator[Taken]:
    """Make the objects of a JSON backup, which has the form of an answer of the synchronisation endpoint.

    Raises:
        BadFile: It has not.
    """
    try:
        backup = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"it is no JSON, or only a part of it: {str(error)[:80]}") from error
    if not isinstance(backup, dict) or not isinstance(backup.get("items"), list):
        raise BadFile(
            "it is no backup of Todoist: it has no list of items, as the answer of a synchronisation has"
        )
    for resource, kind in KIND_OF.items():
        value = backup.get(resource)
        raws = value if isinstance(value, list) else [] if value is None else [value]
        yield from (take(kind, raw) for raw in raws)


class _Project:
    """Goes through the rows of a project, and knows what they are in."""

    def __init__(self, name: str, exported: date, owner: str | None) -> None:
        match = _PROJECT_NAME.fullmatch(name)
        self._name = match["name"] if match else name
        self._id = match["id"] if match else _hash(name)
        self._exported = exported
        self._owner = owner
        self._seen = Counter[str]()
        self._section: str | None = None
        self._above: list[tuple[int, str]] = []
        self._last: str | None = None
        self._is_lost = False

    def found(self) -> Found:
        return Found("projects", self._id, {"id": self._id, "name": self._name})

    def take(self, row: Row | BadRow) -> Taken:
        if isinstance(row, BadRow):
            return self._lose(row)
        match row.cells["TYPE"].lower():
            case "task":
                return self._task(row)
            case "section":
                return self._take_section(row)
            case "note":
                return self._note(row)
            case _:
                return _aside(row, f"TYPE {row.cells['TYPE']!r:.80} is none of task, section, note and meta")

    def _lose(self, row: BadRow) -> SetAside:
        """Set a row aside; nobody knows what the next ones belong to, so that they are given to nothing."""
        self._above, self._is_lost = [], True
        if row.cells and row.cells[0].strip().lower() == "section":
            self._section = None
        return SetAside(ROWS, None, f"line {row.line}: {row.reason}", list(row.cells))

    def _take_section(self, row: Row) -> Taken:
        name = row.cells["CONTENT"]
        self._section = self._new_id("section", name)
        self._above, self._is_lost = [], False
        return Found("sections", self._section, {"id": self._section, "project_id": self._id, "name": name})

    def _task(self, row: Row) -> Taken:
        cells = row.cells
        indent = cells.get("INDENT", "") or "1"
        if not cells["CONTENT"] or not (indent.isascii() and indent.isdigit()):
            self._above, self._is_lost = [], True
            what = f"INDENT {indent!r:.80} is no level" if cells["CONTENT"] else "it has no CONTENT"
            return _aside(row, what)
        content, labels = _labelled(cells["CONTENT"])
        level, id = int(indent[:9]), self._new_id("task", content)
        self._above = [one for one in self._above if one[0] < level]
        parent = self._above[-1][1] if self._above else None
        self._above.append((level, id))
        self._last, self._is_lost = id, False
        task = {
            "id": id,
            "project_id": self._id,
            "section_id": self._section,
            "parent_id": parent,
            "content": content,
        }
        return Found("tasks", id, {**task, "labels": labels, **self._cells(row)})

    def _cells(self, row: Row) -> dict[str, Any]:
        cells = row.cells
        priority = cells.get("PRIORITY", _NORMAL)
        return {
            "description": cells.get("DESCRIPTION", ""),
            "priority": _PRIORITIES.get(priority, priority),
            "due": self._due(row),
            "deadline": self._deadline(row),
            "duration": _duration(cells.get("DURATION", ""), cells.get("DURATION_UNIT", "")),
            **self._person(cells.get("RESPONSIBLE", "")),
        }

    def _due(self, row: Row) -> dict[str, Any] | None:
        text, language = row.cells.get("DATE", ""), row.cells.get("DATE_LANG", "")
        if not text:
            return None
        day = date_in(text, language=language, exported=self._exported)
        zone = row.cells.get("TIMEZONE") if day is not None and "T" in day else None
        return {
            "date": day,
            "timezone": zone or None,
            "string": text,
            "lang": language,
            "is_recurring": repeats(text),
        }

    def _deadline(self, row: Row) -> dict[str, Any] | None:
        text, language = row.cells.get("DEADLINE", ""), row.cells.get("DEADLINE_LANG", "")
        if not text:
            return None
        return {"date": date_in(text, language=language, exported=self._exported) or text, "lang": language}

    def _person(self, text: str) -> dict[str, Any]:
        if not text:
            return {"responsible_uid": None}
        match = _PERSON.fullmatch(text)
        name, id = (match["name"], match["id"]) if match else (text, _hash(text))
        person = {"responsible_uid": id, "responsible": name}
        if self._owner is None:
            return person
        return {**person, "user_id": id if self._owner in {name, id, text} else _hash(self._owner)}

    def _note(self, row: Row) -> Taken:
        if self._is_lost:
            return _aside(row, "the row that it belongs to could not be read")
        text = row.cells["CONTENT"]
        id = self._new_id("note", f"{self._last} {text}")
        on = {"project_id": self._id} if self._last is None else {"item_id": self._last}
        return Found(
            "comments", id, {"id": id, **on, "content": text, "posted_at": row.cells.get("DATE") or None}
        )

    def _new_id(self, kind: str, content: str) -> str:
        id = _hash(f"{self._id}\0{kind}\0{content}")
        self._seen[id] += 1
        return id if self._seen[id] == 1 else f"{id}-{self._seen[id]}"


def _labelled(content: str) -> tuple[str, list[str]]:
    """Take the labels out of a title; one that has nothing else stays as it is."""
    bare = _LABEL.sub("", content).strip()
    return (bare, _LABEL.findall(content)) if bare else (content, [])


def _duration(amount: str, unit: str) -> dict[str, Any] | None:
    if amount in {"", "None"}:
        return None
    return {
        "amount": int(amount[:9]) if amount.isascii() and amount.isdigit() else amount,
        "unit": unit.lower(),
    }


def _aside(row: Row, reason: str) -> SetAside:
    return SetAside(ROWS, None, f"line {row.line}: {reason}", dict(row.cells))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
