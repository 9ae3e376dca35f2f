"""What an event says of the message it is about, from whatever a statement gave back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from crossdock.domain.trace import trace_id_of
from crossdock.store.codec import maybe_moment
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.domain.events import MessageEvent
    from crossdock.domain.record import Record

_ID, _APP, _CLAIMED_AT, _MESSAGE_ID, _TRACEPARENT = 0, 1, 4, 5, 6
"""Positions in a row of ``SETTLED_COLUMNS``."""


@dataclass(frozen=True, slots=True)
class About:
    """A message at one app.

    Attributes:
        claimed_at: When the delivery began that ends now, as the database has it; None: none does.
    """

    row_id: int
    app: str
    message_id: str
    traceparent: str | None
    claimed_at: str | None = None

    @classmethod
    def settled(cls, row: Any) -> Self:
        """Read a row of ``SETTLED_COLUMNS``, which a delivery that ended has left."""
        return cls(row[_ID], row[_APP], row[_MESSAGE_ID], row[_TRACEPARENT], row[_CLAIMED_AT])

    @classmethod
    def record(cls, record: Record) -> Self:
        """Read a record; the delivery in progress, if there is one, ends now."""
        held = record.lease_until is not None and record.claimed_at is not None
        claimed_at = to_text(record.claimed_at) if held and record.claimed_at else None
        message = record.message
        return cls(record.row_id, record.app, message.id, message.traceparent, claimed_at)

    def event(self, kind: type[MessageEvent], *, now: datetime, **facts: Any) -> MessageEvent:
        """Make an event of it."""
        since = maybe_moment(self.claimed_at)
        return kind(
            message_id=self.message_id,
            app=self.app,
            trace_id=trace_id_of(self.traceparent),
            duration_s=None if since is None else (now - since).total_seconds(),
            **facts,
        )
