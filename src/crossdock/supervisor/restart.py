"""When a process that died is started again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

SHORTEST_DELAY_S: Final = 0.1
LONGEST_DELAY_S: Final = 30.0
STABLE_AFTER_S: Final = 60.0
"""Whoever lived so long starts at the shortest delay again when it dies."""


@dataclass(frozen=True, slots=True)
class Restarts:
    """The deaths of one process in a row.

    The delay doubles with each death, from a tenth of a second to half a minute, and is never given up: a cause that
    goes away by itself, such as a full disk, needs nobody.

    Attributes:
        deaths: Without a long life between them.
    """

    deaths: int = 0

    def died(self, lived_s: float) -> Restarts:
        """Return the count after one more death.

        Args:
            lived_s: How long it had lived.
        """
        return replace(self, deaths=1 if lived_s >= STABLE_AFTER_S else self.deaths + 1)

    @property
    def delay_s(self) -> float:
        """How long to wait before the next start, in seconds."""
        doubled = SHORTEST_DELAY_S * 2.0 ** min(max(0, self.deaths - 1), 16)
        return min(LONGEST_DELAY_S, doubled)
