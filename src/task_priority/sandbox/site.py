"""Everything that answers on the sandbox's port, with the faults in front."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Final, Protocol

from task_priority.sandbox.exchange import Cut, Reply, Request, html_reply
from task_priority.sandbox.faults import Fault, FaultKind, Faults
from task_priority.sandbox.oauth import OAuth
from task_priority.sandbox.oddities import with_nulls, with_unknown_keys
from task_priority.sandbox.todoist.errors import not_found, retired

TODOIST_PREFIX: Final = "/todoist/api/v1"
CALENDAR_PREFIX: Final = "/calendar/v3"
TASKS_PREFIX: Final = "/tasks/v1"
_RETIRED: Final = ("/todoist/rest/", "/todoist/sync/")


class Api(Protocol):
    """Something that answers below a prefix, and knows how to fail in its own form."""

    @property
    def name(self) -> str:
        """What faults call it."""

    def answer(self, request: Request) -> Reply:
        """Answer a request whose path begins after the prefix."""

    def failing(self, fault: Fault) -> Reply:
        """Return how it tells that something is wrong."""


class Site:
    """Finds who answers a request; one request is answered at a time.

    Args:
        apis: With their prefixes.
        oauths: Have whole paths of their own, and come first.
        control: Answers ``/`` and ``/sandbox/``, and meets no faults.
        changed: Called after whatever may have changed something.
        lock: Held while a request is answered.
    """

    def __init__(  # noqa: PLR0913 - all by keyword
        self,
        *,
        apis: Sequence[tuple[str, Api]],
        oauths: Sequence[OAuth],
        control: Callable[[Request], Reply],
        faults: Faults,
        changed: Callable[[], None],
        lock: threading.RLock,
    ) -> None:
        self._apis = apis
        self._oauths = oauths
        self._control = control
        self._faults = faults
        self._changed = changed
        self._lock = lock

    def answer(self, request: Request) -> Reply:
        """Answer a request, or do with it what a fault wants."""
        if request.path == "/" or request.path.startswith("/sandbox"):
            return self._control(request)
        if request.path.startswith(_RETIRED):
            return retired().reply
        found = self._find(request)
        if found is None:
            return not_found("Path").reply
        api, inner = found
        fault = self._faults.meet(api.name, request)
        return self._do(api, inner) if fault is None else self._fail(fault, api, inner)

    def _find(self, request: Request) -> tuple[Api, Request] | None:
        for oauth in self._oauths:
            if oauth.serves(request.path):
                return oauth, request
        for prefix, api in self._apis:
            if request.path.startswith(f"{prefix}/"):
                return api, replace(request, path=request.path.removeprefix(prefix))
        return None

    def _do(self, api: Api, request: Request) -> Reply:
        with self._lock:
            reply = api.answer(request)
            if request.method != "GET":
                self._changed()
            return reply

    def _fail(self, fault: Fault, api: Api, request: Request) -> Reply:  # noqa: PLR0911 - one for each kind
        if fault.kind.quirk is not None:
            return self._do(api, replace(request, quirks=frozenset({fault.kind.quirk})))
        match fault.kind:
            case FaultKind.SLOW:
                fault.wait()
                return self._do(api, request)
            case FaultKind.DROPPED:
                return Reply(cut=Cut.AT_ONCE)
            case FaultKind.ANSWER_LOST:
                return replace(self._do(api, request), cut=Cut.AT_ONCE)
            case FaultKind.TRUNCATED:
                return replace(self._do(api, request), cut=Cut.HALFWAY)
            case FaultKind.HALF_JSON:
                whole = self._do(api, request)
                return replace(whole, body=whole.body[: len(whole.body) // 2])
            case FaultKind.NULLS:
                return with_nulls(self._do(api, request))
            case FaultKind.UNKNOWN_KEYS:
                return with_unknown_keys(self._do(api, request))
            case FaultKind.UNAVAILABLE:
                page = "<html><body><h1>503 Service Unavailable</h1></body></html>"
                return html_reply(page, HTTPStatus.SERVICE_UNAVAILABLE)
            case _:
                return api.failing(fault)
