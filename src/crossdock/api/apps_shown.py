"""Apps as the API shows them: what is configured for each, never with a secret."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from crossdock.api.errors import Refusal
from crossdock.config.model import AppTable
from crossdock.domain.retry import RetryPolicy
from crossdock.domain.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.api.state import ApiState, Caller
    from crossdock.config import Loaded
    from crossdock.config.kinds import Chosen

_LONGEST_NAME: Final = 200


def tables_of(state: ApiState) -> dict[str, AppTable]:
    """Return what is configured for each app."""
    loaded = state.settings.loaded
    return {} if loaded is None else dict(loaded.config.apps)


async def demand_known(app: str, caller: Caller, state: ApiState) -> None:
    """Make sure that there is such an app.

    Raises:
        Refusal: The configuration does not name it, and it has no queue.
    """
    if app in tables_of(state):
        return
    queues = await caller.queue.stats()
    if app in queues:
        return
    known = sorted({*tables_of(state), *queues}) if caller.key.app is None else []
    hint = did_you_mean(app, known)
    raise Refusal("APP_NOT_FOUND", f"no app {app}: it is not configured, and has no queue{hint}")


def documents_of(state: ApiState, names: Sequence[str], loaded: Loaded | None = None) -> list[dict[str, Any]]:
    """Return apps as the API shows them, never with a secret; by ``loaded`` instead of what is in force if given."""
    loaded = loaded or state.settings.loaded
    tables = {} if loaded is None else loaded.config.apps
    policies = {"*": RetryPolicy()} if loaded is None else loaded.config.retry_policies()
    return [_document(name, tables.get(name), policies.get(name, policies["*"])) for name in names]


def _document(name: str, table: AppTable | None, policy: RetryPolicy) -> dict[str, Any]:
    known = table or AppTable()
    return {
        "app": name,
        "configured": table is not None,
        "inbound": _transport(known.inbound),
        "outbound": _transport(known.outbound),
        "next": list(known.next),
        "subscribe": [asdict(one.to_subscription()) for one in known.subscribe],
        "concurrency": known.concurrency or 1,
        "timeout_s": _seconds(known.timeout),
        "retry": _retry(policy),
        "on_dead": known.on_dead or "release",
        "fallback": known.fallback,
        "max_depth": known.max_depth,
        "max_processing": known.max_processing,
        "rate": None if known.rate is None else str(known.rate),
        "breaker": _breaker(known),
    }


def _transport(chosen: Chosen | None) -> dict[str, Any] | None:
    return None if chosen is None else {"kind": chosen.kind, "target": _target(chosen)}


def _target(chosen: Chosen) -> str | None:
    """Return what an adapter reaches, without what may be secret: arguments, and the path and user of a URL."""
    main = getattr(chosen.settings, chosen.kind, None)
    if isinstance(main, (list, tuple)):
        main = main[0] if main else None
    if main is None:
        return None
    text = str(main)
    if "://" not in text:
        return text[:_LONGEST_NAME]
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _retry(policy: RetryPolicy) -> dict[str, Any]:
    return {
        "max_attempts": policy.max_attempts,
        "backoff_min_s": policy.backoff_min.total_seconds(),
        "backoff_max_s": policy.backoff_max.total_seconds(),
        "jitter": policy.jitter,
        "time_budget_s": _seconds(policy.time_budget),
    }


def _breaker(table: AppTable) -> dict[str, Any] | None:
    if table.breaker is None:
        return None
    first, last = table.breaker.park
    return {
        "after": table.breaker.after,
        "park_min_s": first.total_seconds(),
        "park_max_s": last.total_seconds(),
    }


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
