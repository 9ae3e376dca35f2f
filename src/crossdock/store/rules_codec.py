"""Between rows and the rules of queues."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from crossdock.domain.rules import ClaimLimits, QueueRules, Rate
from crossdock.store.codec import Row, maybe_moment


def rule_columns(rules: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of rules of a queue as text; what is None is empty."""
    columns: dict[str, str] = {}
    for name, value in rules.items():
        if name == "rate":
            columns["rate_count"] = "" if value is None else str(value.count)
            columns["rate_period_s"] = "" if value is None else repr(value.period.total_seconds())
        else:
            columns[name] = "" if value is None else str(value)
    return columns


def rules_from(row: Row) -> QueueRules:
    """Read a row of ``RULE_COLUMNS``."""
    on_dead, fallback, max_depth, max_processing, count, period_s = row
    return QueueRules(
        on_dead=on_dead,
        fallback=fallback,
        max_depth=max_depth,
        max_processing=max_processing,
        rate=_rate(count, period_s),
    )


def claim_limits(row: Row, *, trips: int, processing: int) -> ClaimLimits:
    """Read the row of the statement ``limits``; after a trip of the circuit breaker one message is the probe."""
    max_processing, count, period_s, next_at = row
    return ClaimLimits(
        max_processing=1 if trips else max_processing,
        processing=processing,
        rate=_rate(count, period_s),
        rate_next_at=maybe_moment(next_at),
    )


def _rate(count: int | None, period_s: int | None) -> Rate | None:
    return None if count is None or period_s is None else Rate(count, timedelta(seconds=period_s))
