"""The circuit breakers of queues: counts failures in a row, parks the queue, and closes again at the first success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossdock.domain.delivery import Completed
from crossdock.domain.events import BreakerClosed, BreakerOpened
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.retry import Dead, RetryAt
from crossdock.store import statements
from crossdock.store.transaction import TransactionCore
from crossdock.store.types import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.domain.breaker import Strike
    from crossdock.domain.delivery import Settlement

_LONGEST_NOTE: Final = 1000


class Breaking(TransactionCore):
    """Opens and closes circuit breakers, in the transaction in which a delivery ends."""

    def note_outcomes(self, app: str, settled: Sequence[Settlement]) -> None:
        """Count the failures that came after the last success among deliveries of one app, in their order."""
        answered = [place for place, one in enumerate(settled) if _is_answered(one)]
        if answered:
            self.recover(app)
            settled = settled[answered[-1] + 1 :]
        for one in settled:
            strike = strike_of(one)
            if strike is not None and isinstance(one.outcome, (RetryAt, Dead)):
                self.strike(app, one.row_id, strike, one.outcome.failure.message)

    def strike(self, app: str, row_id: int, strike: Strike, reason: str) -> None:
        """Count a failure; park the queue if there were too many in a row, or if it was the probe that failed."""
        ((failures, trips, parked_until),) = self.run(statements.strike, {"app": app, "row_id": row_id})
        self.limits.failing[app] = trips
        if parked_until is not None and parked_until > self.now_text:
            return  # it was begun before the queue was parked, and says nothing new
        if not strike.trips_at(failures, trips=trips):
            return
        until = to_text(strike.until(self.now, trips=trips))
        told = (
            f"the circuit breaker is open, since the probe failed: {reason}"
            if trips
            else f"the circuit breaker is open, since {failures} messages in a row failed, the last with: {reason}"
        )
        self.run(statements.trip, {"app": app})
        self.run(statements.park, {"app": app, "until": until, "note": told[:_LONGEST_NOTE]})
        self.limits.failing[app] = trips + 1
        self.tell(BreakerOpened(app=app, reason=f"{app!r} is parked until {until} UTC; {told}"))

    def recover(self, app: str) -> None:
        """Note that the far side has answered."""
        trips = self.limits.failing.get(app)
        if trips is None or not self.run(statements.recover, {"app": app, "now": self.now_text}):
            return
        del self.limits.failing[app]
        if trips:
            self.woken.add(app)
            words = f"{app!r} is claimed from as usual again: a message was worked on"
            self.tell(BreakerClosed(app=app, reason=words))


def strike_of(settlement: Settlement) -> Strike | None:
    """Return what the circuit breaker counts of a delivery; None: nothing."""
    outcome = settlement.outcome
    return outcome.strike if isinstance(outcome, (RetryAt, Dead)) else None


def _is_answered(settlement: Settlement) -> bool:
    """Tell whether the far side has answered, if only with a refusal."""
    match settlement.outcome:
        case Completed():
            return True
        case Dead(failure):
            return failure.code == FailureCode.PERMANENT
        case _:
            return False
