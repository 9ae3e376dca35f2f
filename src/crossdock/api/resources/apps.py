"""Apps: what is configured for them, and how they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.app_models import AppDocument, Apps, AppStatus
from crossdock.api.apps_shown import demand_known, documents_of, tables_of
from crossdock.api.finding import tag_of_document, unless_known
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfNoneMatch
from crossdock.api.resources.health import is_stuck
from crossdock.domain.cloudevent import instant_text
from crossdock.domain.json_form import queue_document
from crossdock.domain.key import Scope
from crossdock.domain.record import AppSwitch

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.api.state import ApiState, Caller
    from crossdock.domain.record import QueueStats

operations = Operations("apps")

_ETAG: Final = {"ETag": "Of this state of the app's configuration."}


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
    names = sorted({*tables_of(state), *queues})
    shown = [name for name in names if caller.key.app in {None, name}]
    return JsonAnswer({"apps": documents_of(state, shown)})


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
    await demand_known(app_id, caller, state)
    (document,) = documents_of(state, [app_id])
    return unless_known(tag_of_document(document), if_none_match, document)


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
    await demand_known(app_id, caller, state)
    return JsonAnswer(await status_of(app_id, caller, state))


async def status_of(app: str, caller: Caller, state: ApiState) -> dict[str, Any]:
    """Return how an app does, in a word, and how its queue stands."""
    stats = (await caller.queue.stats(app))[app]
    switch = await caller.queue._store.read_async(lambda reader: reader.switches().get(app, AppSwitch()))
    return {
        "app": app,
        "configured": app in tables_of(state),
        "state": _state(stats, switch, state.queue._store.now()),
        "stopped_at": instant_text(switch.stopped_at),
        "stopped_by": switch.stopped_by,
        "queue": queue_document(stats),
    }


def _state(stats: QueueStats, switch: AppSwitch, now: datetime) -> str:
    if switch.stopped_at is not None:
        return "stopping" if stats.processing else "stopped"
    if stats.paused:
        return "paused"
    if stats.parked_until is not None:
        return "parked"
    if is_stuck(stats, now):
        return "stuck"
    if stats.processing:
        return "working"
    return "waiting" if stats.depth else "idle"
