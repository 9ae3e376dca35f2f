"""Reads what the end of a delivery is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.domain.delivery import Carried, Overdue
from crossdock.domain.message import REPLY_WANTED
from crossdock.store.codec import maybe_moment, readable_policy, value_or_text

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.store.codec import Row


def overdue_from(row: Row, otherwise: datetime) -> Overdue:
    """Read what a delivery's end is judged by; ``otherwise`` it was sent, where the row does not say when."""
    message_id, correlation, traceparent, extensions = row[9:]
    return Overdue._make(
        (
            *row[:7],
            readable_policy(row[7]),
            maybe_moment(row[8]) or otherwise,
            Carried(message_id, correlation, traceparent),
            _wants_reply(extensions),
        )
    )


def _wants_reply(extensions: str | None) -> bool:
    """Tell whether the extensions of a message say so; another program may have written anything."""
    if extensions is None or REPLY_WANTED not in extensions:
        return False
    found = value_or_text(extensions)
    return isinstance(found, dict) and bool(found.get(REPLY_WANTED))
