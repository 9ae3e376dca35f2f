"""The access tokens that the APIs take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from task_priority.sandbox.clock import Clock
from task_priority.sandbox.exchange import Json


@dataclass(frozen=True, slots=True)
class _Access:
    scopes: frozenset[str]
    until: datetime


class AccessTokens:
    """Knows which tokens are good, and for what.

    Args:
        personal: Good for everything, for ever.
    """

    def __init__(self, clock: Clock, personal: str) -> None:
        self._clock = clock
        self._issued: dict[str, _Access] = {}
        self.personal = personal

    def issue(self, token: str, scopes: frozenset[str], lifetime: timedelta) -> None:
        """Take a new token."""
        self._issued[token] = _Access(scopes, self._clock() + lifetime)

    def revoke(self, token: str) -> None:
        """Take a token no more; harmless if it is not known."""
        self._issued.pop(token, None)

    def packed(self) -> Json:
        """Return as JSON those that were issued and are still good."""
        return {
            token: {"scopes": sorted(access.scopes), "until": access.until.isoformat()}
            for token, access in self._issued.items()
            if access.until > self._clock()
        }

    def unpack(self, kept: Json) -> None:
        """Take the tokens that ``packed`` returned."""
        self._issued = {
            token: _Access(frozenset(one["scopes"]), datetime.fromisoformat(one["until"]))
            for token, one in kept.items()
        }

    def scopes_of(self, authorization: str, everything: frozenset[str]) -> frozenset[str] | None:
        """Return what the bearer of an ``Authorization`` header may do; None: nothing.

        Args:
            authorization: The header as sent.
            everything: What the personal token may do.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return None
        if token == self.personal:
            return everything
        access = self._issued.get(token)
        if access is None or access.until <= self._clock():
            return None
        return access.scopes
