"""Apps: what is configured for them, and how they do. Making and changing them is no business of this door yet."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from datetime import timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.app_models import AppDocument, Apps, AppStatus
from crossdock.api.errors import Refusal
from crossdock.api.finding import unless_known
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfNoneMatch
from crossdock.api.resources.health import is_stuck
from crossdock.api.state import ApiState, Caller
from crossdock.config.model import AppTable
from crossdock.domain.json_form import queue_document
from crossdock.domain.key import Scope
from crossdock.domain.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.config.kinds import Chosen
    from crossdock.domain.record import QueueStats

operations = Operations("apps")

_ETAG: Final = {"ETag": "Of this state of the app's configuration."}
_LONGEST_NAME: Final = 200


@operations.on(
    "GET",
    "/apps",
    id="listApps",
    access=needs(Scope.APPS_READ),
    answers=Answers(Apps, meaning="Every app that the key may see."),
)
async def list_apps(caller: CallerOf, state: StateOf) -> JsonAnswer:
    """List the apps that the configuration names, and those that have a queue."""
    queues = await caller.queue.stats(caller.key.app)
    names = sorted({*_tables(state), *queues})
    shown = [name for name in names if caller.key.app in {None, name}]
    return JsonAnswer({"apps": _documents(state, shown)})


@operations.on(
    "GET",
    "/apps/{app_id}",
    id="getApp",
    access=needs(Scope.APPS_READ),
    answers=Answers(AppDocument, meaning="The app.", headers=_ETAG, more={304: "You have it."}),
    errors=("APP_NOT_FOUND",),
)
async def get_app(
    app_id: AppName, caller: CallerOf, state: StateOf, if_none_match: IfNoneMatch = None
) -> Response:
    """Tell what is configured for an app: its transports, routes and limits; never a secret."""
    caller.demand_app(app_id)
    await _demand_known(app_id, caller, state)
    (document,) = _documents(state, [app_id])
    tag = f'"{hashlib.sha256(json.dumps(document).encode()).hexdigest()[:16]}"'
    return unless_known(tag, if_none_match, document)


@operations.on(
    "GET",
    "/apps/{app_id}/status",
    id="getAppStatus",
    access=needs(Scope.APPS_READ),
    answers=Answers(AppStatus, meaning="How it does."),
    errors=("APP_NOT_FOUND",),
)
async def get_app_status(app_id: AppName, caller: CallerOf, state: StateOf) -> JsonAnswer:
    """Tell how an app does, in a word, and how its queue stands."""
    caller.demand_app(app_id)
    await _demand_known(app_id, caller, state)
    stats = (await caller.queue.stats(app_id))[app_id]
    document = {
        "app": app_id,
        "configured": app_id in _tables(state),
        "state": _state(stats, state.queue._store.now()),
        "queue": queue_document(stats),
    }
    return JsonAnswer(document)


def _tables(state: ApiState) -> dict[str, AppTable]:
    loaded = state.settings.loaded
    return {} if loaded is None else dict(loaded.config.apps)


async def _demand_known(app: str, caller: Caller, state: ApiState) -> None:
    """Make sure that there is such an app.

    Raises:
        Refusal: The configuration does not name it, and it has no queue.
    """
    if app in _tables(state):
        return
    queues = await caller.queue.stats()
    if app in queues:
        return
    known = sorted({*_tables(state), *queues}) if caller.key.app is None else []
    near = get_close_matches(app, known, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    raise Refusal("APP_NOT_FOUND", f"no app {app}: it is not configured, and has no queue{hint}")


def _documents(state: ApiState, names: Sequence[str]) -> list[dict[str, Any]]:
    loaded, tables = state.settings.loaded, _tables(state)
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


def _state(
    stats: QueueStats, now: datetime
) -> Literal["idle", "waiting", "working", "parked", "paused", "stuck"]:
    if stats.paused:
        return "paused"
    if stats.parked_until is not None:
        return "parked"
    if is_stuck(stats, now):
        return "stuck"
    if stats.processing:
        return "working"
    return "waiting" if stats.depth else "idle"
