"""A part of Todoist's filter language: enough to ask for what is due, by priority, label, project and text.

Understood are ``today``, ``tomorrow``, ``overdue``, ``7 days``, ``no date``, ``recurring``, ``subtask``, ``p1`` to
``p4``, ``@label``, ``no labels``, ``#Project``, ``/Section``, ``search: words``, joined by ``&``, ``|``, ``!`` and
parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from fnmatch import fnmatchcase
from typing import Final, TypeAlias

from task_priority.sandbox.exchange import Json
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.due import day_of
from task_priority.sandbox.todoist.errors import invalid

MAX_QUERY: Final = 1024
_Test: TypeAlias = Callable[[Json], bool]
_TOKENS: Final = re.compile(r"[&|!()]|[^&|!()]+")
_DAYS: Final = re.compile(r"^(?:next\s+)?(\d+) days?$")
_PRIORITY: Final = re.compile(r"^p([1-4])$")


def matching(query: str, tasks: Iterable[Json], account: Account) -> Iterator[Json]:
    """Return the tasks that a query wants.

    Raises:
        TodoistRefusal: It cannot be read.
    """
    if not 1 <= len(query) <= MAX_QUERY:
        raise invalid("query", f"1 to {MAX_QUERY} characters")
    parser = _Parser(query, account)
    return filter(parser.test(), tasks)


class _Parser:
    """Reads a query by recursive descent: ``|`` binds least, ``!`` most."""

    def __init__(self, query: str, account: Account) -> None:
        self._tokens = [token.strip() for token in _TOKENS.findall(query) if token.strip()]
        self._account = account
        self._today = account.today().date()

    def test(self) -> _Test:
        test = self._either()
        if self._tokens:
            raise _unreadable()
        return test

    def _either(self) -> _Test:
        tests = [self._both()]
        while self._takes("|"):
            tests.append(self._both())
        return lambda task: any(test(task) for test in tests)

    def _both(self) -> _Test:
        tests = [self._single()]
        while self._takes("&"):
            tests.append(self._single())
        return lambda task: all(test(task) for test in tests)

    def _single(self) -> _Test:
        if self._takes("!"):
            refused = self._single()
            return lambda task: not refused(task)
        if self._takes("("):
            inner = self._either()
            if not self._takes(")"):
                raise _unreadable()
            return inner
        if not self._tokens or self._tokens[0] in "&|)":
            raise _unreadable()
        return self._word(self._tokens.pop(0))

    def _word(self, word: str) -> _Test:
        if word[0] in "#/@":
            return self._named(word[0], word[1:].strip())
        lower = word.lower()
        if lower.startswith("search:"):
            text = lower.removeprefix("search:").strip()
            return lambda task: text in task["content"].lower()
        if (found := _PRIORITY.match(lower)) is not None:
            priority = 5 - int(found[1])
            return lambda task: bool(task["priority"] == priority)
        simple: dict[str, _Test] = {
            "no date": lambda task: task["due"] is None,
            "no labels": lambda task: not task["labels"],
            "recurring": lambda task: task["due"] is not None and task["due"]["is_recurring"],
            "subtask": lambda task: task["parent_id"] is not None,
            "all": lambda _: True,
        }
        return simple.get(lower) or self._dated(lower)

    def _dated(self, word: str) -> _Test:
        today, day = self._today, timedelta(days=1)
        if word in {"overdue", "over due", "od"}:
            return self._due(date.min, today - day)
        if word == "today":
            return self._due(today, today)
        if word == "tomorrow":
            return self._due(today + day, today + day)
        if (found := _DAYS.match(word)) is not None:
            return self._due(today, today + int(found[1]) * day - day)
        raise _unreadable()

    def _due(self, first: date, last: date) -> _Test:
        def test(task: Json) -> bool:
            return task["due"] is not None and first <= day_of(task["due"], self._account.zone) <= last

        return test

    def _named(self, mark: str, name: str) -> _Test:
        if mark == "@":
            return lambda task: any(fnmatchcase(label, name) for label in task["labels"])
        kind, field = ("projects", "project_id") if mark == "#" else ("sections", "section_id")
        ids = {one["id"] for one in self._account.living(kind) if fnmatchcase(one["name"], name)}
        return lambda task: task[field] in ids

    def _takes(self, mark: str) -> bool:
        if self._tokens and self._tokens[0] == mark:
            del self._tokens[0]
            return True
        return False


def _unreadable() -> Exception:
    return invalid("query", "a filter that this sandbox can read")
