"""Messages: sending them, finding them, and what an operator does with one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Header, Query
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.conditions import change_message, demand_match, tag_of
from crossdock.api.errors import Refusal, answer_for
from crossdock.api.finding import (
    PageWish,
    chosen_fields,
    found,
    instant_of,
    is_known,
    names_query,
    page_of,
    picked,
    records_of,
    unless_known,
)
from crossdock.api.idempotency import IdempotencyKey, Made, done_once
from crossdock.api.incoming import MOST_IN_BATCH, Incoming, read_messages
from crossdock.api.models import (
    RECORD_FIELDS,
    Changes,
    RecordDocument,
    Records,
    Timeline,
    WholeRecordDocument,
)
from crossdock.api.operations import APP_PATTERN, Answers, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import (
    AppFilter,
    Cursor,
    IfMatch,
    Limit,
    MessageId,
    SendingApp,
    StatusFilter,
    UpdatedSince,
)
from crossdock.api.sending import Dispatch, Parcel, Sender
from crossdock.api.sending_models import SENT_IN_PART, NewEvent, Sent, SentBatch
from crossdock.api.state import Caller
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.http_binding import BATCH_TYPE, STRUCTURED_TYPE
from crossdock.domain.json_form import record_document, timeline_document
from crossdock.domain.key import Scope
from crossdock.domain.message import AppId, Message, SentMessage
from crossdock.domain.record import Record
from crossdock.hub.editing import check_changes

operations = Operations("messages")

_ETAG: Final = {"ETag": "Of this state of the message."}
_FOUND: Final = ("MESSAGE_NOT_FOUND", "AMBIGUOUS_MESSAGE")
_INCLUDED: Final = ("timeline",)
_EVENT: Final[dict[str, Any]] = {"$ref": "#/components/schemas/NewEvent"}
_EVENT_EXAMPLE: Final = NewEvent.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index]
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": (
        f"A CloudEvent in its JSON format, or a batch of up to {MOST_IN_BATCH:,}. In binary mode the body is the data, "
        "of any media type, and the attributes stand in headers: `ce-specversion`, `ce-id`, `ce-source`, `ce-type`, "
        "others likewise, and `Content-Type` for `datacontenttype`."
    ),
    "content": {
        STRUCTURED_TYPE: {"schema": _EVENT, "example": _EVENT_EXAMPLE},
        BATCH_TYPE: {
            "schema": {"type": "array", "items": _EVENT},
            "example": [_EVENT_EXAMPLE],
        },
    },
}
SourceApp = Annotated[
    str | None,
    Query(alias="source", pattern=APP_PATTERN, description="The app that sent it.", examples=["shop"]),
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="ETags of what you have.", examples=['"17-1"'])
]
Fields = Annotated[
    str | None,
    names_query(
        RECORD_FIELDS, "Only these fields, with commas between.", example="row_id,status", max_length=500
    ),
]
Include = Annotated[
    str | None, names_query(_INCLUDED, "timeline: everything that happened to it, too.", example="timeline")
]


@operations.on(
    "POST",
    "/messages",
    id="sendMessage",
    access=needs(Scope.MESSAGES_SEND),
    answers=Answers(
        Sent | SentBatch,
        202,
        "It is stored, once for each receiver.",
        headers={"Location": "Of the message, unless it was a batch.", "Idempotency-Replayed": "Answered before."},
        more={207: "Of a batch some were stored, and some refused."},
        examples={207: SENT_IN_PART},
    ),
    errors=("NO_ROUTE", "INVALID_MESSAGE", "QUEUE_FULL", "STORE_FULL", "IDEMPOTENCY_KEY_IN_USE",
            "IDEMPOTENCY_KEY_REUSED"),
    raw_body=_BODY,
)  # fmt: skip
async def send_message(
    request: Request,
    caller: CallerOf,
    state: StateOf,
    to: Annotated[
        list[Annotated[str, Query(pattern=APP_PATTERN)]] | None,
        Query(description="Receivers, instead of those that routes say.", examples=[["validator"]]),
    ] = None,
    sender: SendingApp = None,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Send a CloudEvent, or a batch of them.

    The key decides which app sends, and the routes of that app who receives. Attributes that CloudEvents requires are
    never made up. The same event again (same id, same sending app) is stored once; the answer says so. Of a batch each
    event stands alone: those that break a rule are refused, the others are stored together.
    """
    source_app = caller.sending_app(sender)
    settings = state.settings
    now = state.queue._store.now()
    incoming = read_messages(request, await request.body(), max_depth=settings.max_json_depth, now=now)
    addresses = Sender(caller.queue._gateway, settings.routes, source_app=source_app, to=to or ())
    parcels = [_parcel(addresses, one) for one in incoming.messages]
    if not incoming.is_batch and not isinstance(parcels[0], Parcel):
        raise parcels[0]
    return await done_once(
        state,
        caller,
        operation="sendMessage",
        name=idempotency_key,
        request=request,
        work=Dispatch(parcels),
        answer=lambda stored: _told(request, incoming, stored, source_app),
        is_required=False,
    )


@operations.on(
    "GET",
    "/messages",
    id="listMessages",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(Records, meaning="A page, in the order of arrival.", headers={"Link": "The next page."}),
)
async def list_messages(
    request: Request,
    caller: CallerOf,
    state: StateOf,
    app: AppFilter = None,
    status: StatusFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
    order: Annotated[str, Query(pattern="^(oldest|newest)$", description="Which come first.")] = "oldest",
    updated_since: UpdatedSince = None,
    fields: Fields = None,
) -> JsonAnswer:
    """List messages.

    A key that is bound to an app sees the queue of that app. With `updated_since` a page may hold fewer than there is
    room for, even none, while `next` leads on: each looks through some thousands of messages and no more.
    """
    wanted_fields = chosen_fields(fields)
    wish = PageWish(app, status, cursor, limit, newest_first=order == "newest", updated_since=updated_since)
    listed = await records_of(caller, wish)
    documents = _documents(listed.records, wanted_fields, state.settings.max_body_bytes)
    return page_of(request, "messages", documents, listed)


@operations.on(
    "GET",
    "/messages/{message_id}/timeline",
    id="getMessageTimeline",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(Timeline, meaning="Its timeline."),
    errors=_FOUND,
)
async def get_message_timeline(
    message_id: MessageId, caller: CallerOf, app: AppFilter = None, source: SourceApp = None
) -> JsonAnswer:
    """Return everything that happened to a message, in order."""
    record = await found(caller, message_id, app, source)
    return JsonAnswer({"entries": await _timeline(caller, record)})


@operations.on(
    "GET",
    "/messages/{message_id}",
    id="getMessage",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(
        WholeRecordDocument, meaning="The message.", headers=_ETAG, more={304: "It is as you have it."}
    ),
    errors=_FOUND,
)
async def get_message(
    message_id: MessageId,
    caller: CallerOf,
    app: AppFilter = None,
    source: SourceApp = None,
    fields: Fields = None,
    include: Include = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a message as it stands at one app.

    If several apps have received it, or several senders chose the same id, the answer is 409 and names them.
    """
    wanted_fields = chosen_fields(fields)
    with_timeline = chosen_fields(include, _INCLUDED, parameter="include") is not None
    record = await found(caller, message_id, app, source)
    document = picked(record_document(record), wanted_fields)
    if with_timeline and not is_known(tag_of(record), if_none_match):
        document["timeline"] = await _timeline(caller, record)
    return unless_known(tag_of(record), if_none_match, document)


@operations.on(
    "PATCH",
    "/messages/{message_id}",
    id="editMessage",
    access=needs(Scope.MESSAGES_CONTROL),
    answers=Answers(RecordDocument, meaning="The message as it is now.", headers=_ETAG),
    errors=(*_FOUND, "INVALID_MESSAGE", "ILLEGAL_MOVE", "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"),
)
async def edit_message(
    message_id: MessageId,
    changes: Changes,
    caller: CallerOf,
    app: AppFilter = None,
    source: SourceApp = None,
    if_match: IfMatch = None,
) -> JsonAnswer:
    """Change a message that waits or failed; the old values stay in its timeline."""
    given: dict[str, Any] = {name: getattr(changes, name) for name in changes.model_fields_set}
    for name in ("available_at", "expires_at"):
        if given.get(name) is not None:
            given[name] = instant_of(name, given[name])
    check_changes(given)
    record = await found(caller, message_id, app, source)
    demand_match(tag_of(record), if_match, "message")
    return _state(await change_message(caller, record, if_match, lambda tx: tx.edit(record, given)))


@operations.on(
    "POST",
    "/messages/{message_id}/replay",
    id="replayMessage",
    access=needs(Scope.MESSAGES_CONTROL),
    answers=Answers(RecordDocument, meaning="The message as it is now.", headers=_ETAG),
    errors=(*_FOUND, "ILLEGAL_MOVE", "PRECONDITION_FAILED"),
)
async def replay_message(
    message_id: MessageId,
    caller: CallerOf,
    app: AppFilter = None,
    source: SourceApp = None,
    if_match: IfMatch = None,
) -> JsonAnswer:
    """Send a dead letter or a completed message again, its counters at zero, its history kept."""
    record = await found(caller, message_id, app, source)
    return _state(await change_message(caller, record, if_match, lambda tx: tx.replay(record)))


@operations.on(
    "POST",
    "/messages/{message_id}/cancel",
    id="cancelMessage",
    access=needs(Scope.MESSAGES_CONTROL),
    answers=Answers(RecordDocument, meaning="The message as it is now.", headers=_ETAG),
    errors=(*_FOUND, "ILLEGAL_MOVE", "PRECONDITION_FAILED"),
)
async def cancel_message(
    message_id: MessageId,
    caller: CallerOf,
    app: AppFilter = None,
    source: SourceApp = None,
    if_match: IfMatch = None,
) -> JsonAnswer:
    """Withdraw a message; a worker that has it loses its lease."""
    record = await found(caller, message_id, app, source)
    return _state(await change_message(caller, record, if_match, lambda tx: tx.cancel(record)))


async def _timeline(caller: Caller, record: Record) -> list[dict[str, Any]]:
    entries = await caller.queue._store.read_async(lambda reader: reader.timeline(record))
    return [timeline_document(entry) for entry in entries]


def _documents(
    records: Sequence[Record], fields: tuple[str, ...] | None, most_bytes: int
) -> list[dict[str, Any]]:
    """Return records as documents, as far as they go into an answer of a bearable size; at least one."""
    found: list[dict[str, Any]] = []
    size = 0
    for record in records:
        document = picked(record_document(record), fields)
        size += len(json.dumps(document))
        if found and size > most_bytes:
            break
        found.append(document)
    return found


def _parcel(addresses: Sender, message: Message | InvalidMessage) -> Parcel | InvalidMessage | Refusal:
    if isinstance(message, InvalidMessage):
        return message
    try:
        return addresses.parcel(message)
    except (InvalidMessage, Refusal) as error:
        return error


def _told(
    request: Request,
    incoming: Incoming,
    stored: Sequence[list[SentMessage] | InvalidMessage | Refusal],
    source_app: AppId,
) -> Made:
    """Say what became of what was sent."""
    if not incoming.is_batch:
        (one,) = stored
        if not isinstance(one, list):
            raise one
        return Made(
            202, _sent(one, source_app), f"/api/v1/messages/{quote(one[0].id, safe='')}?source={source_app}"
        )
    told = [_sent(one, source_app) if isinstance(one, list) else _refused(request, one) for one in stored]
    refused = sum("error" in one for one in told)
    document = {"stored": len(told) - refused, "refused": refused, "messages": told}
    return Made(207 if refused else 202, document)


def _sent(rows: Sequence[SentMessage], source_app: AppId) -> dict[str, Any]:
    shown = [{"app": row.app, "row_id": row.row_id, "duplicate": row.duplicate} for row in rows]
    return {"id": rows[0].id, "source_app": source_app, "rows": shown}


def _refused(request: Request, error: InvalidMessage | Refusal) -> dict[str, Any]:
    return answer_for(error, request.state.request_id).document


def _state(record: Record) -> JsonAnswer:
    return JsonAnswer(record_document(record), headers={"ETag": tag_of(record)})
