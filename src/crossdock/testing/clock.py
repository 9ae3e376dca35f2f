"""A clock for tests, so that nobody has to sleep until a delay, a backoff or a lease is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

DEFAULT_START: Final = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """Stands still until it is moved; for ``Queue.testing(clock=FakeClock())``. Any thread may use it.

    Args:
        start: The first present, aware.

    Raises:
        ValueError: ``start`` has no time zone.
    """

    def __init__(self, start: datetime = DEFAULT_START) -> None:
        self._now = _utc(start)

    def __repr__(self) -> str:
        """Tell the present."""
        return f"<{type(self).__name__} {self._now.isoformat()}>"

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move the present on and return it.

        Raises:
            ValueError: ``by`` is negative; say ``set`` to let the clock jump back.
        """
        if by < timedelta(0):
            raise ValueError(f"{by} leads into the past; use set() to let the clock jump back")
        self._now += by
        return self._now

    def set(self, moment: datetime) -> None:
        """Let the clock jump, forward or back, as a machine's clock does when it is corrected.

        Raises:
            ValueError: ``moment`` has no time zone.
        """
        self._now = _utc(moment)


def _utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment!r} has no time zone; pass an aware datetime")
    return moment.astimezone(UTC)
