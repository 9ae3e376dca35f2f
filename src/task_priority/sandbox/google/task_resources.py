"""The paths of Google Tasks v1."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

from task_priority.sandbox.exchange import Json, Reply, Request, json_reply
from task_priority.sandbox.google.errors import invalid
from task_priority.sandbox.google.query import flag, page_size
from task_priority.sandbox.google.task_lists import TaskLists
from task_priority.sandbox.paging import Place, page_of
from task_priority.sandbox.routes import Route
from task_priority.sandbox.tokens import BadToken, Sealer

_PURPOSE: Final = "google-tasks-page"
_BOUNDS: Final = (
    ("completed", "completedMin", "completedMax"),
    ("due", "dueMin", "dueMax"),
    ("updated", "updatedMin", ""),
)


class TaskResources:
    """Answers about task lists and tasks."""

    def __init__(self, lists: TaskLists, sealer: Sealer) -> None:
        self._lists = lists
        self._sealer = sealer

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers, after the version."""
        return (
            Route("GET", "/users/@me/lists", self._list_lists),
            Route("POST", "/users/@me/lists", self._insert_list),
            Route("GET", "/users/@me/lists/{tasklist}", self._get_list),
            Route("PATCH", "/users/@me/lists/{tasklist}", self._change_list),
            Route("PUT", "/users/@me/lists/{tasklist}", self._change_list),
            Route("DELETE", "/users/@me/lists/{tasklist}", self._delete_list),
            Route("GET", "/lists/{tasklist}/tasks", self._list),
            Route("POST", "/lists/{tasklist}/tasks", self._insert),
            Route("POST", "/lists/{tasklist}/clear", self._clear),
            Route("GET", "/lists/{tasklist}/tasks/{id}", self._get),
            Route("PATCH", "/lists/{tasklist}/tasks/{id}", self._change),
            Route("PUT", "/lists/{tasklist}/tasks/{id}", self._change),
            Route("DELETE", "/lists/{tasklist}/tasks/{id}", self._delete),
            Route("POST", "/lists/{tasklist}/tasks/{id}/move", self._move),
        )

    def _list_lists(self, request: Request) -> Reply:
        rows = [((id,), one.entry) for id, one in self._lists.lists.items()]
        return self._page(request, rows, "tasks#taskLists", default=1000, most=1000)

    def _get_list(self, request: Request, tasklist: str) -> Reply:  # noqa: ARG002 - every handler gets the request
        return json_reply(self._lists.list(tasklist).entry)

    def _insert_list(self, request: Request) -> Reply:
        return json_reply(self._lists.add_list(request.fields().get("title", "")))

    def _change_list(self, request: Request, tasklist: str) -> Reply:
        return json_reply(self._lists.change_list(tasklist, request.fields().get("title", "")))

    def _delete_list(self, request: Request, tasklist: str) -> Reply:  # noqa: ARG002 - likewise
        self._lists.delete_list(tasklist)
        return Reply(HTTPStatus.NO_CONTENT)

    def _list(self, request: Request, tasklist: str) -> Reply:
        tasks = self._lists.list(tasklist).tasks.values()
        rows = [((one["position"], one["id"]), one) for one in tasks if _is_wanted(one, request)]
        return self._page(request, rows, "tasks#tasks", default=20, most=100)

    def _get(self, request: Request, tasklist: str, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._lists.task(tasklist, id))

    def _insert(self, request: Request, tasklist: str) -> Reply:
        fields = request.fields()
        title = fields.pop("title", "")
        place = {"parent": request.one("parent"), "previous": request.one("previous")}
        return json_reply(self._lists.add(title, tasklist, **(fields | place)))

    def _change(self, request: Request, tasklist: str, id: str) -> Reply:
        return json_reply(self._lists.change(tasklist, id, **request.fields()))

    def _delete(self, request: Request, tasklist: str, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._lists.delete(id, tasklist)
        return Reply(HTTPStatus.NO_CONTENT)

    def _move(self, request: Request, tasklist: str, id: str) -> Reply:
        parent, previous = request.one("parent"), request.one("previous")
        return json_reply(self._lists.move(tasklist, id, parent=parent, previous=previous))

    def _clear(self, request: Request, tasklist: str) -> Reply:  # noqa: ARG002 - likewise
        self._lists.clear(tasklist)
        return Reply(HTTPStatus.NO_CONTENT)

    def _page(
        self,
        request: Request,
        rows: Sequence[tuple[tuple[str, ...], Json]],
        kind: str,
        *,
        default: int,
        most: int,
    ) -> Reply:
        size = page_size(request, default=default, most=most, limit=None)
        page = page_of(rows, self._place(request), limit=size, quirks=request.quirks)
        answer: Json = {"kind": kind, "etag": '"p1"', "items": page.rows}
        if page.next is not None:
            answer["nextPageToken"] = self._sealer.seal(_PURPOSE, [request.path, page.next.packed()])
        return json_reply(answer)

    def _place(self, request: Request) -> Place:
        token = request.one("pageToken")
        if token is None:
            return Place()
        try:
            path, place = self._sealer.open(_PURPOSE, token)
        except BadToken as error:
            raise invalid("pageToken") from error
        if path != request.path:
            raise invalid("pageToken")
        return Place.unpacked(place)


def _is_wanted(task: Json, request: Request) -> bool:
    if task.get("deleted") and not flag(request, "showDeleted"):
        return False
    if task.get("hidden") and not flag(request, "showHidden"):
        return False
    if task["status"] == "completed" and request.one("showCompleted") == "false":
        return False
    return all(_is_within(task, request, *bound) for bound in _BOUNDS)


def _is_within(task: Json, request: Request, field: str, least: str, most: str) -> bool:
    lower, upper = _moment(request, least), _moment(request, most)
    if lower is None and upper is None:
        return True
    if field not in task:
        return False
    moment = datetime.fromisoformat(task[field])
    return (lower is None or moment >= lower) and (upper is None or moment <= upper)


def _moment(request: Request, name: str) -> datetime | None:
    text = request.one(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(name) from error
    if moment.tzinfo is None:
        raise invalid(name)
    return moment
