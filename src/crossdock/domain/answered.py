"""What a far side answered in JSON, as the messages that it means."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crossdock.domain.cloudevent import is_event, message_of
from crossdock.domain.errors import InvalidMessage, PermanentError
from crossdock.domain.ids import new_message_id
from crossdock.domain.message import DEFAULT_TYPE, AppId, Message, MessageId


def answer_of(value: Any, *, app: AppId, now: datetime) -> Any:
    """Return a value as an answer, an array as one for each entry; null says nothing.

    Args:
        value: As ``json.loads`` returns it.
        app: Whose answer it is.
        now: Aware; the time of an answer that names none.

    Raises:
        PermanentError: An event among them is none.
    """
    try:
        if isinstance(value, list):
            return [_one(entry, app, now) for entry in value if entry is not None]
        return None if value is None else _one(value, app, now)
    except InvalidMessage as error:
        raise PermanentError(f"what {app!r} answered is no event: {error}") from error


def _one(value: Any, app: AppId, now: datetime) -> dict[str, Any] | Message:
    """Return an event as a whole message, an object as data; other data needs an envelope to be told apart."""
    if is_event(value):
        return message_of(value, now)
    if isinstance(value, dict):
        return value
    return Message(id=MessageId(new_message_id()), source=app, type=DEFAULT_TYPE, data=value, time=now)
