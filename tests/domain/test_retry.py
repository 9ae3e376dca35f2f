"""What becomes of a delivery that failed: by its error, its attempts, its time."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import ConfigError, InvalidMessage, PermanentError, RateLimited, RetryPolicy, TransientError
from crossdock.domain.lifecycle import FailureCode
from crossdock.domain.retry import Dead, RetryAt, Trial, judge

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECONDS = st.floats(min_value=0, max_value=1e6)


def _policies() -> st.SearchStrategy[RetryPolicy]:
    def build(attempts: int, first: float, more: float, jitter: bool) -> RetryPolicy:  # noqa: FBT001 - drawn
        return RetryPolicy(
            max_attempts=attempts,
            backoff_min=timedelta(seconds=first),
            backoff_max=timedelta(seconds=first + more),
            jitter=jitter,
        )

    return st.builds(build, st.integers(1, 100), SECONDS, SECONDS, st.booleans())


@given(_policies(), st.integers(1, 10_000), st.integers())
def test_a_delay_lies_between_nothing_and_the_bound(policy: RetryPolicy, attempt: int, seed: int) -> None:
    delay = policy.delay(attempt, random.Random(seed))
    assert timedelta(0) <= delay <= policy.backoff_max
    if not policy.jitter:
        assert delay >= min(policy.backoff_min, policy.backoff_max)


@given(_policies())
def test_a_policy_survives_the_row(policy: RetryPolicy) -> None:
    assert RetryPolicy.from_json(policy.to_json()) == policy


@given(_policies(), st.integers(1, 200))
def test_the_last_attempt_ends_it(policy: RetryPolicy, attempt: int) -> None:
    verdict = judge(TransientError("down"), Trial(attempt, policy, NOW), now=NOW, rng=random.Random(1))
    assert isinstance(verdict, Dead) == (attempt >= policy.max_attempts)
    if isinstance(verdict, Dead):
        assert verdict.failure.code == FailureCode.ATTEMPTS_EXHAUSTED


@pytest.mark.parametrize("error", [PermanentError("never"), InvalidMessage.of("data.order", "is missing")])
def test_some_errors_end_it_at_once(error: Exception) -> None:
    verdict = judge(error, Trial(1, RetryPolicy(), NOW), now=NOW, rng=random.Random(1))
    assert isinstance(verdict, Dead)
    assert verdict.failure.message == str(error)


def test_a_rate_limit_spends_no_attempt_and_waits_as_asked() -> None:
    error = RateLimited(retry_after=timedelta(seconds=90))
    verdict = judge(error, Trial(8, RetryPolicy(max_attempts=8), NOW), now=NOW, rng=random.Random(1))
    assert isinstance(verdict, RetryAt)
    assert (verdict.when, verdict.spends_attempt) == (NOW + timedelta(seconds=90), False)


def test_no_retry_begins_after_the_time_budget() -> None:
    policy = RetryPolicy(
        max_attempts=99, backoff_min=timedelta(seconds=10), jitter=False, time_budget=timedelta(minutes=1)
    )
    trial = Trial(1, policy, NOW - timedelta(seconds=49))
    assert isinstance(judge("down", trial, now=NOW, rng=random.Random(1)), RetryAt)
    trial = Trial(1, policy, NOW - timedelta(seconds=51))
    verdict = judge("down", trial, now=NOW, rng=random.Random(1))
    assert isinstance(verdict, Dead)
    assert "time budget" in verdict.failure.message


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_attempts": 0},
        {"backoff_min": timedelta(seconds=-1)},
        {"backoff_min": timedelta(hours=1), "backoff_max": timedelta(minutes=1)},
        {"time_budget": timedelta(seconds=-1)},
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_numbers(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        RetryPolicy(**wrong)  # type: ignore[arg-type]  # one wrong value each
