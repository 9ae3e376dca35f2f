"""What a program wrote, as answers to its message."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from crossdock.domain.cloudevent import is_event, message_of
from crossdock.domain.errors import InvalidMessage, PermanentError
from crossdock.domain.ids import new_message_id
from crossdock.domain.message import DEFAULT_TYPE, AppId, Message, MessageId
from crossdock.ports.outbound import Delivered


class Answers:
    """Turns JSON values into answers.

    Args:
        app: Whose answers they are.
        now: Returns the present, aware UTC.
    """

    def __init__(self, app: AppId, now: Callable[[], datetime]) -> None:
        self._app = app
        self._now = now

    def of(self, value: Any) -> Delivered:
        """Return a value as an answer, an array as one for each entry; null says nothing.

        Raises:
            PermanentError: An event among them is none.
        """
        try:
            if isinstance(value, list):
                return Delivered([self._one(entry) for entry in value if entry is not None])
            return Delivered(None if value is None else self._one(value))
        except InvalidMessage as error:
            raise PermanentError(f"what {self._app!r} answered is no event: {error}") from error

    def _one(self, value: Any) -> dict[str, Any] | Message:
        """Return an event as a whole message, an object as data; other data needs an envelope to be told apart."""
        if is_event(value):
            return message_of(value, self._now())
        if isinstance(value, dict):
            return value
        return Message(
            id=MessageId(new_message_id()), source=self._app, type=DEFAULT_TYPE, data=value, time=self._now()
        )
