"""The resource endpoints of labels, comments, reminders and the user."""

from __future__ import annotations

from collections.abc import Sequence

from task_priority.sandbox.exchange import Json, Reply, Request, json_reply
from task_priority.sandbox.routes import Route
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.comments import Comments, Reminders
from task_priority.sandbox.todoist.errors import invalid, missing
from task_priority.sandbox.todoist.labels import Labels
from task_priority.sandbox.todoist.listing import Listing
from task_priority.sandbox.todoist.place_resources import named
from task_priority.sandbox.todoist.task_resources import NOTHING, by_id, checked_id

_MAPPED = ("tasks", "projects", "sections", "comments", "reminders", "location_reminders")


class LabelResources:
    """Answers about labels."""

    def __init__(self, account: Account, labels: Labels, listing: Listing) -> None:
        self._account = account
        self._labels = labels
        self._listing = listing

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers."""
        return (
            Route("GET", "/labels", self._list),
            Route("POST", "/labels", self._add),
            Route("GET", "/labels/search", self._search),
            Route("GET", "/labels/shared", self._shared),
            Route("POST", "/labels/shared/rename", self._rename_shared),
            Route("POST", "/labels/shared/remove", self._remove_shared),
            Route("GET", "/labels/{id}", self._get),
            Route("POST", "/labels/{id}", self._update),
            Route("DELETE", "/labels/{id}", self._delete),
        )

    def _list(self, request: Request) -> Reply:
        return self._page(request, list(self._account.living("labels")))

    def _search(self, request: Request) -> Reply:
        return self._page(request, named(request, self._account.living("labels")))

    def _shared(self, request: Request) -> Reply:
        names = set(self._labels.shared())
        if request.one("omit_personal") != "true":
            names |= {one["name"] for one in self._account.living("labels")}
        return self._listing.answer(request, [((name,), name) for name in names])

    def _rename_shared(self, request: Request) -> Reply:
        old, new = request.one("name"), request.fields().get("new_name")
        if not old:
            raise missing("name")
        if not isinstance(new, str) or not new:
            raise missing("new_name")
        self._labels.replace_on_tasks(old, new)
        return NOTHING

    def _remove_shared(self, request: Request) -> Reply:
        name = request.fields().get("name")
        if not isinstance(name, str):
            raise missing("name")
        self._labels.replace_on_tasks(name, None)
        return NOTHING

    def _get(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - every handler gets the request
        return json_reply(_shown(self._account.get("labels", _label_id(id))))

    def _add(self, request: Request) -> Reply:
        fields = request.fields()
        if "name" not in fields:
            raise missing("name")
        return json_reply(_shown(self._labels.add(**fields)))

    def _update(self, request: Request, id: str) -> Reply:
        return json_reply(_shown(self._labels.update(_label_id(id), **request.fields())))

    def _delete(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._labels.delete(_label_id(id))
        return NOTHING

    def _page(self, request: Request, found: Sequence[Json]) -> Reply:
        return self._listing.answer(request, by_id([_shown(one) for one in found]))


class CommentResources:
    """Answers about comments."""

    def __init__(self, account: Account, comments: Comments, listing: Listing) -> None:
        self._account = account
        self._comments = comments
        self._listing = listing

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers."""
        return (
            Route("GET", "/comments", self._list),
            Route("POST", "/comments", self._add),
            Route("GET", "/comments/{id}", self._get),
            Route("POST", "/comments/{id}", self._update),
            Route("DELETE", "/comments/{id}", self._delete),
        )

    def _list(self, request: Request) -> Reply:
        task, project = request.one("task_id"), request.one("project_id")
        if (task is None) == (project is None):
            raise invalid("task_id", "exactly one of task_id and project_id")
        if task is not None:
            self._account.get("items", checked_id(task))
            found = [one for one in self._account.living("notes") if one["item_id"] == task]
        else:
            self._account.get("projects", checked_id(str(project)))
            found = [one for one in self._account.living("project_notes") if one["project_id"] == project]
        return self._listing.answer(request, by_id(found))

    def _get(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._comments.get(checked_id(id)))

    def _add(self, request: Request) -> Reply:
        fields = request.fields()
        if "content" not in fields:
            raise missing("content")
        return json_reply(self._comments.add(**fields))

    def _update(self, request: Request, id: str) -> Reply:
        return json_reply(self._comments.update(checked_id(id), request.fields().get("content", "")))

    def _delete(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._comments.delete(checked_id(id))
        return NOTHING


class OtherResources:
    """Answers about reminders, the user, and ids of the old APIs."""

    def __init__(self, account: Account, reminders: Reminders, listing: Listing) -> None:
        self._account = account
        self._reminders = reminders
        self._listing = listing

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers."""
        return (
            Route("GET", "/reminders", self._list_reminders),
            Route("POST", "/reminders", self._add_reminder),
            Route("GET", "/reminders/{id}", self._get_reminder),
            Route("DELETE", "/reminders/{id}", self._delete_reminder),
            Route("GET", "/user", self._user),
            Route("GET", "/id_mappings/{kind}/{ids}", self._id_mappings),
        )

    def _list_reminders(self, request: Request) -> Reply:
        task = request.one("task_id")
        found = [one for one in self._account.active("reminders") if task in {None, one["item_id"]}]
        return self._listing.answer(request, by_id(found))

    def _add_reminder(self, request: Request) -> Reply:
        fields = request.fields()
        if "task_id" not in fields:
            raise missing("task_id")
        return json_reply(self._reminders.add(**fields))

    def _get_reminder(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._account.get("reminders", checked_id(id)))

    def _delete_reminder(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._reminders.delete(checked_id(id))
        return NOTHING

    def _user(self, request: Request) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._account.user)

    def _id_mappings(self, request: Request, kind: str, ids: str) -> Reply:  # noqa: ARG002 - likewise
        """Answer for an account that is younger than API v1: nothing in it has an old id."""
        if kind not in _MAPPED:
            raise invalid("kind", f"one of {', '.join(_MAPPED)}")
        return json_reply([])


def _shown(label: Json) -> Json:
    """Return a label as the resource endpoints tell it: ``item_order`` is called ``order``."""
    return {
        "id": label["id"],
        "name": label["name"],
        "color": label["color"],
        "order": label["item_order"],
        "is_favorite": label["is_favorite"],
    }


def _label_id(id: str) -> str:
    if not id.isdigit():
        raise invalid("label_id", "an integer")
    return id
