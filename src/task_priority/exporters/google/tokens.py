"""Access tokens for questions to Google, renewed by one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from crossdock import CredentialError
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google.grant import CONNECT, Grant, forecast
from task_priority.exporters.google.token_endpoint import refresh

GOOGLE: Final = "google"
"""The name under which the grant is kept among the credentials."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Tokens:
    """Gives out access tokens of the grant that is kept.

    Args:
        credentials: Where it is kept.
        asking: To ask the token endpoint with.
        wanted: The scopes that it must have.
        now: Aware UTC.
    """

    def __init__(
        self,
        credentials: Credentials,
        asking: Asking,
        wanted: Iterable[str],
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._credentials = credentials
        self._asking = asking
        self._wanted = tuple(wanted)
        self._now = now
        self._held: Grant | None = None

    def access(self) -> str:
        """Return an access token that has not expired.

        Raises:
            CredentialError: Nobody is signed in, or no longer.
            TransientError: The token endpoint does not answer.
            RateLimited: It asks to wait.
        """
        if self._held is None:
            self._held = self._load()
        if self._held.is_fresh(self._now()):
            return self._held.access_token
        return self.renew(self._held.access_token)

    def renew(self, refused: str) -> str:
        """Return another access token than the refused one; if somebody else has renewed it, theirs.

        A new one is kept before it is given out, since a new refresh token may have come with it.

        Raises:
            CredentialError: Nobody is signed in, or no longer.
            TransientError: The token endpoint does not answer.
            RateLimited: It asks to wait.
        """
        with self._credentials.turn(GOOGLE):
            grant = self._load()
            if grant.access_token == refused or not grant.is_fresh(self._now()):
                grant = refresh(self._asking, grant, now=self._now())
                self._credentials.store(GOOGLE, grant.to_values())
        grant.require(self._wanted)
        self._held = grant
        return grant.access_token

    def warning(self) -> str | None:
        """Say that the sign-in will end soon, if it is likely to."""
        return None if self._held is None else forecast(self._held, self._now())

    def _load(self) -> Grant:
        values = self._credentials.load(GOOGLE)
        if values is None:
            raise CredentialError(f"No Google account is connected: {CONNECT}")
        grant = Grant.from_values(values)
        grant.require(self._wanted)
        return grant
