"""Starting, stopping and restarting the work for an app; the workers of every host obey, and a restart keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crossdock.api.access import needs
from crossdock.api.app_models import AppStatus
from crossdock.api.apps_shown import demand_known, documents_of
from crossdock.api.conditions import change_if_still
from crossdock.api.finding import tag_of_document
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfMatch
from crossdock.api.resources.apps import status_of
from crossdock.app.switching import Switch
from crossdock.domain.key import Scope

if TYPE_CHECKING:
    from crossdock.api.state import ApiState, Caller

operations = Operations("apps")

_ADMIN: Final = needs(Scope.APPS_ADMIN)
_OBEYED: Final = Answers(
    AppStatus,
    202,
    "It is stored, and every worker obeys as soon as it looks.",
    headers={"ETag": "Of the state of the app's configuration."},
)
_ERRORS: Final = ("APP_NOT_FOUND", "PRECONDITION_FAILED")


@operations.on("POST", "/apps/{app_id}/stop", id="stopApp", access=_ADMIN, answers=_OBEYED, errors=_ERRORS)
async def stop_app(app_id: AppName, caller: CallerOf, state: StateOf, if_match: IfMatch = None) -> JsonAnswer:
    """Stop the work for an app: its adapters take nothing in and hand nothing over, and end.

    What is in work may end; what is unfinished when the time to drain is over goes back to the queue, nothing spent.
    What is sent waits, and others may claim it; to let nobody have it, pause the queue. It stays so until the app is
    started, whatever is restarted meanwhile.
    """
    return await _switched(app_id, caller, state, if_match, Switch.STOP)


@operations.on("POST", "/apps/{app_id}/start", id="startApp", access=_ADMIN, answers=_OBEYED, errors=_ERRORS)
async def start_app(
    app_id: AppName, caller: CallerOf, state: StateOf, if_match: IfMatch = None
) -> JsonAnswer:
    """Let an app that was stopped be worked for again."""
    return await _switched(app_id, caller, state, if_match, Switch.START)


@operations.on(
    "POST", "/apps/{app_id}/restart", id="restartApp", access=_ADMIN, answers=_OBEYED, errors=_ERRORS
)
async def restart_app(
    app_id: AppName, caller: CallerOf, state: StateOf, if_match: IfMatch = None
) -> JsonAnswer:
    """Work for an app with new adapters: connections and programs end as by a stop, and are begun anew."""
    return await _switched(app_id, caller, state, if_match, Switch.RESTART)


async def _switched(
    app: str, caller: Caller, state: ApiState, if_match: str | None, switch: Switch
) -> JsonAnswer:
    """Say it, if the app is as the caller has read it; return how it does.

    Raises:
        Refusal: There is no such app, or it is otherwise.
    """
    caller.demand_app(app)
    await demand_known(app, caller, state)
    (document,) = documents_of(state, [app])
    override = await caller.queue._store.read_async(lambda reader: reader.overrides().get(app))
    await change_if_still(
        caller,
        switch.work(app),
        if_match,
        tag=tag_of_document(document),
        revision=lambda tx: tx.override_revision(app),
        seen=0 if override is None else override.revision,
        what="app",
    )
    return JsonAnswer(await status_of(app, caller, state), 202, headers={"ETag": tag_of_document(document)})
