"""The stream of events."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Final

from fastapi import Header, Query
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.errors import Refusal
from crossdock.api.feed import Feed, Listener, Wanted
from crossdock.api.operations import APP_PATTERN, Answers, CallerOf, Operations, StateOf
from crossdock.domain.errors import StoreError
from crossdock.domain.following import Place
from crossdock.domain.key import Scope

operations = Operations("events")

STREAM_TYPE: Final = "text/event-stream"
_PLACE: Final = re.compile(r"([0-9]{1,18})-([0-9]{1,18})")
_EXAMPLE: Final = (
    "id: 17-3\nevent: message.nacked\n"
    'data: {"place":"17-3","at":"2031-05-17T08:30:00Z","event":"message.nacked","app":"validator",'
    '"source_app":"shop","message_id":"4711","row_id":17,"attempt":1,"who":"worker","code":"TRANSIENT"}\n\n'
)


@operations.on(
    "GET",
    "/events/stream",
    id="followEvents",
    access=needs(Scope.EVENTS_READ),
    answers=Answers(None, meaning="Server-sent events, until somebody goes.", texts={STREAM_TYPE: _EXAMPLE}),
)
async def follow_events(
    caller: CallerOf,
    state: StateOf,
    app: Annotated[
        str | None, Query(pattern=APP_PATTERN, description="Only of this queue.", examples=["validator"])
    ] = None,
    kinds: Annotated[
        list[str] | None,
        Query(alias="type", max_length=50, description="Only these events.", examples=[["message.failed"]]),
    ] = None,
    after: Annotated[
        str | None, Query(description="Begin behind this id; 0-0: at the beginning.", examples=["17-3"])
    ] = None,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", description="The same; a browser sends it by itself.")
    ] = None,
) -> Response:
    """Follow what happens to messages, as server-sent events.

    Every send (`message.sent`) comes once, in the order of rows, and every line of the audit log (such as
    `message.nacked`, or `queue.paused` and `key.created`, which name no message) once, in the order of the log;
    between the two kinds there is no order. A key that is bound to an app hears of the queue of that app alone.
    Whoever comes again with the last id misses nothing and gets nothing twice, as long as the messages are in the
    store. Claims and completions are not told one by one: `queue.stats` brings the figures of a queue, without an
    id, at first and soon after they have changed. Comments keep the connection alive and move the id on. Whoever
    reads too slowly is cut off.
    """
    if app is not None:
        caller.demand_app(app)
    place = _place(last_event_id, "Last-Event-ID") or _place(after, "after")
    types = None if kinds is None else frozenset(kinds)
    return EventStream(state.feed, Wanted(app or caller.key.app, types), place)


class EventStream(Response):
    """An answer that goes on until the client or the process does.

    Args:
        feed: What is followed.
        wanted: What of it.
        after: Where it begins; None: now.
    """

    media_type = STREAM_TYPE

    def __init__(self, feed: Feed, wanted: Wanted, after: Place | None) -> None:
        super().__init__(None, 200, {"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._wanted = wanted
        self._after = after

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Send what happens."""
        cut = scope["state"].get("cut", _leave_it)
        listener = Listener(self._wanted, cut, self._feed.max_buffer)
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as tasks:
            others = [
                tasks.create_task(_watch(Request(scope, receive), listener)),
                tasks.create_task(self._follow(listener)),
            ]
            try:
                while (chunk := await listener.next()) is not None:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                self._feed.leave(listener)
                for task in others:
                    task.cancel()
        self._feed.leave(listener)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _follow(self, listener: Listener) -> None:
        """Begin to follow; if the store cannot be read, end, and the client comes again."""
        try:
            await self._feed.follow(listener, self._after)
        except StoreError:
            listener.end()


async def _watch(request: Request, listener: Listener) -> None:
    """End a listener whose client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    listener.end()


def _leave_it() -> None:
    """Do nothing: this server cannot cut a connection, and ends it when it can."""


def _place(text: str | None, name: str) -> Place | None:
    """Read the id of an event; none, if nothing was given.

    Raises:
        Refusal: It is none of ours.
    """
    if not text:
        return None
    found = _PLACE.fullmatch(text)
    if found is None:
        issue = "is not the id of an event, such as 17-3"
        raise Refusal("VALIDATION_ERROR", f"{name} {issue}", [(name, issue)])
    return Place(int(found[1]), int(found[2]))
