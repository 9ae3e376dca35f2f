"""Signing in: the browser comes back to this machine, and whatever comes with it is told in words."""

from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from crossdock import ConfigError, CredentialError
from task_priority.exporters.asking import Asking
from task_priority.exporters.google import CALENDAR_SCOPES, TASKS_SCOPES, OAuthClient, SignIn, read_client
from tests.task_priority.exporters.google.far_google import FarGoogle

ALL = " ".join((*CALENDAR_SCOPES, *TASKS_SCOPES))


class Browser:
    """A browser with a person at it, who consents or does whatever else the test is about."""

    def __init__(self, far: FarGoogle, **answer: str) -> None:
        self.far = far
        self.answer = answer
        self.pages: list[tuple[int, str]] = []
        self.asked: dict[str, str] = {}
        self.before: Callable[[str], None] = lambda redirect_uri: None
        self.thread = threading.Thread()

    def __call__(self, address: str) -> bool:
        self.asked = self.far.consent(address)
        self.thread = threading.Thread(target=self._come_back)
        self.thread.start()
        return True

    def _come_back(self) -> None:
        self.before(self.asked["redirect_uri"])
        answer = {"state": self.asked["state"], "code": "code-1", "scope": self.asked["scope"], **self.answer}
        self.visit(
            f"{self.asked['redirect_uri']}?{urlencode({key: one for key, one in answer.items() if one})}"
        )

    def visit(self, address: str) -> None:
        try:
            with urllib.request.urlopen(address, timeout=10) as response:  # noqa: S310 - loopback
                self.pages.append((response.status, response.read().decode()))
        except urllib.error.HTTPError as error:
            with error:
                self.pages.append((error.code, error.read().decode()))


def client(far: FarGoogle) -> OAuthClient:
    return OAuthClient("client", "shh-client", f"{far.url}/auth", f"{far.url}/token")


def sign_in(browser: Callable[[str], bool], **options: Any) -> SignIn:
    return SignIn(
        show=lambda address, opened: None, open_browser=browser, timeout=timedelta(seconds=20), **options
    )


def test_consent_becomes_a_grant(far: FarGoogle, asking: Asking) -> None:
    browser = Browser(far)
    grant = sign_in(browser).run(asking, client(far))
    browser.thread.join()
    assert (grant.refresh_token, grant.access_token) == ("refresh-0", "access-1")
    assert grant.scopes == set(ALL.split())
    assert urlsplit(browser.asked["redirect_uri"]).hostname == "127.0.0.1"
    assert {key: browser.asked[key] for key in ("access_type", "prompt", "code_challenge_method", "scope")} == {
        "access_type": "offline", "prompt": "consent", "code_challenge_method": "S256", "scope": ALL
    }  # fmt: skip
    ((status, page),) = browser.pages
    assert status == 200
    assert "You can close this page and go back to the terminal" in page


def test_the_address_is_shown_whether_a_browser_opened_or_not(far: FarGoogle, asking: Asking) -> None:
    shown: list[tuple[str, bool]] = []
    browser = Browser(far)

    def none_here(address: str) -> bool:
        browser(address)
        return False

    SignIn(show=lambda *told: shown.append(told), open_browser=none_here).run(asking, client(far))
    browser.thread.join()
    ((address, opened),) = shown
    assert address.startswith(f"{far.url}/auth?client_id=client&")
    assert not opened


def test_only_the_redirect_with_the_right_state_counts(far: FarGoogle, asking: Asking) -> None:
    browser = Browser(far)

    def pry(redirect_uri: str) -> None:
        for query in ("favicon.ico", "?state=guess&code=stolen", "?code=stolen", "?state=gu%C3%A9ss&error=x"):
            browser.visit(redirect_uri + query)

    browser.before = pry
    assert sign_in(browser).run(asking, client(far)).refresh_token in far.refresh_tokens
    browser.thread.join()
    assert [status for status, _ in browser.pages] == [404, 404, 404, 404, 200]


def test_a_connection_that_says_nothing_is_in_nobodys_way(far: FarGoogle, asking: Asking) -> None:
    browser = Browser(far)
    silent: list[socket.socket] = []

    def connect(redirect_uri: str) -> None:
        silent.append(socket.create_connection(("127.0.0.1", urlsplit(redirect_uri).port or 0), timeout=10))

    browser.before = connect
    assert sign_in(browser).run(asking, client(far)).refresh_token in far.refresh_tokens
    browser.thread.join()
    for one in silent:
        one.close()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "You did not consent, or your account is no test user of the app"),
        ("admin_policy_enforced", "The administrator of your organisation does not allow this app"),
        ("org_internal", "for the accounts of one organisation only"),
        ("<b>new_error", "Google answers '<b>new_error' instead of a consent"),
    ],
)
def test_an_error_of_the_redirect_is_told_in_words(
    far: FarGoogle, asking: Asking, error: str, words: str
) -> None:
    browser = Browser(far, code="", error=error)
    with pytest.raises(CredentialError, match=words):
        sign_in(browser).run(asking, client(far))
    browser.thread.join()
    assert "Not connected" in browser.pages[0][1]
    assert "<b>" not in browser.pages[0][1]


def test_fewer_boxes_ticked_than_needed_says_which(far: FarGoogle, asking: Asking) -> None:
    browser = Browser(far)
    far.token_values = {"scope": f"openid {CALENDAR_SCOPES[1]}"}
    with pytest.raises(
        CredentialError,
        match="the permission to see the events of your calendars and to see your tasks is missing",
    ):
        sign_in(browser).run(asking, client(far))
    browser.thread.join()


def test_more_granted_than_needed_is_enough(far: FarGoogle, asking: Asking) -> None:
    browser = Browser(far)
    prefix = "https://www.googleapis.com/auth/"
    far.token_values = {"scope": f"{prefix}calendar.readonly {prefix}tasks"}
    sign_in(browser).run(asking, client(far)).require((*CALENDAR_SCOPES, *TASKS_SCOPES))
    browser.thread.join()


@pytest.mark.parametrize(
    ("values", "words"),
    [({"refresh_token": None}, "no refresh token"), ({"access_token": None}, "no token")],
)
def test_half_an_answer_of_the_token_endpoint_is_no_grant(
    far: FarGoogle, asking: Asking, values: dict[str, Any], words: str
) -> None:
    browser = Browser(far)
    far.token_values = values
    with pytest.raises(Exception, match=words):
        sign_in(browser).run(asking, client(far))
    browser.thread.join()


def test_a_code_that_google_does_not_know_is_told(far: FarGoogle, asking: Asking) -> None:
    browser = Browser(far, code="other")
    with pytest.raises(
        CredentialError, match=r"gives no tokens for the consent \(invalid_grant: Malformed auth code"
    ):
        sign_in(browser).run(asking, client(far))
    browser.thread.join()


def test_waiting_ends(far: FarGoogle, asking: Asking) -> None:
    waiting = SignIn(
        show=lambda *told: None, open_browser=lambda address: True, timeout=timedelta(milliseconds=60)
    )
    with pytest.raises(CredentialError, match=r"Nobody consented in the browser within 0\.001 min"):
        waiting.run(asking, client(far))


def test_a_port_that_is_taken_is_named(far: FarGoogle, asking: Asking) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port} of 127.0.0.1 cannot be used"):
            sign_in(lambda address: True, port=port).run(asking, client(far))


def test_the_file_that_google_gives_is_read(tmp_path: Path) -> None:
    path = tmp_path / "client_secret.json"
    part = {
        "client_id": "1-a.apps.example", "project_id": "p", "client_secret": "GOCSPX-x",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth", "token_uri": "https://oauth2.googleapis.com/token",
        "redirect_uris": ["http://localhost"],
    }  # fmt: skip
    path.write_text(json.dumps({"installed": part}))
    read = read_client(path)
    assert (read.id, read.secret, read.token_uri) == ("1-a.apps.example", "GOCSPX-x", part["token_uri"])
    assert "GOCSPX" not in repr(read)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "is no file of a client"),
        ('{"web": {}}', "for web sites"),
        ('{"type": "service_account"}', "service account, which sees no calendar of yours"),
        ('{"token": 1}', "is no file of a client"),
        ('{"installed": {"client_id": "x"}}', r"installed\.client_secret is missing"),
    ],
)
def test_a_file_that_is_another_says_so_and_where_the_right_one_is(
    tmp_path: Path, content: str | None, words: str
) -> None:
    path = tmp_path / "client.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=words) as caught:
        read_client(path)
    assert "of the type Desktop app" in str(caught.value)
