"""Signs a person in with Google: in their browser, with the answer coming back to this machine.

Source: RFC 8252 (OAuth for native apps), section 7.3; RFC 7636 (PKCE), section 4.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from crossdock import ConfigError, CredentialError
from task_priority.exporters.asking import Asking
from task_priority.exporters.google.grant import CALENDAR_SCOPES, TASKS_SCOPES, Grant
from task_priority.exporters.google.oauth_client import OAuthClient
from task_priority.exporters.google.redirect import Landing
from task_priority.exporters.google.token_endpoint import Consent, exchange

TIMEOUT: Final = timedelta(minutes=5)
_AGAIN: Final = "run `task-priority connect google` again"
_REFUSALS: Final[Mapping[str, str]] = {
    "access_denied": f"You did not consent, or your account is no test user of the app. If that was a slip, {_AGAIN}",
    "admin_policy_enforced": "The administrator of your organisation does not allow this app: ask them, or use an "
    "account of your own",
    "org_internal": "The app is for the accounts of one organisation only, and yours is another: make a client with "
    "your own account",
    "disallowed_useragent": f"Google refuses this browser: open the address in another one; {_AGAIN}",
    "invalid_scope": "Google does not know one of the permissions: install a newer version",
    "unauthorized_client": "The client may not be used this way: make one of the type Desktop app",
    "server_error": f"Google had a fault: {_AGAIN}",
    "temporarily_unavailable": f"Google is too busy: {_AGAIN} in a minute",
}


def open_browser(address: str) -> bool:
    """Open an address in a browser with windows; tell whether there is one."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    if type(browser) is webbrowser.GenericBrowser:  # one within the terminal, which would take it over
        return False
    return browser.open(address)


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody is to be signed in.

    Attributes:
        scopes: What is asked for.
        show: Called with the address to be opened, and whether a browser has been opened with it.
        open_browser: Tells whether it opened an address.
        timeout: How long the person has.
        port: For the answer, on 127.0.0.1; 0: any that is free. A certain one can be forwarded from another machine.
        now: Aware UTC.
    """

    show: Callable[[str, bool], None]
    scopes: Sequence[str] = (*CALENDAR_SCOPES, *TASKS_SCOPES)
    open_browser: Callable[[str], bool] = open_browser
    timeout: timedelta = TIMEOUT
    port: int = 0
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def run(self, asking: Asking, client: OAuthClient) -> Grant:
        """Sign in, and return what was granted; keep ``to_values()`` of it under the name ``google``.

        Raises:
            CredentialError: There is no consent, not to everything, or not in time; the message says what to do.
            ConfigError: The port is taken.
            TransientError: Google does not answer.
        """
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(64)
        try:
            landing = Landing(self.port, state)
        except OSError as error:
            raise ConfigError(f"port {self.port} of 127.0.0.1 cannot be used: {error.strerror}") from error
        with landing:
            address = consent_address(
                client, self.scopes, redirect_uri=landing.address, state=state, verifier=verifier
            )
            self.show(address, self.open_browser(address))
            code = self._code(landing.wait(self.timeout))
            consent = Consent(code, verifier, landing.address)
            grant = exchange(asking, client, consent, now=self.now())
        grant.require(self.scopes)
        return grant

    def _code(self, answer: Mapping[str, str] | None) -> str:
        if answer is None:
            minutes = self.timeout / timedelta(minutes=1)
            raise CredentialError(
                f"Nobody consented in the browser within {minutes:g} min: {_AGAIN}. On a machine without a browser, "
                "see docs/how-to/connect-google.md"
            )
        if code := answer.get("code"):
            return code
        raise CredentialError(refusal_text(answer.get("error", "")))


def consent_address(
    client: OAuthClient, scopes: Sequence[str], *, redirect_uri: str, state: str, verifier: str
) -> str:
    """Return where a person gives their consent."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    query = urlencode(
        {
            "client_id": client.id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": base64.urlsafe_b64encode(digest).decode("ascii").rstrip("="),
            "code_challenge_method": "S256",
            "access_type": "offline",
            "prompt": "consent",  # else Google gives a refresh token the first time only
        }
    )
    parts = urlsplit(client.auth_uri)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))


def refusal_text(error: str) -> str:
    """Say in words what the error of a redirect means."""
    return _REFUSALS.get(error) or f"Google answers {error[:100]!r} instead of a consent: {_AGAIN}"
