"""The resource endpoints of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from task_priority.sandbox.exchange import Json, Reply, Request, json_reply
from task_priority.sandbox.routes import Route
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.comments import Comments
from task_priority.sandbox.todoist.completed import Completed
from task_priority.sandbox.todoist.errors import invalid, missing
from task_priority.sandbox.todoist.filters import matching
from task_priority.sandbox.todoist.listing import Listing
from task_priority.sandbox.todoist.quick import meta, quick_add
from task_priority.sandbox.todoist.tasks import Tasks

_PLACES = ("project_id", "section_id", "parent_id")


class TaskResources:
    """Answers about tasks."""

    def __init__(self, account: Account, tasks: Tasks, comments: Comments, listing: Listing) -> None:
        self._account = account
        self._tasks = tasks
        self._comments = comments
        self._listing = listing
        self._completed = Completed(account, listing)

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers."""
        return (
            Route("GET", "/tasks", self._list),
            Route("POST", "/tasks", self._add),
            Route("GET", "/tasks/filter", self._filter),
            Route("POST", "/tasks/quick", self._quick),
            Route("GET", "/tasks/completed/by_completion_date", self._completed.by_completion_date),
            Route("GET", "/tasks/completed/by_due_date", self._completed.by_due_date),
            Route("GET", "/tasks/completed/search", self._completed.search),
            Route("GET", "/tasks/{id}", self._get),
            Route("POST", "/tasks/{id}", self._update),
            Route("DELETE", "/tasks/{id}", self._delete),
            Route("POST", "/tasks/{id}/close", self._close),
            Route("POST", "/tasks/{id}/reopen", self._reopen),
            Route("POST", "/tasks/{id}/move", self._move),
        )

    def _list(self, request: Request) -> Reply:
        wanted = {name: value for name in _PLACES if (value := request.one(name)) is not None}
        for id in wanted.values():
            checked_id(id)
        label, ids = request.one("label"), request.one("ids")
        found = [
            one
            for one in self._account.active("items")
            if all(one[name] == value for name, value in wanted.items())
            and (label is None or label in one["labels"])
            and (ids is None or one["id"] in ids.split(","))
        ]
        return self._listing.answer(request, by_id(found))

    def _filter(self, request: Request) -> Reply:
        query = request.one("query")
        if query is None:
            raise missing("query")
        found = matching(query, self._account.active("items"), self._account)
        return self._listing.answer(request, by_id(list(found)))

    def _get(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - every handler gets the request
        return json_reply(self._account.get("items", checked_id(id)))

    def _add(self, request: Request) -> Reply:
        fields = request.fields()
        if "content" not in fields:
            raise missing("content")
        return json_reply(self._tasks.add(fields.pop("content"), **fields))

    def _quick(self, request: Request) -> Reply:
        fields = request.fields()
        if not isinstance(fields.get("text"), str) or not fields["text"].strip():
            raise missing("text")
        task = quick_add(fields["text"], self._account, self._tasks)
        if fields.get("note"):
            self._comments.add(fields["note"], task_id=task["id"])
        more = {"meta": meta(task, self._account)} if fields.get("meta") else {}
        return json_reply({**task, **more})

    def _update(self, request: Request, id: str) -> Reply:
        return json_reply(self._tasks.update(checked_id(id), **request.fields()))

    def _move(self, request: Request, id: str) -> Reply:
        return json_reply(self._tasks.move(checked_id(id), **request.fields()))

    def _close(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._tasks.close(checked_id(id))
        return NOTHING

    def _reopen(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._tasks.reopen(checked_id(id))
        return NOTHING

    def _delete(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._tasks.delete(checked_id(id))
        return NOTHING


NOTHING = json_reply(None, HTTPStatus.OK)
"""The answer to what returns nothing."""


def by_id(found: Sequence[Json]) -> list[tuple[tuple[str, ...], Json]]:
    """Give objects the keys by which they are listed."""
    return [((one["id"],), one) for one in found]


def checked_id(id: str) -> str:
    """Return an id, unless it is of the old APIs.

    Raises:
        TodoistRefusal: It is.
    """
    if id.isdigit():
        raise invalid("id", "an id of the API v1; see /id_mappings for those of the old APIs")
    return id
