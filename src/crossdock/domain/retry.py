"""When and how often a delivery that failed is tried again."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from crossdock.domain.errors import (
    ConfigError,
    CredentialError,
    DeliveryError,
    InvalidMessage,
    PermanentError,
    RateLimited,
)
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.wording import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.domain.breaker import Strike

_LARGEST_EXPONENT: Final = 60
"""2**60 seconds is past any cap; a larger power would only overflow a float."""
MOST_ATTEMPTS: Final = 2**31 - 1
"""Fits the column of every database."""
_LAST_MOMENT: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how late a message is tried again.

    The delay before attempt *n* + 1 is drawn evenly from 0 to ``min(backoff_max, backoff_min * 2**(n-1))``
    (exponential backoff with full jitter).

    Attributes:
        max_attempts: Attempts in all, the first included; at least 1.
        backoff_min: Upper bound of the first delay.
        backoff_max: Upper bound of every delay.
        jitter: False makes each delay the bound itself.
        time_budget: No retry is begun later than this after the message was sent, or last replayed; None: no such
            limit.

    Raises:
        ConfigError: A number is out of range.

    Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("full jitter").
    """

    max_attempts: int = 8
    backoff_min: timedelta = timedelta(seconds=1)
    backoff_max: timedelta = timedelta(minutes=5)
    jitter: bool = True
    time_budget: timedelta | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.max_attempts <= MOST_ATTEMPTS:
            raise ConfigError(
                f"RetryPolicy.max_attempts is {self.max_attempts}; it must be from 1 to {MOST_ATTEMPTS}"
            )
        if not timedelta(0) <= self.backoff_min <= self.backoff_max:
            raise ConfigError(
                f"RetryPolicy: backoff_min ({self.backoff_min}) must lie between 0 and backoff_max ({self.backoff_max})"
            )
        if self.time_budget is not None and self.time_budget < timedelta(0):
            raise ConfigError(f"RetryPolicy.time_budget is {self.time_budget}; it must not be negative")

    def delay(self, attempt: int, rng: random.Random) -> timedelta:
        """Return how long to wait after attempt number ``attempt`` (from 1) failed."""
        doubled_s = self.backoff_min.total_seconds() * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT)
        bound = min(self.backoff_max, timedelta(seconds=min(doubled_s, self.backoff_max.total_seconds())))
        return bound * rng.random() if self.jitter else bound

    def to_json(self) -> dict[str, float | bool | None]:
        """Return the policy as stored in a row, durations in seconds."""
        return {
            "max_attempts": self.max_attempts,
            "backoff_min_s": self.backoff_min.total_seconds(),
            "backoff_max_s": self.backoff_max.total_seconds(),
            "jitter": self.jitter,
            "time_budget_s": None if self.time_budget is None else self.time_budget.total_seconds(),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> RetryPolicy:
        """Read what ``to_json`` wrote."""
        budget = stored["time_budget_s"]
        return cls(
            max_attempts=int(stored["max_attempts"]),
            backoff_min=timedelta(seconds=stored["backoff_min_s"]),
            backoff_max=timedelta(seconds=stored["backoff_max_s"]),
            jitter=bool(stored["jitter"]),
            time_budget=None if budget is None else timedelta(seconds=budget),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a delivery or a message failed.

    Attributes:
        code: A ``FailureCode`` value; a stranger's row may hold another word.
        message: One sentence for people.
        details: Pairs of (field, issue), for invalid data.
    """

    code: str
    message: str
    details: tuple[tuple[str, str], ...] = ()


class Halt(Enum):
    """What a failed delivery says of its whole queue."""

    PARK = "nothing is claimed before the message may be tried again"
    PAUSE = "nothing is claimed before a person resumes the queue"


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at ``when``.

    Attributes:
        strike: What the circuit breaker counts; None: nothing.
    """

    when: datetime
    failure: Failure
    spends_attempt: bool = True
    halts: Halt | None = None
    strike: Strike | None = None


@dataclass(frozen=True, slots=True)
class Dead:
    """Give up: the message becomes a dead letter.

    Attributes:
        readable: False: the row is no message, so no fallback could do anything with it either.
        strike: What the circuit breaker counts; None: nothing.
    """

    failure: Failure
    readable: bool = True
    strike: Strike | None = None


Verdict: TypeAlias = RetryAt | Dead


@dataclass(frozen=True, slots=True)
class Trial:
    """One delivery that did not succeed, and the rules it is judged by.

    Attributes:
        attempt: Counts from 1 and includes the delivery just made.
        sent_at: Or last replayed; aware UTC; the time budget is measured from it.
    """

    attempt: int
    policy: RetryPolicy
    sent_at: datetime


def failure_of(error: str | BaseException, default: FailureCode) -> Failure:
    """Describe an error; ``default`` is the code of anything that does not bring its own."""
    match error:
        case str():
            return Failure(default, error)
        case InvalidMessage():
            return Failure(FailureCode.INVALID_MESSAGE, str(error), error.details)
        case PermanentError() | RateLimited() | CredentialError():
            return Failure(FailureCode(error.code), str(error))
        case DeliveryError() if type(error) is DeliveryError:
            return Failure(default, str(error))
        case _:
            return Failure(default, f"{type(error).__name__}: {error}")


def crash_failure(crashes: int, last: str = "") -> Failure:
    """Describe the end of a message that its worker, or the program that worked on it, died of so often.

    Args:
        crashes: How often.
        last: How it ended at last; empty: nobody saw it.
    """
    times = "once" if crashes == 1 else f"{crashes} times"
    words = f"what worked on this message died {times}"
    return Failure(FailureCode.CRASHED, f"{words}; the last time: {last}" if last else words)


def judge(
    error: str | BaseException,
    trial: Trial,
    *,
    now: datetime,
    rng: random.Random,
    retry_in: timedelta | None = None,
) -> Verdict:
    """Decide what becomes of a message after a delivery that failed.

    Args:
        error: What the handler raised, or words for it.
        trial: The delivery and its policy.
        now: Aware UTC; the next instant is measured from it.
        rng: Draws the jitter.
        retry_in: A delay that overrides the policy's.
    """
    failure = failure_of(error, FailureCode.TRANSIENT)
    match error:
        case PermanentError() | InvalidMessage():
            return Dead(failure)
        case RateLimited():
            asked = retry_in if retry_in is not None else error.retry_after
            when = _later(now, asked if asked is not None else trial.policy.delay(trial.attempt, rng))
            return RetryAt(when, failure, spends_attempt=False)
        case CredentialError():
            return RetryAt(now, failure, spends_attempt=False, halts=Halt.PAUSE)
        case _ if trial.attempt >= trial.policy.max_attempts:
            return _exhausted(f"gave up after {counted(trial.attempt, 'attempt')}: {failure.message}")
        case _:
            when = _later(now, retry_in if retry_in is not None else trial.policy.delay(trial.attempt, rng))
            return _within_budget(RetryAt(when, failure), trial)


def _later(now: datetime, delay: timedelta) -> datetime:
    """Add them; a delay past the year 9999, as a far side may ask for, ends there."""
    return now + min(delay, _LAST_MOMENT - now)


def _within_budget(retry: RetryAt, trial: Trial) -> Verdict:
    budget = trial.policy.time_budget
    if budget is not None and retry.when - trial.sent_at > budget:
        return _exhausted(f"gave up, the time budget of {budget} is spent: {retry.failure.message}")
    return retry


def _exhausted(message: str) -> Dead:
    return Dead(Failure(FailureCode.ATTEMPTS_EXHAUSTED, message))
