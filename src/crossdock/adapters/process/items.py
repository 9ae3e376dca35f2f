"""What a program sends, as items of a receipt."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from crossdock.adapters.process.rejected import Bad
from crossdock.domain.cloudevent import is_event, message_of
from crossdock.domain.errors import InvalidMessage
from crossdock.ports.inbound import Position, Refusal


class Items:
    """Received together.

    Args:
        items: Data, or whole messages.
        acked: Is called when they are stored, with those that were refused.
        nacked: Is called when nothing was stored.
    """

    options: Mapping[str, Any] = {}
    positions: Sequence[Position] = ()

    def __init__(
        self,
        items: Sequence[Any],
        *,
        acked: Callable[[Sequence[Refusal]], Any],
        nacked: Callable[[], Any],
    ) -> None:
        self.items = items
        self._acked = acked
        self._nacked = nacked

    async def ack(self, refused: Sequence[Refusal] = ()) -> None:
        """Tell the program, or set aside what was refused."""
        await self._acked(refused)

    async def nack(self, error: Exception) -> None:
        """Give them again."""
        self._nacked()


def item_of(line: bytes, now: datetime) -> Any:
    """Return a line as a whole message, if it is an event, or as the data of one; ``Bad`` if it is neither."""
    try:
        found = json.loads(line)
        return message_of(found, now) if is_event(found) else found
    except (ValueError, RecursionError) as error:
        return Bad(line, f"not JSON: {error}")
    except InvalidMessage as error:
        return Bad(line, f"no event: {error}")
