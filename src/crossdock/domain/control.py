"""What passes between an operator who changes many messages of a queue and the store that holds them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class ChangedStep(NamedTuple):
    """What one step of a change has done.

    Attributes:
        changed: So many messages were.
        after: Look on behind this row; None: there is nothing behind it.
    """

    changed: int
    after: int | None


class Pace(NamedTuple):
    """Instants spread evenly over time.

    Attributes:
        start: The first, aware UTC.
        rate: So many per second.
    """

    start: datetime
    rate: float

    def behind(self, count: int) -> Pace:
        """Return the pace of those that come after the first ``count``."""
        return self._replace(start=self.start + timedelta(seconds=count / self.rate))

    def instants(self, count: int) -> list[datetime]:
        """Return the first ``count`` instants."""
        return [self.start + timedelta(seconds=number / self.rate) for number in range(count)]
