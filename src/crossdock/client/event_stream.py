"""Server-sent events, read from the bytes of a stream.

Source: HTML Living Standard, section 9.2.6, "Interpreting an event stream"; without the field ``retry``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

MOST_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class StreamedEvent:
    """Something that happened in the store.

    Attributes:
        name: Such as ``message.sent``, as the audit log has it, or ``queue.stats``.
        data: Its fields.
        place: Where the stream is behind it; ``after=`` it, nothing is missed and nothing comes twice.
    """

    name: str
    data: Mapping[str, Any]
    place: str | None


class EventReader:
    """Cuts a stream into events.

    Attributes:
        place: The last id that came.
    """

    def __init__(self, place: str | None) -> None:
        self.place = place
        self._unread = bytearray()

    def renew(self) -> None:
        """Forget the half event with which a stream broke off; the next begins anew."""
        self._unread.clear()

    def read(self, data: bytes) -> Iterator[StreamedEvent]:
        """Give the events that are complete with these bytes.

        Raises:
            ValueError: It is no stream of events of Crossdock.
        """
        self._unread += data
        while (end := self._unread.find(b"\n\n")) >= 0:
            block = bytes(self._unread[:end])
            del self._unread[: end + 2]
            event = self._event(block)
            if event is not None:
                yield event
        if len(self._unread) > MOST_BYTES:
            raise ValueError(f"an event has more than {MOST_BYTES} bytes")

    def _event(self, block: bytes) -> StreamedEvent | None:
        name, data = "message", list[str]()
        for line in block.decode().split("\n"):
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match field:
                case "id":
                    self.place = value
                case "event":
                    name = value
                case "data":
                    data.append(value)
                case _:
                    pass  # a comment, or nothing of ours
        return StreamedEvent(name, json.loads("\n".join(data)), self.place) if data else None
