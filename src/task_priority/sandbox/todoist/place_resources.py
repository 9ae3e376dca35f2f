"""The resource endpoints of projects and sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from task_priority.sandbox.exchange import Json, Reply, Request, json_reply
from task_priority.sandbox.routes import Route
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.errors import missing
from task_priority.sandbox.todoist.listing import Listing
from task_priority.sandbox.todoist.projects import Projects, Sections
from task_priority.sandbox.todoist.task_resources import NOTHING, by_id, checked_id


class ProjectResources:
    """Answers about projects."""

    def __init__(self, account: Account, projects: Projects, listing: Listing) -> None:
        self._account = account
        self._projects = projects
        self._listing = listing

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers."""
        return (
            Route("GET", "/projects", self._list),
            Route("POST", "/projects", self._add),
            Route("GET", "/projects/archived", self._archived),
            Route("GET", "/projects/search", self._search),
            Route("GET", "/projects/{id}", self._get),
            Route("POST", "/projects/{id}", self._update),
            Route("DELETE", "/projects/{id}", self._delete),
            Route("POST", "/projects/{id}/archive", self._archive),
            Route("POST", "/projects/{id}/unarchive", self._unarchive),
            Route("GET", "/projects/{id}/collaborators", self._collaborators),
        )

    def _list(self, request: Request) -> Reply:
        return self._page(request, list(self._account.active("projects")))

    def _archived(self, request: Request) -> Reply:
        return self._page(request, [one for one in self._account.living("projects") if one["is_archived"]])

    def _search(self, request: Request) -> Reply:
        return self._page(request, named(request, self._account.active("projects")))

    def _get(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - every handler gets the request
        return json_reply(_shown(self._account.get("projects", checked_id(id))))

    def _add(self, request: Request) -> Reply:
        return json_reply(_shown(self._projects.add(**_with_name(request))))

    def _update(self, request: Request, id: str) -> Reply:
        return json_reply(_shown(self._projects.update(checked_id(id), **request.fields())))

    def _archive(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(_shown(self._projects.archive(checked_id(id))))

    def _unarchive(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(_shown(self._projects.unarchive(checked_id(id))))

    def _delete(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._projects.delete(checked_id(id))
        return NOTHING

    def _collaborators(self, request: Request, id: str) -> Reply:
        shared = self._account.get("projects", checked_id(id))["shared"]
        people = self._account.collaborators if shared else []
        shown = [{"id": one["id"], "name": one["full_name"], "email": one["email"]} for one in people]
        return self._listing.answer(request, by_id(shown))

    def _page(self, request: Request, found: Sequence[Json]) -> Reply:
        return self._listing.answer(request, by_id([_shown(one) for one in found]))


class SectionResources:
    """Answers about sections."""

    def __init__(self, account: Account, sections: Sections, listing: Listing) -> None:
        self._account = account
        self._sections = sections
        self._listing = listing

    def routes(self) -> Sequence[Route]:
        """Return the paths that it answers."""
        return (
            Route("GET", "/sections", self._list),
            Route("POST", "/sections", self._add),
            Route("GET", "/sections/archived", self._archived),
            Route("GET", "/sections/search", self._search),
            Route("GET", "/sections/{id}", self._get),
            Route("POST", "/sections/{id}", self._update),
            Route("DELETE", "/sections/{id}", self._delete),
            Route("POST", "/sections/{id}/archive", self._archive),
            Route("POST", "/sections/{id}/unarchive", self._unarchive),
        )

    def _list(self, request: Request) -> Reply:
        return self._page(request, list(self._account.active("sections")))

    def _archived(self, request: Request) -> Reply:
        return self._page(request, [one for one in self._account.living("sections") if one["is_archived"]])

    def _search(self, request: Request) -> Reply:
        return self._page(request, named(request, self._account.active("sections")))

    def _get(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._account.get("sections", checked_id(id)))

    def _add(self, request: Request) -> Reply:
        fields = _with_name(request)
        if "project_id" not in fields:
            raise missing("project_id")
        return json_reply(self._sections.add(**fields))

    def _update(self, request: Request, id: str) -> Reply:
        return json_reply(self._sections.update(checked_id(id), **request.fields()))

    def _archive(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._sections.archive(checked_id(id)))

    def _unarchive(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        return json_reply(self._sections.unarchive(checked_id(id)))

    def _delete(self, request: Request, id: str) -> Reply:  # noqa: ARG002 - likewise
        self._sections.delete(checked_id(id))
        return NOTHING

    def _page(self, request: Request, found: Sequence[Json]) -> Reply:
        project = request.one("project_id")
        return self._listing.answer(
            request,
            by_id([one for one in found if project is None or one["project_id"] == checked_id(project)]),
        )


def named(request: Request, objects: Any) -> list[Json]:
    """Return the objects whose name has the words of the query."""
    query = request.one("query")
    if query is None:
        raise missing("query")
    return [one for one in objects if query.casefold() in one["name"].casefold()]


def _with_name(request: Request) -> Json:
    fields = request.fields()
    if "name" not in fields:
        raise missing("name")
    return fields


def _shown(project: Json) -> Json:
    """Return a project as the resource endpoints tell it: ``shared`` is called ``is_shared``."""
    return {"is_shared" if name == "shared" else name: value for name, value in project.items()}
