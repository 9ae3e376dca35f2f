"""Turns the bodies and headers of requests into messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.api.bodies import is_json, parse_json
from crossdock.api.errors import Refusal
from crossdock.domain import http_binding
from crossdock.domain.cloudevent import message_of
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import BINARY_TYPE, AppId, Message, check_message_id

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from crossdock.ports.webhook import Webhook

MOST_IN_BATCH: Final = 10_000
ACCEPTED: Final = (
    f"{http_binding.STRUCTURED_TYPE}, {http_binding.BATCH_TYPE}, or any type with ce- headers beside it"
)


class Incoming(NamedTuple):
    """What a request brings.

    Attributes:
        is_batch: Whether it came as a batch.
        messages: In order; in the place of one that is none, what is the matter with it.
    """

    is_batch: bool
    messages: Sequence[Message | InvalidMessage]


def read_messages(request: Request, body: bytes, *, max_depth: int, now: datetime) -> Incoming:
    """Return the messages of a request.

    Raises:
        Refusal: It holds none, or its body is no JSON where it must be.
        InvalidMessage: It holds one, which breaks a rule of CloudEvents.
    """
    content_type = request.headers.get("content-type", "")
    mode = http_binding.mode_of(content_type, request.headers.keys())
    match mode:
        case "batch":
            return Incoming(is_batch=True, messages=_batch(parse_json(body, max_depth), now))
        case "structured":
            return Incoming(is_batch=False, messages=[_structured(parse_json(body, max_depth), now)])
        case "binary":
            return Incoming(
                is_batch=False, messages=[_binary(request, content_type, body, max_depth=max_depth, now=now)]
            )
        case "foreign" | None:
            raise Refusal(
                "UNSUPPORTED_MEDIA_TYPE",
                f"this is no CloudEvent that is read here: send {ACCEPTED}",
                headers={"Accept": f"{http_binding.STRUCTURED_TYPE}, {http_binding.BATCH_TYPE}"},
            )


def read_webhook(
    request: Request, body: bytes, webhook: Webhook, *, app: AppId, max_depth: int, now: datetime
) -> Incoming:
    """Return what a webhook says that is believed: CloudEvents, or anything as the data of one message.

    Args:
        request: Whose headers say what it is.
        body: Of the request.
        webhook: Says what it is called, unless its body does.
        app: To which it was posted.
        max_depth: Of its JSON.
        now: When it came.

    Raises:
        Refusal: Its body is no JSON where it must be.
        InvalidMessage: It breaks a rule of CloudEvents.
    """
    content_type = request.headers.get("content-type", "")
    if http_binding.mode_of(content_type, ()) is not None:
        return read_messages(request, body, max_depth=max_depth, now=now)
    headers = dict(request.headers.items())
    if http_binding.mode_of(content_type, headers) is not None:
        event = _binary(request, content_type, body, max_depth=max_depth, now=now)
        label = webhook.label(headers, body, event.data)  # the event's id is in a header, and not signed
        return Incoming(is_batch=False, messages=[replace(event, id=check_message_id(label.id))])
    data = _data(content_type, body, max_depth)
    label = webhook.label(headers, body, data)
    document = {"id": label.id, "type": label.type, "source": app, "specversion": "1.0"}
    if content_type:
        document["datacontenttype"] = content_type
    return Incoming(is_batch=False, messages=[replace(message_of(document, now), data=data)])


def _batch(value: Any, now: datetime) -> list[Message | InvalidMessage]:
    if not isinstance(value, list):
        raise InvalidMessage.of("body", "a batch is a JSON array of events")
    if len(value) > MOST_IN_BATCH:
        raise InvalidMessage.of(
            "body", f"a batch holds {MOST_IN_BATCH} events at most, this one {len(value)}"
        )
    found: list[Message | InvalidMessage] = []
    for one in value:
        try:
            found.append(_structured(one, now))
        except InvalidMessage as error:
            found.append(error)
    return found


def _structured(value: Any, now: datetime) -> Message:
    if not isinstance(value, dict):
        raise InvalidMessage.of("body", "an event is a JSON object")
    return message_of(value, now)


def _binary(request: Request, content_type: str, body: bytes, *, max_depth: int, now: datetime) -> Message:
    document = http_binding.attributes_of(request.headers.items())
    if content_type:
        document["datacontenttype"] = content_type
    message = message_of(document, now)
    data = _data(content_type, body, max_depth)
    if not content_type and isinstance(data, bytes):
        return replace(message, data=data, datacontenttype=BINARY_TYPE)
    return replace(message, data=data)


def _data(content_type: str, body: bytes, max_depth: int) -> Any:
    """Return the data that a body holds: a JSON value, text, or bytes."""
    if not body:
        return None if is_json(content_type) or not content_type else b""
    if is_json(content_type):
        return parse_json(body, max_depth)
    kind, _, parameters = content_type.partition(";")
    if kind.strip().lower().startswith("text/") and "charset" not in parameters.lower().replace(
        "charset=utf-8", ""
    ):
        try:
            return body.decode()
        except UnicodeDecodeError:
            return body
    return body
