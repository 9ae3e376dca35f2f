"""OAuth 2: who may have which tokens, as Google and as Todoist decide it.

Source: RFC 6749 (codes and refreshing), RFC 7636 (PKCE), RFC 7009 (revocation), RFC 8252 (programs on a desk).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from task_priority.sandbox.access import AccessTokens
from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import Json, Refusal, json_reply
from task_priority.sandbox.ids import Ids

CLIENT_ID: Final = "sandbox.apps.googleusercontent.com"
CLIENT_SECRET: Final = "sandbox-secret"  # noqa: S105 - a desktop client's secret is none, and this is no client
_CODE_LIFETIME: Final = timedelta(minutes=10)
_GRACE: Final = timedelta(seconds=60)
"""For so long an old refresh token of Todoist may be used again."""


class OAuthRefusal(Refusal):
    """An error of the token endpoint."""

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(json_reply({"error": error, "error_description": description}, status))


@dataclass(frozen=True, slots=True)
class Policy:
    """How a service deals with tokens.

    Attributes:
        separator: Between scopes.
        rotates: A refresh token is good once, and brings the next.
        asks_for_offline: A refresh token must be asked for, and comes with the first consent only.
    """

    separator: str
    rotates: bool
    asks_for_offline: bool
    lifetime: timedelta


GOOGLE: Final = Policy(" ", rotates=False, asks_for_offline=True, lifetime=timedelta(seconds=3599))
TODOIST: Final = Policy(",", rotates=True, asks_for_offline=False, lifetime=timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client asks a person for, and whither the answer goes."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    challenge_method: str
    offline: bool
    consent_again: bool


@dataclass(slots=True)
class _Grant:
    """What a person allowed a client; ``used`` holds rotated refresh tokens, and when they were used."""

    client_id: str
    scopes: frozenset[str]
    refresh_until: datetime | None
    refresh_token: str | None = None
    access_tokens: list[str] = field(default_factory=list)
    used: dict[str, datetime] = field(default_factory=dict)

    def packed(self) -> Json:
        """Return it as JSON."""
        return {
            "client_id": self.client_id,
            "scopes": sorted(self.scopes),
            "refresh_until": None if self.refresh_until is None else self.refresh_until.isoformat(),
            "refresh_token": self.refresh_token,
            "access_tokens": self.access_tokens,
            "used": {token: when.isoformat() for token, when in self.used.items()},
        }

    @classmethod
    def unpacked(cls, kept: Json) -> _Grant:
        """Make it of its JSON."""
        until = kept["refresh_until"]
        return cls(
            kept["client_id"],
            frozenset(kept["scopes"]),
            None if until is None else datetime.fromisoformat(until),
            kept["refresh_token"],
            kept["access_tokens"],
            {token: datetime.fromisoformat(when) for token, when in kept["used"].items()},
        )


@dataclass(frozen=True, slots=True)
class _Code:
    asked: Asked
    scopes: frozenset[str]
    until: datetime


class Authority:
    """Gives out codes and tokens.

    Attributes:
        refresh_lifetime: After it a refresh token is dead; None: it stays good. Google's testing mode: seven days.
        short_lived: False: like an old app of Todoist, whose tokens last for ten years and cannot be refreshed.
    """

    def __init__(self, policy: Policy, *, clock: Clock, ids: Ids, access: AccessTokens) -> None:
        self.policy = policy
        self.refresh_lifetime: timedelta | None = None
        self.short_lived = True
        self._clock = clock
        self._ids = ids
        self._access = access
        self._codes: dict[str, _Code] = {}
        self._grants: list[_Grant] = []

    def code(self, asked: Asked, scopes: frozenset[str]) -> str:
        """Return a code for what a person allowed."""
        code = self._ids.secret("4/")
        self._codes[code] = _Code(asked, scopes, self._clock() + _CODE_LIFETIME)
        return code

    def exchange(self, fields: Json) -> Json:
        """Give tokens for a code.

        Raises:
            OAuthRefusal: The code, its redirect address or its PKCE verifier is wrong.
        """
        code = self._codes.pop(fields.get("code", ""), None)
        if code is None or code.until <= self._clock():
            raise OAuthRefusal("invalid_grant", "Malformed auth code.")
        if fields.get("redirect_uri", code.asked.redirect_uri) != code.asked.redirect_uri:
            raise OAuthRefusal("redirect_uri_mismatch", "Bad Request")
        if not _is_verified(code.asked, fields.get("code_verifier")):
            raise OAuthRefusal("invalid_grant", "Invalid code verifier.")
        first = all(grant.client_id != code.asked.client_id for grant in self._grants)
        until = None if self.refresh_lifetime is None else self._clock() + self.refresh_lifetime
        grant = _Grant(code.asked.client_id, code.scopes, until)
        self._grants.append(grant)
        return self._tokens(grant, refreshable=self._is_refreshable(code.asked, first=first))

    def refresh(self, fields: Json) -> Json:
        """Give a new access token for a refresh token.

        Raises:
            OAuthRefusal: It is dead.
        """
        token = fields.get("refresh_token")
        for grant in self._grants:
            if token is not None and token == grant.refresh_token:
                if grant.refresh_until is not None and grant.refresh_until <= self._clock():
                    break
                if self.policy.rotates:
                    grant.used[token] = self._clock()
                return self._tokens(grant, refreshable=self.policy.rotates)
            if token in grant.used:
                return self._use_again(grant, grant.used[token])
        raise OAuthRefusal("invalid_grant", "Token has been expired or revoked.")

    def revoke(self, token: str) -> None:
        """End the grant that a token is of.

        Raises:
            OAuthRefusal: It is not known.
        """
        grant = next(
            (one for one in self._grants if token in {one.refresh_token, *one.access_tokens, *one.used}), None
        )
        if grant is None:
            raise OAuthRefusal("invalid_token", "Token expired or revoked")
        self._end(grant)

    def revoke_all(self) -> None:
        """End all grants, as a person does who no longer wants any program in."""
        for grant in list(self._grants):
            self._end(grant)

    def expire_access_tokens(self) -> None:
        """Let every access token end now; they can be refreshed."""
        for grant in self._grants:
            self._withdraw(grant)

    def packed(self) -> list[Json]:
        """Return the grants as JSON; a code lives for a moment only, and is not among them."""
        return [grant.packed() for grant in self._grants]

    def unpack(self, kept: list[Json]) -> None:
        """Take the grants that ``packed`` returned."""
        self._grants = [_Grant.unpacked(one) for one in kept]

    def _use_again(self, grant: _Grant, used: datetime) -> Json:
        """Answer to a refresh token that was used: for a minute as before, later by ending everything."""
        if self._clock() - used <= _GRACE:
            return self._told(grant)
        self._end(grant)
        raise OAuthRefusal("invalid_grant", "Refresh token reuse detected; all tokens were revoked.")

    def _tokens(self, grant: _Grant, *, refreshable: bool) -> Json:
        token = self._ids.secret("ya29." if self.policy is GOOGLE else "")
        self._access.issue(token, grant.scopes, self._lifetime)
        grant.access_tokens.append(token)
        if not refreshable:
            return self._told(grant)
        grant.refresh_token = self._ids.secret("1//" if self.policy is GOOGLE else "")
        return {**self._told(grant), "refresh_token": grant.refresh_token}

    def _told(self, grant: _Grant) -> Json:
        told: Json = {
            "access_token": grant.access_tokens[-1],
            "expires_in": int(self._lifetime.total_seconds()),
            "scope": self.policy.separator.join(sorted(grant.scopes)),
            "token_type": "Bearer",
        }
        if grant.refresh_until is not None:
            left = grant.refresh_until - self._clock()
            told["refresh_token_expires_in"] = int(left.total_seconds())
        return told

    @property
    def _lifetime(self) -> timedelta:
        return self.policy.lifetime if self.short_lived else timedelta(days=3650)

    def _is_refreshable(self, asked: Asked, *, first: bool) -> bool:
        if not self.policy.asks_for_offline:
            return self.short_lived
        return asked.offline and (first or asked.consent_again)

    def _end(self, grant: _Grant) -> None:
        self._withdraw(grant)
        self._grants.remove(grant)

    def _withdraw(self, grant: _Grant) -> None:
        for token in grant.access_tokens:
            self._access.revoke(token)


def _is_verified(asked: Asked, verifier: str | None) -> bool:
    """Hold a PKCE verifier against the challenge; without a challenge there must be none."""
    if asked.challenge is None:
        return verifier is None
    if verifier is None:
        return False
    if asked.challenge_method == "plain":
        return hmac.compare_digest(verifier, asked.challenge)
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(digest, asked.challenge)
