"""Google: calendars and task lists, and the two APIs in front of them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from task_priority.sandbox.access import AccessTokens
from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import BadBody, Refusal, Reply, Request
from task_priority.sandbox.faults import Fault
from task_priority.sandbox.google import errors
from task_priority.sandbox.google.calendar_resources import CalendarResources
from task_priority.sandbox.google.calendars import Calendars
from task_priority.sandbox.google.errors import GoogleRefusal
from task_priority.sandbox.google.task_lists import TaskLists
from task_priority.sandbox.google.task_resources import TaskResources
from task_priority.sandbox.ids import Ids
from task_priority.sandbox.routes import NoSuchPath, Route, Routes
from task_priority.sandbox.tokens import Sealer

_SCOPES: Final = "https://www.googleapis.com/auth/"


class GoogleApi:
    """One of Google's APIs.

    Args:
        name: Such as ``calendar``; its scopes begin with it.
    """

    def __init__(self, name: str, routes: list[Route], access: AccessTokens) -> None:
        self.name = name
        self._routes = Routes(routes)
        self._access = access

    def answer(self, request: Request) -> Reply:
        """Answer a request; its path begins after the version."""
        try:
            self._check(request)
            handler, parameters = self._routes.find(request.method, request.path)
            return handler(request, **parameters)
        except Refusal as refusal:
            return refusal.reply
        except BadBody:
            return GoogleRefusal(HTTPStatus.BAD_REQUEST, "parseError", "Parse Error").reply
        except NoSuchPath:
            return errors.not_found().reply

    def failing(self, fault: Fault) -> Reply:
        """Return how Google tells that something is wrong."""
        return errors.failing(fault).reply

    def _check(self, request: Request) -> None:
        """Hold the token against what is asked: a scope that is for reading only does not write."""
        everything = frozenset({_SCOPES + self.name})
        scopes = self._access.scopes_of(request.headers.get("authorization", ""), everything)
        if scopes is None:
            raise GoogleRefusal(HTTPStatus.UNAUTHORIZED, "authError")
        own = [scope for scope in scopes if scope.removeprefix(_SCOPES).partition(".")[0] == self.name]
        reads = request.method == "GET" or request.path == "/freeBusy"
        if not any(reads or not scope.endswith("readonly") for scope in own):
            raise GoogleRefusal(HTTPStatus.FORBIDDEN, "insufficientPermissions")


class Google:
    """A Google account. Change it through ``calendars`` and ``tasks``."""

    def __init__(  # noqa: PLR0913 - all by keyword
        self, *, clock: Clock, ids: Ids, sealer: Sealer, access: AccessTokens, email: str, timezone: str
    ) -> None:
        self.calendars = Calendars(clock=clock, ids=ids, email=email, timezone=timezone)
        self.tasks = TaskLists(clock=clock, ids=ids)
        calendar_routes = list(CalendarResources(self.calendars, sealer, clock).routes())
        self.calendar_api = GoogleApi("calendar", calendar_routes, access)
        self.tasks_api = GoogleApi("tasks", list(TaskResources(self.tasks, sealer).routes()), access)
