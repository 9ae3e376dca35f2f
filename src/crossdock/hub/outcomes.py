"""What becomes of a message after an adapter was asked to hand it over."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from crossdock.domain.delivery import DONE, Claimed, HandedBack
from crossdock.domain.errors import InvalidMessage, NotConnected, PermanentError, ProcessDied, RateLimited
from crossdock.domain.retry import Halt, RetryAt
from crossdock.ports.outbound import Delivered

if TYPE_CHECKING:
    from crossdock.domain.breaker import Breaker
    from crossdock.domain.delivery import Outcome
    from crossdock.hub.answers import Answers
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.outbound import Reply


class Outcomes:
    """Turns replies and errors of one app's adapter into outcomes of its deliveries.

    Args:
        gateway: Judges errors.
        answers: Addresses what the far side answers.
        breaker: The circuit breaker of the app's queue, if it has one.
    """

    def __init__(self, gateway: Gateway, answers: Answers, breaker: Breaker | None) -> None:
        self._gateway = gateway
        self._answers = answers
        self._breaker = breaker

    def of_reply(self, claimed: Claimed, reply: Reply) -> Outcome:
        """Return the outcome of a message of which the adapter said something."""
        if not isinstance(reply, Delivered):
            return self.of_error(claimed, reply)
        if reply.answer is None and reply.result is None:
            return DONE
        try:
            return self._answers.to(claimed, reply.answer, reply.result)
        except (InvalidMessage, PermanentError) as error:
            return self.of_error(claimed, error)

    def of_error(self, claimed: Claimed, error: str | BaseException) -> Outcome:
        """Return the outcome of a message that was not handed over, or of which nobody knows."""
        match error:
            case ProcessDied():
                return self._gateway.crashed(claimed, error)
            case NotConnected():
                return HandedBack(str(error))
            case RateLimited():
                return _parking(self._gateway.nacked(claimed, error, None))
            case _:
                return self._gateway.nacked(claimed, error, None, self._breaker)


def _parking(outcome: Outcome) -> Outcome:
    """Let the whole queue wait as long as its message: the far side is the same for all of them."""
    return replace(outcome, halts=Halt.PARK) if isinstance(outcome, RetryAt) else outcome
