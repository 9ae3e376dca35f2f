"""What a call comes to, over whichever way it is made: how often its outcome is looked for, and what is told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.domain.errors import CallFailed, CallTimedOut, InvalidMessage
from crossdock.domain.lifecycle import FailureCode, Status

if TYPE_CHECKING:
    from crossdock.domain.message import SentMessage
    from crossdock.domain.record import Record

_SHARE: Final = 0.05
"""A caller who has waited long looks seldom: its answer comes later by this share of the wait at most."""
_NO_ANSWER: Final = frozenset({FailureCode.EXPIRED.value, FailureCode.CANCELLED.value})


class Calls(NamedTuple):
    """The calls over one way.

    Attributes:
        first_pause_s: Between the first two looks.
        longest_pause_s: Between any two.
        advice: Where a caller who waited in vain finds out more; ``{id}`` is the message.
    """

    first_pause_s: float
    longest_pause_s: float
    advice: str = ""

    def pause_s(self, waited_s: float) -> float:
        """Return for how many seconds a caller who has waited so long does not look again."""
        return min(self.longest_pause_s, max(self.first_pause_s, _SHARE * waited_s))

    def answer_of(self, record: Record, sent: SentMessage) -> Any:
        """Return what an app answered to a message that is finished.

        Raises:
            CallFailed: The message is a dead letter.
            CallTimedOut: It was withdrawn.
        """
        if record.status is Status.FAILED and record.error is not None:
            if record.error.code in _NO_ANSWER:
                raise self.timed_out(sent, "and was withdrawn")
            raise CallFailed(sent.app, sent.id, record.error)
        return record.result

    def timed_out(self, sent: SentMessage, what: str) -> CallTimedOut:
        """Return the error of a call whose deadline has passed; ``what`` became of its message."""
        return CallTimedOut(
            f"{sent.app} has not answered in time to message {sent.id}, which was sent {what}"
            f"{self.advice.format(id=sent.id)}",
            app=sent.app,
            message_id=sent.id,
        )


def checked_timeout(timeout: timedelta) -> timedelta:
    """Return how long a caller wants to wait.

    Raises:
        InvalidMessage: It is no time.
    """
    if not isinstance(timeout, timedelta) or timeout <= timedelta(0):
        raise InvalidMessage.of("timeout", f"{timeout!r} is not a timedelta of more than 0")
    return timeout
