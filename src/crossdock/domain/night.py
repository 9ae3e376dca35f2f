"""When the hour of the night was last, at which a store is examined."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta


def last_night(now: datetime, at: time) -> datetime:
    """Return the last instant, aware UTC, at which the clocks showed a time of day.

    Args:
        now: Aware, with the offset of the clocks that are meant.
        at: Without a zone.
    """
    tonight = datetime.combine(now.date(), at, now.tzinfo)
    return (tonight if tonight <= now else tonight - timedelta(days=1)).astimezone(UTC)
