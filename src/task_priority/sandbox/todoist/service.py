"""Todoist: one account, what can be done to it, and the API in front of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from task_priority.sandbox.access import AccessTokens
from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import BadBody, Json, Refusal, Reply, Request
from task_priority.sandbox.faults import Fault, FaultKind
from task_priority.sandbox.ids import Ids
from task_priority.sandbox.routes import NoSuchPath, Route, Routes
from task_priority.sandbox.todoist import errors
from task_priority.sandbox.todoist.account import Account
from task_priority.sandbox.todoist.commands import Commands, Verbs
from task_priority.sandbox.todoist.comments import Comments, Filters, Reminders
from task_priority.sandbox.todoist.labels import Labels
from task_priority.sandbox.todoist.listing import Listing
from task_priority.sandbox.todoist.other_resources import CommentResources, LabelResources, OtherResources
from task_priority.sandbox.todoist.place_resources import ProjectResources, SectionResources
from task_priority.sandbox.todoist.projects import Projects, Sections
from task_priority.sandbox.todoist.syncing import Syncing
from task_priority.sandbox.todoist.task_resources import TaskResources
from task_priority.sandbox.todoist.tasks import Tasks
from task_priority.sandbox.todoist.webhooks import Webhooks
from task_priority.sandbox.tokens import Sealer

_WRITE_SCOPES: Final = frozenset({"data:read_write", "data:delete"})


class Todoist:
    """A Todoist account. Change it through ``tasks``, ``projects``, ``sections``, ``labels``, ``comments`` and so on.

    Attributes:
        account: The objects themselves, and how the service tells of them.
        syncing: Holds the budgets of syncs.
        webhooks: Tell a receiver what happens.
    """

    name: Final = "todoist"

    def __init__(self, *, clock: Clock, ids: Ids, sealer: Sealer, access: AccessTokens, user: Json) -> None:
        account = self.account = Account(clock, ids, user)
        self.tasks = Tasks(account)
        self.sections = Sections(account, self.tasks)
        self.projects = Projects(account, self.tasks, self.sections)
        self.labels = Labels(account)
        self.comments = Comments(account)
        self.reminders = Reminders(account)
        self.filters = Filters(account)
        self.webhooks = Webhooks(account)
        verbs = Verbs(
            self.tasks, self.projects, self.sections, self.labels, self.comments, self.reminders, self.filters
        )
        self.commands = Commands(account, verbs)
        self.syncing = Syncing(account, self.commands, sealer)
        inbox = self.projects.add("Inbox", color="grey")
        del account.objects["projects"][inbox["id"]], account.changed["projects"][inbox["id"]]
        account.store("projects", inbox | {"id": account.inbox, "inbox_project": True})
        self._access = access
        listing = Listing(sealer, account.user_id)
        self._routes = Routes([Route("POST", "/sync", self._sync), *self._resources(listing)])

    def answer(self, request: Request) -> Reply:
        """Answer a request; its path begins after the version."""
        try:
            scopes = self._scopes(request)
            handler, parameters = self._routes.find(request.method, request.path)
            if request.method != "GET" and request.path != "/sync" and not _may_write(scopes, request):
                raise errors.forbidden()
            return handler(request, **parameters)
        except Refusal as refusal:
            return refusal.reply
        except BadBody as error:
            return errors.invalid("body", str(error)).reply
        except NoSuchPath as error:
            return _no_such_path(error).reply

    def failing(self, fault: Fault) -> Reply:
        """Return how Todoist tells that something is wrong."""
        match fault.kind:
            case FaultKind.UNAUTHORIZED:
                return errors.unauthorized().reply
            case FaultKind.FORBIDDEN:
                return errors.forbidden(fault.reason or "FORBIDDEN").reply
            case FaultKind.GONE:
                return errors.retired().reply
            case FaultKind.RATE_LIMITED:
                return errors.rate_limited(fault.retry_after_s).reply
            case _:
                return errors.server_error().reply

    def _sync(self, request: Request) -> Reply:
        return self.syncing.answer(request, may_write=bool(self._scopes(request) & _WRITE_SCOPES))

    def _scopes(self, request: Request) -> frozenset[str]:
        scopes = self._access.scopes_of(request.headers.get("authorization", ""), _WRITE_SCOPES)
        if scopes is None:
            raise errors.unauthorized()
        return scopes

    def _resources(self, listing: Listing) -> list[Route]:
        account = self.account
        resources: list[Any] = [
            TaskResources(account, self.tasks, self.comments, listing),
            ProjectResources(account, self.projects, listing),
            SectionResources(account, self.sections, listing),
            LabelResources(account, self.labels, listing),
            CommentResources(account, self.comments, listing),
            OtherResources(account, self.reminders, listing),
        ]
        return [route for resource in resources for route in resource.routes()]


def _may_write(scopes: frozenset[str], request: Request) -> bool:
    if scopes & _WRITE_SCOPES:
        return request.method != "DELETE" or "data:delete" in scopes
    return "task:add" in scopes and request.path == "/tasks"


def _no_such_path(error: NoSuchPath) -> errors.TodoistRefusal:
    if error.methods:
        return errors.TodoistRefusal(
            HTTPStatus.METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", 405, "Method not allowed"
        )
    return errors.not_found("Path")
