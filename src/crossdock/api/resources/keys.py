"""API keys: making, listing, replacing and revoking them. Nobody makes a key that may do more than the own one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

from fastapi import Path
from starlette.responses import Response

from crossdock.api.access import needs
from crossdock.api.conditions import change_if_still
from crossdock.api.errors import Refusal
from crossdock.api.finding import instant_of, tag_of_document, unless_known
from crossdock.api.key_models import KeyDocument, KeyRequest, Keys, NewKey, RotationWish
from crossdock.api.operations import Answers, CallerOf, JsonAnswer, Operations
from crossdock.api.parameters import IfMatch, IfNoneMatch
from crossdock.api.state import Caller
from crossdock.domain.errors import KeyNotFound
from crossdock.domain.json_form import key_document
from crossdock.domain.key import ApiKey, Scope
from crossdock.hub.keys import KeyWish, MadeKey, creation, rotation

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.ports.store import Transaction

T = TypeVar("T")

operations = Operations("keys")

_ADMIN: Final = needs(Scope.KEYS_ADMIN)
_TAG: Final = {"ETag": "Of this state of the key."}
_MADE: Final = {"Location": "Of the key.", **_TAG}
KeyId = Annotated[str, Path(pattern="^[0-9a-f]{12}$", description="Of the key.", examples=["5f0c3a9e1b7d"])]


@operations.on("GET", "/keys", id="listKeys", access=_ADMIN, answers=Answers(Keys, meaning="The keys."))
async def list_keys(caller: CallerOf) -> JsonAnswer:
    """List the keys, without their secrets, the oldest first.

    A key that is bound to an app sees those of that app.
    """
    keys = await caller.queue._store.read_async(lambda reader: reader.keys())
    return JsonAnswer({"keys": [key_document(key) for key in keys if caller.key.app in {None, key.app}]})


@operations.on(
    "POST",
    "/keys",
    id="createKey",
    access=_ADMIN,
    answers=Answers(NewKey, 201, "The key; its text is told this once.", headers=_MADE),
    errors=("INVALID_MESSAGE",),
)
async def create_key(wish: KeyRequest, caller: CallerOf) -> JsonAnswer:
    """Make a key.

    It may do at most what yours may, for the same app if yours is bound to one. This answer is not kept for an
    Idempotency-Key, since its secret is kept nowhere: if the answer was lost, revoke the key and make another.
    """
    _demand(caller, frozenset(wish.scopes), wish.app)
    expires_at = None if wish.expires_at is None else instant_of("expires_at", wish.expires_at)
    made = creation(
        KeyWish(name=wish.name, scopes=frozenset(wish.scopes), app=wish.app, expires_at=expires_at)
    )
    return _told(await caller.queue._store.write_async(made))


@operations.on(
    "GET",
    "/keys/{key_id}",
    id="getKey",
    access=_ADMIN,
    answers=Answers(KeyDocument, meaning="The key.", headers=_TAG, more={304: "It is as you have it."}),
    errors=("KEY_NOT_FOUND",),
)
async def get_key(key_id: KeyId, caller: CallerOf, if_none_match: IfNoneMatch = None) -> Response:
    """Tell what is known of a key, without its secret; when it was last used is told to the minute."""
    key = await _found(caller, key_id)
    return unless_known(_tag(key), if_none_match, key_document(key))


@operations.on(
    "POST",
    "/keys/{key_id}/rotate",
    id="rotateKey",
    access=_ADMIN,
    answers=Answers(NewKey, 201, "The new key; its text is told this once.", headers=_MADE),
    errors=("KEY_NOT_FOUND", "PRECONDITION_FAILED"),
)
async def rotate_key(
    key_id: KeyId, caller: CallerOf, wish: RotationWish | None = None, if_match: IfMatch = None
) -> JsonAnswer:
    """Make a key like another, which ends after a while: without a body, after a day."""
    wish = wish or RotationWish()
    old = await _found(caller, key_id)
    _demand(caller, old.scopes, old.app)
    return _told(await _changed(caller, old, if_match, rotation(key_id, timedelta(seconds=wish.overlap_s))))


@operations.on(
    "DELETE",
    "/keys/{key_id}",
    id="revokeKey",
    access=_ADMIN,
    answers=Answers(KeyDocument, meaning="The key, which opens nothing any more.", headers=_TAG),
    errors=("KEY_NOT_FOUND", "PRECONDITION_FAILED"),
)
async def revoke_key(key_id: KeyId, caller: CallerOf, if_match: IfMatch = None) -> JsonAnswer:
    """Let a key open nothing any more; every process knows within a second.

    With If-Match only if nothing about it has changed, its last use included.
    """
    held = await _found(caller, key_id)
    revoked = await _changed(caller, held, if_match, lambda tx: tx.revoke_key(key_id))
    return JsonAnswer(key_document(revoked), headers={"ETag": _tag(revoked)})


async def _found(caller: Caller, key_id: str) -> ApiKey:
    """Return a key that the caller may know of."""
    key = await caller.queue._store.read_async(lambda reader: reader.key(key_id))
    if key is None or caller.key.app not in {None, key.app}:
        raise KeyNotFound(f"no key {key_id}")
    return key


async def _changed(
    caller: Caller, held: ApiKey, if_match: str | None, change: Callable[[Transaction], T]
) -> T:
    """Change a key if it is as the caller has read it.

    Raises:
        Refusal: It is not.
    """
    return await change_if_still(
        caller,
        change,
        if_match,
        tag=_tag(held),
        revision=lambda tx: tx.key_held(held.id),
        seen=held,
        what="key",
    )


def _demand(caller: Caller, scopes: frozenset[Scope], app: str | None) -> None:
    """Make sure that a key may make one with these scopes.

    Raises:
        Refusal: It would open more than the caller's own.
    """
    if more := scopes - caller.key.scopes:
        raise Refusal("FORBIDDEN", f"your own key has not the scope {min(more)}, so it cannot give it")
    if caller.key.app not in {None, app}:
        raise Refusal(
            "FORBIDDEN", f"your own key is bound to the app {caller.key.app!r}, so a new one must be"
        )


def _told(made: MadeKey) -> JsonAnswer:
    headers = {"Location": f"/api/v1/keys/{made.key.id}", "ETag": _tag(made.key)}
    return JsonAnswer({**key_document(made.key), "key": str(made.text)}, 201, headers)


def _tag(key: ApiKey) -> str:
    return tag_of_document(key_document(key))
