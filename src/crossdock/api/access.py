"""Who may use an operation: what is checked before a request is read at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from crossdock.api.errors import Refusal
from crossdock.api.limits import Limiter, place_of
from crossdock.api.state import Caller, name_of, state_of
from crossdock.domain.door_events import ApiRefused
from crossdock.domain.key import Scope

if TYPE_CHECKING:
    from starlette.requests import Request

_BEARER: Final = "bearer "
_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="crossdock"'}


@dataclass(frozen=True, slots=True)
class Access:
    """What an operation demands.

    Attributes:
        kind: ``open``: nothing; ``few``: nothing, but not too often; ``key``: a key with the scope, or any if there is
            none; ``optional``: a key, if one is shown, must be good; ``proof``: something of its own, such as a
            signature, which it checks itself.
    """

    kind: Literal["open", "few", "key", "optional", "proof"]
    scope: Scope | None = None


OPEN: Final = Access("open")
OPEN_TO_FEW: Final = Access("few")
OPTIONAL: Final = Access("optional")
OWN_PROOF: Final = Access("proof")


def needs(scope: Scope) -> Access:
    """Demand a key that has a scope."""
    return Access("key", scope)


async def admit(request: Request, access: Access) -> None:
    """Let a request in, its caller noted on it, or refuse it.

    Raises:
        Refusal: No key, none that opens this, or too many requests.
    """
    if access.kind in {"open", "proof"}:
        return
    if access.kind == "few":
        demand_rare(request, state_of(request).visitors, "more came from there without a key than")
        return
    shown = request.headers.get("authorization", "")
    if not shown and access.kind == "optional":
        return
    state = state_of(request)
    key = None
    if shown[: len(_BEARER)].lower() == _BEARER:
        key = await state.known_keys.find(shown[len(_BEARER) :].strip())
    if key is None:
        _refuse(request, shown)
    allowance = state.limiter.take(key.id)
    request.state.extra_headers.extend(state.limiter.headers(allowance))
    if not allowance.granted:
        raise Refusal(
            "RATE_LIMITED",
            f"the key {key.name!r} has used up its {state.limiter.rate}",
            headers={"Retry-After": str(allowance.again_in_s)},
        )
    if access.scope is not None and access.scope not in key.scopes:
        raise Refusal("FORBIDDEN", f"the key {key.name!r} has not the scope {access.scope}")
    request.state.caller = Caller(key, state.queue._acting_as(name_of(key)))


def demand_rare(request: Request, limiter: Limiter, words: str) -> None:
    """Make sure that not too much comes from one place.

    Args:
        request: One more.
        limiter: Counts them.
        words: Of the refusal, in front of the rate.

    Raises:
        Refusal: Too much does.
    """
    demand_token(limiter, "unknown" if request.client is None else place_of(request.client.host), words)


def demand_token(limiter: Limiter, name: str, words: str) -> None:
    """Make sure that a name has not used up what is its due.

    Raises:
        Refusal: It has.
    """
    allowance = limiter.take(name)
    if not allowance.granted:
        again = {"Retry-After": str(allowance.again_in_s)}
        raise Refusal("RATE_LIMITED", f"{words} {limiter.rate}", headers=again)


def _refuse(request: Request, shown: str) -> NoReturn:
    """Say that no key opens this; a wrong one is told to the log, too."""
    if not shown:
        raise Refusal("UNAUTHORIZED", "show a key: Authorization: Bearer cdk_…", headers=_CHALLENGE)
    client = request.client.host if request.client else "unknown"
    gateway = state_of(request).queue._gateway
    gateway.tell(ApiRefused(client=client, reason=f"{client} shows keys that open nothing"))
    raise Refusal(
        "UNAUTHORIZED", "the key opens nothing: it is unknown, revoked or expired", headers=_CHALLENGE
    )
