"""The port through which the core learns the time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time of day. Durations are measured with ``time.monotonic``, never with this."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return datetime.now(UTC)
