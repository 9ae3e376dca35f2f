"""Puts the API together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse

from crossdock.api import documentation, page
from crossdock.api.access import OPEN_TO_FEW
from crossdock.api.attendance import Attendance
from crossdock.api.documentation import PREFIX
from crossdock.api.errors import Detail, ErrorAnswer, Refusal, answer_for
from crossdock.api.guard import Guard
from crossdock.api.operations import Answers, JsonAnswer, Operations, segmented
from crossdock.api.resources import (
    app_changes,
    app_switches,
    apps,
    events,
    exporters,
    health,
    jobs,
    keys,
    messages,
    metrics,
    queue_changes,
    queues,
    schedules,
    webhooks,
)
from crossdock.api.state import ApiState, state_of
from crossdock.config.applications import chosen
from crossdock.domain.errors import CrossdockError
from crossdock.domain.plain_words import plain_words

if TYPE_CHECKING:
    from starlette.requests import Request

    from crossdock.api.settings import ApiSettings
    from crossdock.asynchronous.queue import AsyncQueue

_RESOURCES: tuple[Operations, ...] = (
    jobs.operations,
    messages.operations,
    queues.operations,
    queue_changes.operations,
    schedules.operations,
    webhooks.operations,
    apps.operations,
    app_changes.operations,
    app_switches.operations,
    exporters.operations,
    keys.operations,
    events.operations,
    health.operations,
    metrics.operations,
)
"""Whatever the API has, in the order of the document; a further resource joins by its line here."""


def create_application(queue: AsyncQueue, settings: ApiSettings) -> FastAPI:
    """Return the API as an ASGI application; everything in it is under ``/api/v1``.

    Args:
        queue: On the store that is served; it is not closed here.
        settings: How the API behaves.
    """
    state = ApiState(queue, settings)
    app = FastAPI(
        title="Crossdock",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    app.state.crossdock = state
    for resource in (*_RESOURCES, *_of_applications(settings), _documents(app)):
        app.include_router(resource, prefix=PREFIX)
        state.declared += resource.declared
    for kind, handler in (
        (CrossdockError, _refused),
        (Refusal, _refused),
        (RequestValidationError, _invalid),
        (HTTPException, _unknown),
    ):
        app.add_exception_handler(kind, handler)
    app.add_middleware(Guard, allowed_hosts=state.hosts, notice=queue._gateway.notice)
    return app


def _of_applications(settings: ApiSettings) -> Iterator[Operations]:
    """Give what the applications of the configuration add."""
    if settings.loaded is not None:
        for application, table in chosen(settings.loaded.config):
            yield from application.operations(table)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Keep up with the store for as long as the application serves."""
    state: ApiState = app.state.crossdock
    attendance = Attendance(state)
    state.keep_up = attendance.keep_up
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(attendance.run())
        tasks.create_task(state.feed.run())  # ends by itself when the process is to
        try:
            yield
        finally:
            state.stopping.set()
            task.cancel()
            await attendance.end()


def _documents(app: FastAPI) -> Operations:
    """Return the operations that tell of all the others."""
    operations = Operations("documentation")

    @operations.on(
        "GET",
        "/openapi.json",
        id="getDocument",
        access=OPEN_TO_FEW,
        answers=Answers(None, meaning="OpenAPI 3.1."),
    )
    async def get_document() -> JsonAnswer:
        """Return this document."""
        return JsonAnswer(documentation.document(app), headers={"Cache-Control": "max-age=300"})

    @operations.on(
        "GET",
        "/docs",
        id="getDocumentation",
        access=OPEN_TO_FEW,
        answers=Answers(None, meaning="A page.", page=True),
    )
    async def get_documentation() -> HTMLResponse:
        """Return this document as a page for people."""
        headers = {
            "Content-Security-Policy": page.STYLE_POLICY,
            "Cache-Control": "max-age=300",
        }
        return HTMLResponse(page.page(documentation.document(app)), headers=headers)

    return operations


async def _refused(request: Request, error: Exception) -> JsonAnswer:
    assert isinstance(error, (CrossdockError, Refusal))  # noqa: S101 - registered for these alone
    return _as_response(answer_for(error, request.state.request_id))


async def _invalid(request: Request, error: Exception) -> JsonAnswer:
    """Answer to parameters or a body of the wrong shape."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these alone
    details = [_detail(one) for one in error.errors()]
    words = "; ".join(f"{field}: {issue}" for field, issue in details)[:1000]
    return await _refused(request, Refusal("VALIDATION_ERROR", words, details))


def _detail(issue: dict[str, Any]) -> Detail:
    place: Sequence[Any] = issue["loc"]
    inner = (
        place[1:] if place and place[0] in {"body", "query", "path", "header"} and len(place) > 1 else place
    )
    named = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in inner)
    return named.removeprefix("."), plain_words(str(issue["msg"]))


async def _unknown(request: Request, error: Exception) -> JsonAnswer:
    """Answer where there is nothing, or nothing for this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these alone
    path = request.url.path[:200]
    match error.status_code:
        case 404:
            refusal = Refusal("NOT_FOUND", f"there is nothing at {path}; see {PREFIX}/docs")
        case 405:
            allowed = ", ".join(sorted(_methods(request)))
            refusal = Refusal(
                "METHOD_NOT_ALLOWED",
                f"{request.method} is not for {path}; use {allowed}",
                headers={"Allow": allowed},
            )
        case _:
            refusal = Refusal("BAD_REQUEST", str(error.detail)[:300])
    return await _refused(request, refusal)


def _methods(request: Request) -> set[str]:
    """Return what is for a path; several operations may have it, and each knows of its own method alone.

    Of two forms of path the one with fewer parameters is meant: ``/things/sync`` is nothing that is named sync.
    """
    path = segmented(request.scope).removeprefix(PREFIX)
    found = [one for one in state_of(request).declared if one.is_at(path)]
    meant = min((one.path for one in found), key=lambda form: form.count("{"), default="")
    methods = {one.method for one in found if one.path == meant}
    return methods | {"HEAD"} if "GET" in methods else methods


def _as_response(answer: ErrorAnswer) -> JsonAnswer:
    return JsonAnswer(answer.document, answer.status, answer.headers)
