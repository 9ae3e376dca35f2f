"""Webhooks that others post: no key opens this, but a signature that their app knows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request

from crossdock.api.access import OWN_PROOF, demand_rare, demand_token
from crossdock.api.errors import Refusal
from crossdock.api.incoming import read_webhook
from crossdock.api.models import Taken
from crossdock.api.operations import Answers, AppName, JsonAnswer, Operations, StateOf
from crossdock.api.sending import Dispatch, Parcel, Sender
from crossdock.domain.errors import ConfigError, InvalidMessage
from crossdock.domain.message import AppId
from crossdock.domain.webhook import hmac_issue

if TYPE_CHECKING:
    from crossdock.api.state import ApiState
    from crossdock.domain.message import SentMessage

operations = Operations("webhooks")

_CHALLENGE: Final = {"WWW-Authenticate": 'Webhook realm="crossdock"'}
_DISBELIEVED: Final = "more came from there that is not to be believed than"  # each fills the log
_NOBODY: Final = (os.urandom(32),)
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "Anything, signed: the data of a message, or CloudEvents.",
    "content": {
        "application/json": {"schema": {}, "example": {"type": "order.placed", "data": {"order": 17}}}
    },
}


@operations.on(
    "POST",
    "/webhooks/{app}",
    id="receiveWebhook",
    access=OWN_PROOF,
    answers=Answers(Taken, 202, "It is stored, once however often it comes."),
    errors=("UNAUTHORIZED", "RATE_LIMITED", "NO_ROUTE", "INVALID_MESSAGE", "QUEUE_FULL", "STORE_FULL",
            "STORE_UNAVAILABLE", "APP_STOPPED"),
    raw_body=_BODY,
)  # fmt: skip
async def receive_webhook(app: AppName, request: Request, state: StateOf) -> JsonAnswer:
    """Post a webhook to an app that has `inbound = { http = … }`.

    It shows no key, but a signature: by Standard Webhooks, or an HMAC in a header, as the app is configured. The id of
    the webhook is that of its message, so one that comes again is stored once, and answered alike. What is not to be
    believed is refused without a reason, whether there is such an app or not; the log of the server has the reason. Too
    much of that from one address is answered with 429; what is signed rightly is still taken from there.
    """
    body = await request.body()
    name = AppId(app)
    _demand_proof(request, body, name, state)
    settings, store = state.settings, state.queue._acting_as(f"webhook:{app}")._store
    switch = await store.read_async(lambda reader: reader.switches().get(app))
    if switch is not None and switch.stopped_at is not None:
        raise Refusal("APP_STOPPED", f"webhooks of {app!r} are not taken just now; send again later")
    incoming = read_webhook(
        request, body, settings.webhooks[name], app=name, max_depth=settings.max_json_depth, now=store.now()
    )
    sender = Sender(state.queue._gateway, settings.routes, source_app=name, to=())
    stored = await store.write_async(Dispatch(_parcels(sender, incoming.messages)))
    return JsonAnswer(_taken(stored), 202)


def _demand_proof(request: Request, body: bytes, app: AppId, state: ApiState) -> None:
    """Make sure that a webhook is to be believed.

    Raises:
        Refusal: It is not, or too many come.
    """
    headers = dict(request.headers.items())
    webhook = state.settings.webhooks.get(app)
    # A proof is looked at whoever comes too often: behind one address there may be who is to be believed.
    try:
        if webhook is None:  # takes its time, too, so that nobody learns which apps there are
            hmac_issue({"signature": "0" * 64}, body, _NOBODY, header="signature")
            issue: str | None = "no such app takes webhooks"
        else:
            issue = webhook.issue(headers, body, now=state.queue._store.now())
    except ConfigError as error:
        demand_rare(request, state.strangers, _DISBELIEVED)
        _tell(request, app, state, str(error))
        raise Refusal("STORE_UNAVAILABLE", "webhooks cannot be checked just now; try again later") from error
    if issue is not None:
        demand_rare(request, state.strangers, _DISBELIEVED)
        _tell(request, app, state, issue)
        raise Refusal("UNAUTHORIZED", "the webhook is not to be believed", headers=_CHALLENGE)
    demand_token(state.limiter, f"webhook:{app}", "more webhooks came than")


def _tell(request: Request, app: AppId, state: ApiState, issue: str) -> None:
    known = app if app in state.settings.webhooks else "(unknown)"  # a stranger can write any name
    state.disbelief.tell(request, known, issue)


def _parcels(sender: Sender, messages: Sequence[Any]) -> list[Parcel]:
    """Return all that came, ready to be stored.

    Raises:
        InvalidMessage: One of several is wrong, or the one: nothing is stored.
        Refusal: Nobody receives it.
    """
    for message in messages:
        if isinstance(message, InvalidMessage):
            raise message
    return [sender.parcel(message) for message in messages]


def _taken(stored: Sequence[list[SentMessage] | InvalidMessage | Refusal]) -> dict[str, int]:
    rows = list[list["SentMessage"]]()
    for one in stored:
        if not isinstance(one, list):
            raise one
        rows.append(one)
    duplicates = sum(all(row.duplicate for row in one) for one in rows)
    return {"stored": len(rows) - duplicates, "duplicates": duplicates}
