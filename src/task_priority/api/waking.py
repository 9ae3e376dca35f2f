"""The operation that Todoist's webhooks go to: what changed is asked for at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request

from crossdock.api import OWN_PROOF, Answers, JsonAnswer, Operations, Refusal, StateOf
from task_priority.api.models import Awake
from task_priority.api.watching import WatchOf
from task_priority.exporters.todoist import NAME, check_webhook
from task_priority.sources import Sources

if TYPE_CHECKING:
    from task_priority.home import Home

operations = Operations("exporters")

_UNCHECKED: Final = (
    "the client secret of the Todoist app is not known; `task-priority connect todoist-webhook` keeps it"
)
_WRONG: Final = "it is not signed with the client secret of the Todoist app"

_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "What happened, as Todoist tells it; signed, and taken as a reason to ask, never as the data.",
    "content": {
        "application/json": {"schema": {}, "example": {"event_name": "item:added", "user_id": "2671355"}}
    },
}


@operations.on(
    "POST",
    "/exporters/todoist/webhook",
    id="receiveTodoistWebhook",
    access=OWN_PROOF,
    answers=Answers(Awake, meaning="Todoist will be asked what has changed."),
    errors=("UNAUTHORIZED", "QUEUE_FULL", "STORE_FULL", "CONFIG_ERROR"),
    raw_body=_BODY,
)
async def receive_todoist_webhook(request: Request, watch: WatchOf, state: StateOf) -> JsonAnswer:
    """Take a webhook of Todoist, signed with the client secret of your app there.

    Many that come together are answered by one run of the exporter. `task-priority connect todoist-webhook` keeps the
    secret; without it nothing is believed. What is refused is told no reason; the log of the server has it.
    """
    body = await request.body()
    secret = await asyncio.to_thread(_secret, watch.home)
    wakeup = check_webhook(secret, body, request.headers) if secret else None
    if wakeup is None:
        state.disbelief.tell(request, NAME, _WRONG if secret else _UNCHECKED)
        raise Refusal("UNAUTHORIZED", "the webhook is not to be believed")
    await state.queue.send(
        wakeup.app, dict(wakeup.data), message_id=wakeup.message_id, partition_key=wakeup.app
    )
    return JsonAnswer({"taken": True})


def _secret(home: Home) -> str:
    with Sources(home) as sources:
        return sources.todoist_webhook_secret()
