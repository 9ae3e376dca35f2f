"""The circuit breaker of an app: when its far side seems to be down, its queue is left alone for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import ConfigError, DeliveryError, InvalidMessage, TransientError
from crossdock.domain.rules import LARGEST_COUNT

if TYPE_CHECKING:
    from datetime import datetime
    from random import Random

_LARGEST_EXPONENT: Final = 60
_MOST_CAUSES: Final = 10


@dataclass(frozen=True, slots=True)
class Breaker:
    """When a queue is parked because its far side seems to be down, and for how long.

    When ``after`` messages in a row have failed, each with an error that is not of the message (a ``TransientError``, a
    timeout, a lost connection), nothing of the queue is claimed for a while. Then one message is the probe: if it
    succeeds, all goes on; if it fails so, too, the queue is parked again, for twice as long.

    Attributes:
        after: So many different messages in a row; at least 1.
        shortest: The first time it is parked, from half of it to all of it.
        longest: No time is longer.

    Raises:
        ConfigError: A value is out of range.
    """

    after: int = 5
    shortest: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=5)

    def __post_init__(self) -> None:
        if type(self.after) is not int or not 1 <= self.after <= LARGEST_COUNT:
            raise ConfigError(f"Breaker.after is {self.after!r}; it must be a whole number of 1 or more")
        if not timedelta(0) < self.shortest <= self.longest:
            raise ConfigError(
                f"Breaker: shortest ({self.shortest}) must be more than 0, and longest ({self.longest}) no less"
            )

    def strike(self, error: BaseException, rng: Random) -> Strike | None:
        """Return what a failure counts; None: it says nothing of the far side."""
        return Strike(self, rng.random()) if is_of_far_side(error) else None


@dataclass(frozen=True, slots=True)
class Strike:
    """One failure that the circuit breaker counts.

    Attributes:
        luck: From 0 to 1; spreads the probes of many queues.
    """

    breaker: Breaker
    luck: float

    def trips_at(self, failures: int, *, trips: int) -> bool:
        """Tell whether the queue is to be parked after so many failures in a row; a probe that fails is enough."""
        return trips > 0 or failures >= self.breaker.after

    def until(self, now: datetime, *, trips: int) -> datetime:
        """Return when the next probe may be made, after so many trips in a row before this one."""
        doubled_s = self.breaker.shortest.total_seconds() * 2.0 ** min(trips, _LARGEST_EXPONENT)
        bound_s = min(doubled_s, self.breaker.longest.total_seconds())
        return now + timedelta(seconds=bound_s * (0.5 + 0.5 * self.luck))


def is_of_far_side(error: BaseException) -> bool:
    """Tell whether an error, or what caused it, is one of a connection and not of a message.

    Libraries raise errors of their own for a connection that fails, and nearly all raise them from that of the system.
    """
    found: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        match found:
            case None:
                return False
            case TransientError() | ConnectionError() | TimeoutError():
                return True
            case DeliveryError() | InvalidMessage():
                return False
            case OSError() if found.filename is None and found.errno is not None:
                return True  # no such host, no route to it
            case _:
                found = found.__cause__ or found.__context__
    return False
