"""The operation that calendars subscribe to: the plan, for whoever knows its secret address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Path
from starlette.responses import Response

from crossdock import CredentialError
from crossdock.api import OWN_PROOF, Answers, IfNoneMatch, Operations, Refusal, StateOf
from task_priority.api.example import example_overview
from task_priority.api.rendering import Rendered, tag_of
from task_priority.api.showing import whole
from task_priority.api.watching import WatchOf
from task_priority.feed_secret import FeedSecret
from task_priority.views.feed import plan_feed

if TYPE_CHECKING:
    from task_priority.overview import Overview

operations = Operations("tasks")

FEED_PATH: Final = "/plan/{secret}.ics"
_CALENDAR: Final = "text/calendar"
_STAMP: Final = b"DTSTAMP"
"""Begins the lines that say when the feed was made."""
Secret = Annotated[
    str,
    Path(
        pattern=r"^[A-Za-z0-9_-]{1,200}$",
        description="As `task-priority feed` prints it.",
        examples=["kq3vX1m2b8Yc7ZtPq9sWfR4dLh6nJ0aEgTuVoIxCyBw"],
    ),
]


@operations.on(
    "GET",
    FEED_PATH,
    id="getPlanFeed",
    access=OWN_PROOF,
    answers=Answers(
        None,
        meaning="The plan, as iCalendar.",
        headers={"ETag": "Of the plan."},
        more={304: "You have it."},
        texts={_CALENDAR: plan_feed(example_overview().plan).decode()},
    ),
    errors=("NOT_FOUND", "CONFIG_ERROR"),
)
async def get_plan_feed(
    secret: Secret, watch: WatchOf, state: StateOf, if_none_match: IfNoneMatch = None
) -> Response:
    """Return the plan for calendars that subscribe to an address.

    The address is the proof: `task-priority feed` makes and prints it, `task-priority feed --reset` makes another one
    and closes this. Events leave their time free, and keep their identity while a task has as many pieces.
    """
    try:
        is_right = await asyncio.to_thread(FeedSecret(watch.home).opens, secret)
    except CredentialError as error:
        raise Refusal(
            "CONFIG_ERROR", "the secret of the feed is damaged: task-priority feed --reset"
        ) from error
    if not is_right:
        raise Refusal("NOT_FOUND", "there is nothing here")
    sight = await watch.sight(state.queue)
    rendered = await whole(sight, "feed", lambda: _fed(sight.overview))
    return rendered.answer(if_none_match, **{"Cache-Control": "private, no-cache"})


def _fed(overview: Overview) -> Rendered:
    body = plan_feed(overview.plan)
    essence = b"\n".join(line for line in body.splitlines() if not line.startswith(_STAMP))
    return Rendered(body, _CALENDAR, tag_of(essence))
