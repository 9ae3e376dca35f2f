"""The two questions to Google's token endpoint: a code for a grant, and a refresh token for a new access token.

Source: RFC 6749, sections 4.1.3, 5 and 6; RFC 7636, section 4.5.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from crossdock import CredentialError, TransientError
from task_priority.exporters.asking import Asking, Service
from task_priority.exporters.google.grant import CONNECT, USUAL, Grant, ended_text, is_token
from task_priority.exporters.google.oauth_client import OAuthClient

_SERVICE: Final = Service("The sign-in of Google", USUAL)
_PASSING: Final = frozenset({"internal_failure", "server_error", "temporarily_unavailable"})
_UNKNOWN_CLIENT: Final = frozenset(
    {"invalid_client", "unauthorized_client", "deleted_client", "disabled_client"}
)
_LONGEST_WORDS: Final = 300
_LONGEST_S: Final = 315_360_000
"""Ten years: what is said to last longer is not believed to."""


class TokenRefused(Exception):
    """The endpoint refuses what it was given.

    Attributes:
        error: The word of RFC 6749, such as ``invalid_grant``.
    """

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error


@dataclass(frozen=True, slots=True)
class Consent:
    """What came with a redirect, and what belongs to it.

    Attributes:
        code: To be exchanged for tokens, once.
        verifier: Whose hash was sent when consent was asked for (PKCE).
        redirect_uri: Where the code came to.
    """

    code: str = field(repr=False)
    verifier: str = field(repr=False)
    redirect_uri: str


def exchange(asking: Asking, client: OAuthClient, consent: Consent, *, now: datetime) -> Grant:
    """Get a grant for a consent.

    Args:
        asking: To ask with.
        client: Who asks.
        consent: What came.
        now: Aware UTC.

    Raises:
        CredentialError: Google refuses; the message says why.
        TransientError: It does not answer.
        RateLimited: It asks to wait.
    """
    form = {
        "grant_type": "authorization_code",
        "code": consent.code,
        "code_verifier": consent.verifier,
        "redirect_uri": consent.redirect_uri,
    }
    try:
        values = _ask(asking, client, form)
    except TokenRefused as refused:
        raise CredentialError(
            f"Google gives no tokens for the consent ({refused}): {CONNECT} again"
        ) from refused
    if not isinstance(values.get("refresh_token"), str):
        raise CredentialError(
            f"Google gave no refresh token, without which the sign-in would end within an hour: {CONNECT} again"
        )
    empty = Grant(client, refresh_token="", access_token="", expires=now, scopes=frozenset(), granted=now)
    return _with(empty, values, now)


def refresh(asking: Asking, grant: Grant, *, now: datetime) -> Grant:
    """Get a new access token; the refresh token may be another then.

    Raises:
        CredentialError: Google refuses; the message says why, and what to do.
        TransientError: It does not answer.
        RateLimited: It asks to wait.
    """
    form = {"grant_type": "refresh_token", "refresh_token": grant.refresh_token}
    try:
        values = _ask(asking, grant.client, form)
    except TokenRefused as refused:
        if refused.error == "invalid_grant":
            raise CredentialError(ended_text(grant, now)) from refused
        raise CredentialError(f"Google gives no new token ({refused}): {CONNECT}") from refused
    return _with(grant, values, now)


def _ask(asking: Asking, client: OAuthClient, form: Mapping[str, str]) -> Mapping[str, Any]:
    named = {**form, "client_id": client.id, "client_secret": client.secret}
    answer = asking.ask(
        "POST", client.token_uri, data=named, headers={"accept": "application/json"}, service=_SERVICE
    )
    values = _object(answer.body)
    if answer.status == HTTPStatus.OK and isinstance(values.get("access_token"), str):
        if is_token(values["access_token"]):
            return values
        raise TransientError("the token endpoint of Google answers with a token that cannot be sent")
    error = values.get("error")
    if answer.status < HTTPStatus.BAD_REQUEST or not isinstance(error, str) or error in _PASSING:
        raise TransientError(f"the token endpoint of Google answers {answer.status}, and no token")
    if error in _UNKNOWN_CLIENT:
        raise CredentialError(
            f"Google does not know the client any more ({error}): it was deleted, or its secret was changed. "
            f"Download its file again, or make a new one, and {CONNECT} with it"
        )
    raise TokenRefused(error[:_LONGEST_WORDS], str(values.get("error_description") or "")[:_LONGEST_WORDS])


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        values = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _with(grant: Grant, values: Mapping[str, Any], now: datetime) -> Grant:
    scope, rotated = values.get("scope"), values.get("refresh_token")
    return replace(
        grant,
        access_token=values["access_token"],
        refresh_token=rotated if rotated and isinstance(rotated, str) else grant.refresh_token,
        expires=_end(now, values.get("expires_in")) or now,
        scopes=frozenset(scope.split()) if isinstance(scope, str) else grant.scopes,
        ends=_end(now, values.get("refresh_token_expires_in")) or grant.ends,
    )


def _end(now: datetime, seconds: object) -> datetime | None:
    """Return when something ends that lasts so long; None: that is no length."""
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        return None
    return now + timedelta(seconds=min(max(seconds, 0), _LONGEST_S))
