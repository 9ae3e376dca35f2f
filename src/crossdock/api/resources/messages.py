"""Messages: sending them, finding them, and what an operator does with one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Annotated, Any, Final
from urllib.parse import quote

from fastapi import Header, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.errors import Refusal, answer_for
from crossdock.api.finding import (
    changed,
    chosen_fields,
    cursor_of,
    expected_revision,
    found,
    instant_of,
    picked,
    place_of,
    tag_of,
)
from crossdock.api.idempotency import IdempotencyKey, Made, done_once
from crossdock.api.incoming import Incoming, read_messages
from crossdock.api.models import (
    Changes,
    Event,
    RecordDocument,
    Records,
    Sent,
    SentBatch,
    Status,
    Timeline,
)
from crossdock.api.operations import APP_PATTERN, Answers, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.sending import Dispatch, Parcel, Sender
from crossdock.api.state import Caller
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.http_binding import BATCH_TYPE, STRUCTURED_TYPE
from crossdock.domain.json_form import record_document, timeline_document
from crossdock.domain.key import Scope
from crossdock.domain.message import AppId, Message, SentMessage, check_app
from crossdock.domain.record import Record
from crossdock.hub.editing import check_changes

operations = Operations("messages")

_ETAG: Final = {"ETag": "Of this state of the message."}
_FOUND: Final = ("MESSAGE_NOT_FOUND", "AMBIGUOUS_MESSAGE")
_EVENT: Final[dict[str, Any]] = {"$ref": "#/components/schemas/Event"}
_EVENT_EXAMPLE: Final = Event.model_config["json_schema_extra"]["examples"][0]  # type: ignore[index]
_BODY: Final[dict[str, Any]] = {
    "required": True,
    "description": "A CloudEvent: structured, a batch, or binary, where ce- headers hold the attributes.",
    "content": {
        STRUCTURED_TYPE: {"schema": _EVENT, "example": _EVENT_EXAMPLE},
        BATCH_TYPE: {"schema": {"type": "array", "items": _EVENT}, "example": [_EVENT_EXAMPLE]},
        "application/json": {
            "schema": {"description": "The data, with ce- headers beside it."},
            "example": {"order": 17},
        },
    },
}
MessageId = Annotated[
    str, Path(min_length=1, max_length=512, description="Of the message.", examples=[_EVENT_EXAMPLE["id"]])
]
AppFilter = Annotated[
    str | None, Query(pattern=APP_PATTERN, description="Whose queue.", examples=["validator"])
]
SourceApp = Annotated[
    str | None,
    Query(alias="source", pattern=APP_PATTERN, description="The app that sent it.", examples=["shop"]),
]
IfMatch = Annotated[
    str | None, Header(alias="If-Match", description="The ETag of what you have read, or *.", examples=["*"])
]
IfNoneMatch = Annotated[
    str | None, Header(alias="If-None-Match", description="ETags of what you have.", examples=['"17-1"'])
]
Fields = Annotated[
    str | None,
    Query(description="Only these fields, with commas between.", examples=["row_id,status"], max_length=500),
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
    sender: Annotated[
        str | None,
        Query(
            alias="from",
            pattern=APP_PATTERN,
            description="The app that sends, for a key that is bound to none; its own name unless given.",
            examples=["shop"],
        ),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Send a CloudEvent, or a batch of them.

    The key decides which app sends, and the routes of that app who receives. Attributes that CloudEvents requires are
    never made up. The same event again (same id, same sending app) is stored once; the answer says so. Of a batch each
    event stands alone: those that break a rule are refused, the others are stored together.
    """
    source_app = sending_app(caller, sender)
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
    caller: CallerOf,
    state: StateOf,
    app: AppFilter = None,
    status: Annotated[Status | None, Query(description="Only these.")] = None,
    cursor: Annotated[
        str | None, Query(max_length=64, description="What next said on the page before.", examples=["MTc"])
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="At most so many.")] = 100,
    order: Annotated[str, Query(pattern="^(oldest|newest)$", description="Which come first.")] = "oldest",
    fields: Fields = None,
) -> JsonAnswer:
    """List messages.

    A key that is bound to an app sees the queue of that app.
    """
    wanted_fields = chosen_fields(fields)
    wanted = app if app is not None else caller.key.app
    if wanted is not None:
        caller.demand_app(wanted)
    listed = await caller.queue.list(
        wanted, status=status, limit=limit + 1, after=place_of(cursor), newest_first=order == "newest"
    )
    documents = _page(listed[:limit], wanted_fields, state.settings.max_body_bytes)
    more = len(documents) < len(listed)
    following = cursor_of(listed[len(documents) - 1].row_id) if more else None
    headers = {} if following is None else {"Link": f'<?cursor={following}>; rel="next"'}
    return JsonAnswer({"messages": documents, "next": following}, headers=headers)


@operations.on(
    "GET",
    "/messages/{message_id:path}/timeline",
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
    entries = await caller.queue._store.read_async(lambda reader: reader.timeline(record))
    return JsonAnswer({"entries": [timeline_document(entry) for entry in entries]})


@operations.on(
    "GET",
    "/messages/{message_id:path}",
    id="getMessage",
    access=needs(Scope.MESSAGES_READ),
    answers=Answers(
        RecordDocument, meaning="The message.", headers=_ETAG, more={304: "It is as you have it."}
    ),
    errors=_FOUND,
)
async def get_message(
    message_id: MessageId,
    caller: CallerOf,
    app: AppFilter = None,
    source: SourceApp = None,
    fields: Fields = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Return a message as it stands at one app.

    If several apps have received it, or several senders chose the same id, the answer is 409 and names them.
    """
    wanted_fields = chosen_fields(fields)
    record = await found(caller, message_id, app, source)
    tag = tag_of(record)
    if if_none_match is not None and (tag in if_none_match or if_none_match.strip() == "*"):
        return Response(status_code=304, headers={"ETag": tag})
    return JsonAnswer(picked(record_document(record), wanted_fields), headers={"ETag": tag})


@operations.on(
    "PATCH",
    "/messages/{message_id:path}",
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
    expected = expected_revision(record, if_match)

    def edit(tx: Any) -> None:
        if expected is not None and tx.revision_of(record.row_id) != expected:
            raise changed()
        tx.edit(record, given)

    await caller.queue._store.write_async(edit)
    return _state(await caller.queue._again(record))


@operations.on(
    "POST",
    "/messages/{message_id:path}/replay",
    id="replayMessage",
    access=needs(Scope.MESSAGES_CONTROL),
    answers=Answers(RecordDocument, meaning="The message as it is now.", headers=_ETAG),
    errors=(*_FOUND, "ILLEGAL_MOVE"),
)
async def replay_message(
    message_id: MessageId, caller: CallerOf, app: AppFilter = None, source: SourceApp = None
) -> JsonAnswer:
    """Send a dead letter or a completed message again, its counters at zero, its history kept."""
    record = await found(caller, message_id, app, source)
    return _state(await caller.queue.replay(message_id, app=record.app, source_app=record.source_app))


@operations.on(
    "POST",
    "/messages/{message_id:path}/cancel",
    id="cancelMessage",
    access=needs(Scope.MESSAGES_CONTROL),
    answers=Answers(RecordDocument, meaning="The message as it is now.", headers=_ETAG),
    errors=(*_FOUND, "ILLEGAL_MOVE"),
)
async def cancel_message(
    message_id: MessageId, caller: CallerOf, app: AppFilter = None, source: SourceApp = None
) -> JsonAnswer:
    """Withdraw a message; a worker that has it loses its lease."""
    record = await found(caller, message_id, app, source)
    return _state(await caller.queue.cancel(message_id, app=record.app, source_app=record.source_app))


def _page(records: Sequence[Record], fields: tuple[str, ...] | None, most_bytes: int) -> list[dict[str, Any]]:
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


def sending_app(caller: Caller, named: str | None) -> AppId:
    """Return the app that a caller sends as: that of the key, else the one that is named, else the key's name.

    Raises:
        Refusal: The key is bound to another app.
    """
    if named is not None:
        caller.demand_app(named)
        return check_app(named)
    return caller.key.app or check_app(caller.key.name)


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
