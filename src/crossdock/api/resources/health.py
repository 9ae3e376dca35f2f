"""Health: whether this process lives, whether it can serve, and whether work moves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from starlette.requests import Request

from crossdock.api.access import OPEN, OPTIONAL, needs
from crossdock.api.models import Health
from crossdock.api.operations import Answers, JsonAnswer, Operations, StateOf
from crossdock.api.state import ApiState
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.errors import StoreError
from crossdock.domain.key import Scope
from crossdock.domain.record import QueueStats

operations = Operations("health")

STUCK_AFTER: Final = timedelta(hours=1)
"""A queue whose oldest message could have been claimed for so long does not move."""
_HEALTHY: Final = Answers(Health, meaning="All is well.", more={503: "It is not."})
Word = Literal["ok", "degraded", "failing"]


@operations.on("GET", "/health", id="getHealth", access=OPTIONAL, answers=_HEALTHY)
async def get_health(request: Request, state: StateOf) -> JsonAnswer:
    """Say in a word how it is; with a key that may read metrics, also how each queue and each folder is.

    It is degraded if a message could have been claimed for an hour, a file has been waiting for an hour in a folder
    that an app takes files from, or a queue was paused because credentials were refused or a setting is wrong. The
    details name these (stuck, stuck_files, credentials), and the apps whose circuit breaker is open (unreachable).
    """
    details, word = await _look(state)
    caller = getattr(request.state, "caller", None)
    if caller is None or not caller.may(Scope.METRICS_READ) or caller.key.app is not None:
        return _answer(word)
    return _answer(word, details)


@operations.on(
    "GET", "/health/live", id="getLiveness", access=OPEN, answers=Answers(Health, meaning="It lives.")
)
async def get_liveness() -> JsonAnswer:
    """Say that this process lives and answers."""
    return _answer("ok")


@operations.on("GET", "/health/ready", id="getReadiness", access=needs(Scope.METRICS_READ), answers=_HEALTHY)
async def get_readiness(state: StateOf) -> JsonAnswer:
    """Say whether this process can send and claim: whether the store can be read and written."""
    if state.stopping.is_set():
        return _answer("failing", {"reason": "this process is to end"})
    try:
        await state.queue._store.write_async(lambda tx: tx.check_intake())
    except StoreError as error:
        return _answer("failing", {"reason": error.code})
    return _answer("ok", {})


@operations.on("GET", "/health/work", id="getProgress", access=needs(Scope.METRICS_READ), answers=_HEALTHY)
async def get_progress(state: StateOf) -> JsonAnswer:
    """Say whether work moves: no message or file that may move is stuck, and nothing waits for credentials."""
    details, word = await _look(state)
    return _answer(word, details)


async def _look(state: ApiState) -> tuple[dict[str, Any], Word]:
    """Return how each queue and each folder is, and what it comes to."""
    try:
        stats = await state.queue.stats()
        switches = await state.queue._store.read_async(lambda reader: reader.switches())
    except StoreError as error:
        return {"reason": error.code}, "failing"
    files = await state.inboxes.look(state.settings.loaded)
    now = state.queue._store.now()
    stopped = {app for app, switch in switches.items() if switch.stopped_at is not None}
    stuck = [app for app, one in stats.items() if app not in stopped and is_stuck(one, now)]
    stuck_files = [
        app
        for app, one in files.items()
        if app not in stopped and one.oldest_at and now - one.oldest_at > STUCK_AFTER
    ]
    # An operator who pauses a queue leaves no note: a delivery did, since the far side refused what it was shown.
    credentials = {app: one.note for app, one in stats.items() if one.paused and one.note}
    details = {
        "stuck": stuck,
        "stuck_files": stuck_files,
        "credentials": credentials,
        "unreachable": {app: one.note for app, one in stats.items() if one.breaker is not None},
        "queues": _due(stats),
        "files": {
            app: {"oldest_at": instant_text(one.oldest_at), "reason": one.reason}
            for app, one in files.items()
        },
        **_examined(state),
    }
    return details, "degraded" if stuck or stuck_files or credentials else "ok"


def _examined(state: ApiState) -> dict[str, Any]:
    """Return when the store's file was last examined and sound, if it has one."""
    examinations = state.queue._store.examinations
    return {} if examinations is None else {"examined_at": instant_text(examinations.examined_at())}


def is_stuck(stats: QueueStats, now: datetime) -> bool:
    """Tell whether a queue does not move though it could."""
    due = stats.oldest_due_at
    return not stats.paused and due is not None and now - due > STUCK_AFTER


def _due(stats: Mapping[str, QueueStats]) -> dict[str, Any]:
    return {
        app: {
            "oldest_due_at": instant_text(one.oldest_due_at),
            "depth": one.depth,
            "failed": one.failed,
            "paused": one.paused,
            "parked_until": instant_text(one.parked_until),
        }
        for app, one in stats.items()
    }


def _answer(word: Word, details: dict[str, Any] | None = None) -> JsonAnswer:
    document = {"status": word} if details is None else {"status": word, "details": details}
    return JsonAnswer(document, 200 if word == "ok" else 503)
