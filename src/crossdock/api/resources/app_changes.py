"""Making, changing and removing apps: what is said here is kept in the store, over what the configuration says."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.requests import Request
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.app_models import AppChanges, AppDocument, NewApp
from crossdock.api.apps_shown import demand_known, documents_of, tables_of
from crossdock.api.conditions import changed, demand_match, is_any
from crossdock.api.errors import Refusal
from crossdock.api.finding import tag_of_document
from crossdock.api.idempotency import IdempotencyKey, Made, done_once
from crossdock.api.operations import Answers, AppName, CallerOf, JsonAnswer, Operations, StateOf
from crossdock.api.parameters import IfMatch
from crossdock.app.configured import transport_of
from crossdock.config.kinds import DIRECTIONS
from crossdock.domain.errors import ConfigError
from crossdock.domain.key import Scope

if TYPE_CHECKING:
    from crossdock.api.state import ApiState, Caller
    from crossdock.config import Loaded
    from crossdock.domain.record import AppOverride
    from crossdock.ports.store import Transaction

operations = Operations("apps")

_ADMIN: Final = needs(Scope.APPS_ADMIN)
_TAG: Final = {"ETag": "Of this state of the app's configuration."}
_PLAIN_HTTP: Final = frozenset({
    "http", "format", "headers", "answer", "connect", "read", "total", "max_answer", "max_wait",
})  # fmt: skip
"""What may be said of where messages are posted to without reaching into this machine or its network."""
_FORWARDED: Final = frozenset({
    "forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip",
})  # fmt: skip
"""What proxies add to the requests that they pass on."""
_LINE: Final = re.compile(r"^(?:[^:]*: )?apps\.(?:[^.:]+|\"[^\"]*\")\.?([^:]*): (.*)$")


@operations.on(
    "POST",
    "/apps",
    id="createApp",
    access=_ADMIN,
    answers=Answers(
        AppDocument,
        201,
        "It is there from now on.",
        headers={**_TAG, "Location": "Of the app.", "Idempotency-Replayed": "Answered before."},
    ),
    errors=(
        "APP_EXISTS", "PRECONDITION_FAILED", "IDEMPOTENCY_KEY_REQUIRED", "IDEMPOTENCY_KEY_IN_USE",
        "IDEMPOTENCY_KEY_REUSED",
    ),
)  # fmt: skip
async def create_app(
    wish: NewApp,
    request: Request,
    caller: CallerOf,
    state: StateOf,
    idempotency_key: IdempotencyKey = None,
) -> JsonAnswer:
    """Let there be an app; refused if the configuration names one so.

    What is said is kept in the store, and every process that works by its configuration applies it between two
    messages. `crossdock config reset` drops it. What is executed, and what is read or written on this machine, can
    be said only where `allow_definitions` is on, from this machine, by a key with the scope `host:admin`.
    """
    caller.demand_app(wish.app)
    document = {name: getattr(wish, name) for name in wish.model_fields_set - {"app"}}
    await state.keep_up()
    change = _Change(wish.app, document, 0)
    if idempotency_key is None or wish.app not in tables_of(state):
        _demand_new(wish.app, state)
        after = await _checked(state, caller, request, change)
        shown = _shown(state, after, wish.app)
    else:
        shown = {}  # it may be the same request again, which is answered alike
        change = _Change(wish.app, None, 0)
    answer = await done_once(
        state,
        caller,
        operation="createApp",
        name=idempotency_key,
        request=request,
        work=change,
        answer=lambda _: Made(201, shown, f"/api/v1/apps/{wish.app}"),
    )
    await state.keep_up()
    return answer


@operations.on(
    "PATCH",
    "/apps/{app_id}",
    id="changeApp",
    access=_ADMIN,
    answers=Answers(AppDocument, meaning="The app as it is now.", headers=_TAG),
    errors=("APP_NOT_FOUND", "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"),
)
async def change_app(
    app_id: AppName,
    changes: AppChanges,
    request: Request,
    caller: CallerOf,
    state: StateOf,
    if_match: IfMatch = None,
) -> JsonAnswer:
    """Change what is configured for an app; keys that are not named stay as they are.

    An adapter that is named takes the place of the one before, with all that was said of it, and the messages that
    wait go over the new one.
    """
    override = await _found(app_id, caller, state, if_match)
    before = {} if override is None else override.document
    given = {name: getattr(changes, name) for name in changes.model_fields_set}
    change = _Change(app_id, {**before, **given}, 0 if override is None else override.revision, given)
    await _checked(state, caller, request, change)
    await caller.queue._store.write_async(change)
    await state.keep_up()
    (document,) = documents_of(state, [app_id])
    return JsonAnswer(document, headers={"ETag": tag_of_document(document)})


@operations.on(
    "DELETE",
    "/apps/{app_id}",
    id="deleteApp",
    access=_ADMIN,
    answers=Answers(None, 204, "It is there no more."),
    errors=("APP_NOT_FOUND", "APP_IN_USE", "PRECONDITION_FAILED", "PRECONDITION_REQUIRED"),
)
async def delete_app(app_id: AppName, caller: CallerOf, state: StateOf, if_match: IfMatch = None) -> Response:
    """Remove an app that was made here.

    Refused while messages of it are not finished, and for an app that the configuration itself names: it is removed
    there.
    """
    override = await _found(app_id, caller, state, if_match)
    if not _loaded(state).is_of_the_api(app_id):
        raise Refusal("APP_IN_USE", f"the configuration names {app_id}: remove it there")
    stats = (await caller.queue.stats(app_id)).get(app_id)
    waiting = 0 if stats is None else stats.depth + stats.processing
    if waiting:
        words = f"{waiting} messages of {app_id} are not finished; let them be worked on, or cancel them"
        raise Refusal("APP_IN_USE", words)
    seen = None if override is None or is_any(if_match) else override.revision
    await caller.queue._store.write_async(_Removal(app_id, seen))
    await state.keep_up()
    return Response(status_code=204)


class _Change:
    """What is said of an app on its way into the store: work of a transaction.

    Attributes:
        document: All that is said of it then; None: nothing can be said any more.
        given: What of that is new.
    """

    def __init__(
        self, app: str, document: dict[str, Any] | None, revision: int, given: dict[str, Any] | None = None
    ) -> None:
        self.app = app
        self.document = document
        self.given = (document or {}) if given is None else given
        self._revision = revision

    def __call__(self, tx: Transaction) -> None:
        """Store it, and let every process apply it."""
        if self.document is None:
            raise _exists(self.app)
        if not tx.put_override(self.app, self.document, self._revision):
            raise changed("app")
        tx.next_generation()


class _Removal:
    """The end of what is said of an app: work of a transaction.

    Args:
        app: Which.
        seen: The revision that may be dropped; None: any.
    """

    def __init__(self, app: str, seen: int | None) -> None:
        self._app = app
        self._seen = seen

    def __call__(self, tx: Transaction) -> None:
        """Drop it, and let every process apply that."""
        if tx.drop_override(self._app, self._seen):
            tx.next_generation()
        elif self._seen is not None:
            raise changed("app")


def _demand_new(app: str, state: ApiState) -> None:
    if app in tables_of(state):
        raise _exists(app)


def _exists(app: str) -> Refusal:
    return Refusal("APP_EXISTS", f"there is an app {app}; change it with PATCH")


async def _found(app: str, caller: Caller, state: ApiState, if_match: str | None) -> AppOverride | None:
    """Return what is said of an app, if the caller has read how it is now.

    Raises:
        Refusal: There is no such app, or the caller has read another state of it.
    """
    caller.demand_app(app)
    await state.keep_up()
    await demand_known(app, caller, state)
    (document,) = documents_of(state, [app])
    override = await caller.queue._store.read_async(lambda reader: reader.overrides().get(app))
    demand_match(tag_of_document(document), if_match, "app")
    return override


async def _checked(state: ApiState, caller: Caller, request: Request, change: _Change) -> Loaded:
    """Return the configuration as it would be after a change.

    Raises:
        Refusal: The caller may not make it, or it is wrong; there is a detail for each thing.
    """
    _demand_definable(state, caller, request, change.given)
    others = await caller.queue._store.read_async(
        lambda reader: {app: one.document for app, one in reader.overrides().items()}
    )
    try:
        return await asyncio.to_thread(
            _configured, _loaded(state), {**others, change.app: change.document or {}}, change
        )
    except ConfigError as error:
        details = [_detail(line) for line in str(error).splitlines()]
        words = "; ".join(f"{field}: {issue}" for field, issue in details)[:1000]
        raise Refusal("VALIDATION_ERROR", words, details) from error


def _configured(loaded: Loaded, overrides: dict[str, Any], change: _Change) -> Loaded:
    """Load the configuration anew, and try the adapters that are new."""
    after = loaded.again(overrides=overrides)
    for direction in DIRECTIONS:
        if change.given.get(direction) is not None:
            try:
                transport_of(after, change.app, direction)
            except ConfigError as error:
                raise ConfigError(f"api: apps.{change.app}.{direction}: {error}") from error
    return after


def _demand_definable(state: ApiState, caller: Caller, request: Request, given: dict[str, Any]) -> None:
    """Make sure that who says what is executed, or reached on this machine, may do so.

    Raises:
        Refusal: It may not be said here, from there, or by that key.
    """
    named = [name for name in DIRECTIONS if given.get(name) is not None and not _is_plain(name, given[name])]
    if not named:
        return
    issue = None
    if not state.settings.allow_definitions:
        issue = "is read-only here: the configuration says it, unless api.allow_definitions is on"
    elif state.settings.behind_proxy or not _is_from_here(request):
        issue = "can be changed from this machine alone, and not through a proxy"
    elif not caller.may(Scope.HOST_ADMIN):
        issue = f"needs the scope {Scope.HOST_ADMIN}"
    if issue is not None:
        raise Refusal("FORBIDDEN", f"{named[0]} {issue}", [(name, issue) for name in named])


def _is_plain(direction: str, table: Any) -> bool:
    return (
        direction == "outbound"
        and isinstance(table, dict)
        and "http" in table
        and table.keys() <= _PLAIN_HTTP
    )


def _is_from_here(request: Request) -> bool:
    """Tell whether who asks is on this machine; what a proxy on it passes on may come from anywhere."""
    if not _FORWARDED.isdisjoint(request.headers):
        return False
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _loaded(state: ApiState) -> Loaded:
    loaded = state.settings.loaded
    if loaded is None:
        raise Refusal("FORBIDDEN", "this server works by no configuration, so that none can be changed")
    return loaded


def _shown(state: ApiState, loaded: Loaded, app: str) -> dict[str, Any]:
    (document,) = documents_of(state, [app], loaded)
    return document


def _detail(line: str) -> tuple[str, str]:
    """Return the field and the issue of a line about the configuration."""
    found = _LINE.match(line)
    return (found[1], found[2]) if found else ("", line)
