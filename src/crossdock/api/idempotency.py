"""Answers a request that is made again under the same Idempotency-Key as it was answered before."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, TypeVar

from fastapi import Header

from crossdock.api.errors import Refusal
from crossdock.api.operations import JsonAnswer
from crossdock.domain.answer import AnswerKey, KeptAnswer
from crossdock.hub.once import Once

if TYPE_CHECKING:
    from starlette.requests import Request

    from crossdock.api.state import ApiState, Caller
    from crossdock.ports.store import Transaction

T = TypeVar("T")
_FORM: Final = re.compile(r'"([ !#-~]{1,256})"|([!#-~]{1,256})')
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="Names this request: made again with it within 24 hours, it is done once and answered alike.",
        examples=['"8e03978e-40d5-43dd-bc93-6894a57f9324"'],
        json_schema_extra={"pattern": f"^({_FORM.pattern})$"},
    ),
]


class Made(NamedTuple):
    """What is answered when something was made.

    Attributes:
        status: Of HTTP.
        document: The body.
        location: Where it is found; empty: nowhere.
    """

    status: int
    document: Any
    location: str = ""


async def done_once(
    state: ApiState,
    caller: Caller,
    *,
    operation: str,
    name: str | None,
    request: Request,
    work: Callable[[Transaction], T],
    answer: Callable[[T], Made],
    is_required: bool = True,
) -> JsonAnswer:
    """Do what makes something, and answer; under a name that was used before, give the same answer again.

    Args:
        state: Of the application.
        caller: Whose request it is.
        operation: Its id.
        name: The Idempotency-Key; None: there is none.
        request: Its body was read.
        work: Of a transaction; the answer is stored in the same.
        answer: Says what is answered; called inside the transaction.
        is_required: Whether a name may be demanded of it by the configuration.

    Raises:
        Refusal: The same is being done, or a name is missing.
        IdempotencyKeyReused: The name was used for something else.
    """
    if name is None:
        if is_required and state.settings.require_idempotency_key:
            raise Refusal("IDEMPOTENCY_KEY_REQUIRED", "name the request with an Idempotency-Key")
        return _response(_kept(answer(await caller.queue._store.write_async(work)), ""))
    key = AnswerKey(caller.key.id, operation, _unquoted(name))
    fingerprint = await _fingerprint(request)
    if key in state.in_progress:
        raise Refusal("IDEMPOTENCY_KEY_IN_USE", "a request with this Idempotency-Key is being worked on")
    state.in_progress.add(key)
    try:
        once = Once(key, fingerprint, work, lambda made: _kept(answer(made), fingerprint))
        kept, again = await caller.queue._store.write_async(once)
    finally:
        state.in_progress.discard(key)
    response = _response(kept)
    if again:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def _unquoted(name: str) -> str:
    """Return the key that a header names, with quotes as in the draft or bare.

    Raises:
        Refusal: It is none.
    """
    found = _FORM.fullmatch(name.strip())
    if found is None:
        raise Refusal(
            "VALIDATION_ERROR",
            "an Idempotency-Key has 1 to 256 printable characters of ASCII, with or without quotes around them",
            [("Idempotency-Key", "is empty, too long, or has a character that is not printable ASCII")],
        )
    return found[1] or found[2]


async def _fingerprint(request: Request) -> str:
    """Return what tells requests from one another: path, parameters, type, CloudEvents headers and body."""
    told = hashlib.sha256()
    events = sorted((n, v) for n, v in request.headers.items() if n.startswith("ce-") or n == "content-type")
    told.update(json.dumps([request.url.path, request.url.query, events]).encode())
    told.update(await request.body())
    return told.hexdigest()


def _kept(made: Made, fingerprint: str) -> KeptAnswer:
    body = json.dumps(made.document, ensure_ascii=True, separators=(",", ":"))
    return KeptAnswer(fingerprint, made.status, made.location, body)


def _response(kept: KeptAnswer) -> JsonAnswer:
    response = JsonAnswer(None, kept.status, {"Location": kept.location} if kept.location else None)
    response.body = kept.body.encode()
    response.headers["content-length"] = str(len(response.body))
    return response
