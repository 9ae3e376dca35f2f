"""Signing in: Google's own flow for programs on a desk, refreshing, and Todoist's rotating tokens."""

from __future__ import annotations

import base64
import hashlib
import threading
import urllib.request
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials
from google_auth_oauthlib.flow import InstalledAppFlow

from task_priority.sandbox import Consent, Sandbox
from tests.task_priority.sandbox.conftest import Time

_CALENDAR = "https://www.googleapis.com/auth/calendar.readonly"
_TASKS = "https://www.googleapis.com/auth/tasks.readonly"
_REDIRECT = "http://127.0.0.1:1/done"


class _Browser(webbrowser.BaseBrowser):
    """Opens pages as a person's browser does, in a thread of its own."""

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT001, FBT002 - its signature
        self.thread = threading.Thread(target=self._fetch, args=(url,))
        self.thread.start()
        return True

    @staticmethod
    def _fetch(url: str) -> None:
        with urllib.request.urlopen(url, timeout=10) as page:  # noqa: S310 - the sandbox's
            page.read()


@pytest.fixture
def browser() -> Iterator[_Browser]:
    made = _Browser()
    webbrowser.register("sandbox-browser", None, made)
    yield made
    made.thread.join()


@pytest.fixture(autouse=True)
def _granting(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    sandbox.oauth.consent = sandbox.todoist_oauth.consent = Consent.GRANT
    yield
    sandbox.oauth.authority.revoke_all()
    sandbox.todoist_oauth.authority.revoke_all()
    sandbox.oauth.unticked, sandbox.oauth.authority.refresh_lifetime = frozenset(), None


def _signed_in(sandbox: Sandbox, scopes: list[str]) -> Credentials:
    flow = InstalledAppFlow.from_client_config(sandbox.google_client(), scopes)
    made = flow.run_local_server(
        host="127.0.0.1",
        port=0,
        browser="sandbox-browser",
        timeout_seconds=10,
        authorization_prompt_message=None,
    )
    flow.oauth2session.close()
    return made


def _refresh(credentials: Credentials) -> None:
    request = Request()
    try:
        credentials.refresh(request)
    finally:
        request.session.close()


def test_the_flow_for_programs_on_a_desk_gives_tokens_that_can_be_refreshed(
    sandbox: Sandbox, browser: Any
) -> None:
    credentials = _signed_in(sandbox, [_CALENDAR, _TASKS])
    first = credentials.token
    assert set(credentials.granted_scopes) == {_CALENDAR, _TASKS}
    headers = {"Authorization": f"Bearer {first}"}
    url = f"{sandbox.calendar_url}users/me/calendarList"
    assert httpx.get(url, headers=headers).status_code == 200
    sandbox.oauth.authority.expire_access_tokens()
    assert httpx.get(url, headers=headers).status_code == 401
    _refresh(credentials)
    assert credentials.token != first
    assert httpx.get(url, headers={"Authorization": f"Bearer {credentials.token}"}).status_code == 200


def test_a_scope_for_reading_does_not_write(sandbox: Sandbox, browser: Any) -> None:
    credentials = _signed_in(sandbox, [_CALENDAR])
    headers = {"Authorization": f"Bearer {credentials.token}"}
    answer = httpx.post(f"{sandbox.calendar_url}calendars/primary/events", headers=headers, json={})
    assert answer.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"
    assert httpx.get(f"{sandbox.url}/tasks/v1/users/@me/lists", headers=headers).status_code == 403


def test_a_scope_that_was_not_ticked_is_missing(sandbox: Sandbox, browser: Any) -> None:
    sandbox.oauth.unticked = frozenset({_TASKS})
    with pytest.raises(Warning, match="Scope has changed"):
        _signed_in(sandbox, [_CALENDAR, _TASKS])


def test_a_revoked_or_dead_grant_is_told_as_invalid_grant(sandbox: Sandbox, browser: Any, time: Time) -> None:
    from datetime import timedelta

    sandbox.oauth.authority.refresh_lifetime = timedelta(days=7)
    credentials = _signed_in(sandbox, [_CALENDAR])
    time.advance(days=6)
    _refresh(credentials)
    time.advance(days=2)
    with pytest.raises(RefreshError) as caught:
        _refresh(credentials)
    assert caught.value.args[1]["error"] == "invalid_grant"
    assert not caught.value.retryable


def test_revoking_ends_the_grant(sandbox: Sandbox, browser: Any) -> None:
    credentials = _signed_in(sandbox, [_CALENDAR])
    assert httpx.post(f"{sandbox.url}/revoke", data={"token": credentials.token}).status_code == 200
    with pytest.raises(RefreshError):
        _refresh(credentials)
    assert httpx.post(f"{sandbox.url}/revoke", data={"token": credentials.token}).status_code == 400


def test_the_token_endpoint_fails_on_request(sandbox: Sandbox, browser: Any) -> None:
    credentials = _signed_in(sandbox, [_CALENDAR])
    sandbox.faults.add("invalid-grant", api="oauth", path="/token")
    with pytest.raises(RefreshError):
        _refresh(credentials)
    _refresh(credentials)


def _authorize(sandbox: Sandbox, path: str = "/auth", **extra: str) -> httpx.Response:
    query = {
        "client_id": sandbox.google_client()["installed"]["client_id"],
        "redirect_uri": _REDIRECT,
        "response_type": "code",
        "scope": _CALENDAR,
        "state": "s",
        **extra,
    }
    return httpx.get(sandbox.url + path, params=query)


def _answer(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    return {
        name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()
    }


def _exchange(sandbox: Sandbox, code: str, path: str = "/token", **extra: str) -> httpx.Response:
    installed = sandbox.google_client()["installed"]
    form = {
        "client_id": installed["client_id"],
        "client_secret": installed["client_secret"],
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _REDIRECT,
        **extra,
    }
    return httpx.post(sandbox.url + path, data={name: value for name, value in form.items() if value})


def test_a_person_answers_the_consent_page(sandbox: Sandbox) -> None:
    sandbox.oauth.consent = Consent.ASK
    page = _authorize(sandbox)
    assert "May this program see the demo account?" in page.text
    asked = page.text.split('name="asked" value="')[1].split('"')[0]
    url = f"{sandbox.url}/auth/answer"
    refused = httpx.post(url, data={"asked": asked, "answer": "deny"})
    assert _answer(refused) == {"error": "access_denied", "state": "s"}
    allowed = _answer(httpx.post(url, data={"asked": asked, "answer": "grant", "scope": _CALENDAR}))
    assert allowed["scope"] == _CALENDAR
    assert _exchange(sandbox, allowed["code"]).status_code == 200
    assert httpx.post(url, data={"asked": "made-up", "answer": "grant"}).status_code == 400


def test_a_code_is_good_once_and_with_its_verifier(sandbox: Sandbox) -> None:
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
    for given, status in (("", 400), ("w" * 50, 400), (verifier, 200)):
        code = _answer(_authorize(sandbox, **pkce))["code"]
        assert _exchange(sandbox, code, code_verifier=given).status_code == status
        assert _exchange(sandbox, code, code_verifier=verifier).json()["error"] == "invalid_grant"


def test_strangers_are_refused(sandbox: Sandbox) -> None:
    assert _authorize(sandbox, client_id="another").json()["error"] == "invalid_client"
    assert _authorize(sandbox, redirect_uri="https://example.com/").json()["error"] == "redirect_uri_mismatch"
    code = _answer(_authorize(sandbox))["code"]
    assert _exchange(sandbox, code, client_secret="wrong").status_code == 401


def test_a_refresh_token_comes_with_the_first_consent_only(sandbox: Sandbox) -> None:
    def tokens(**extra: str) -> dict[str, Any]:
        return dict(_exchange(sandbox, _answer(_authorize(sandbox, **extra))["code"]).json())

    assert "refresh_token" not in tokens()
    sandbox.oauth.authority.revoke_all()
    assert "refresh_token" in tokens(access_type="offline")
    assert "refresh_token" not in tokens(access_type="offline")
    assert "refresh_token" in tokens(access_type="offline", prompt="consent")


def _todoist_refresh(sandbox: Sandbox, token: str) -> httpx.Response:
    return _exchange(
        sandbox,
        "",
        "/todoist/oauth/access_token",
        grant_type="refresh_token",
        refresh_token=token,
        redirect_uri="",
    )


def _todoist_tokens(sandbox: Sandbox) -> dict[str, Any]:
    answer = _answer(_authorize(sandbox, "/todoist/oauth/authorize", scope="data:read,task:add"))
    return dict(_exchange(sandbox, answer["code"], "/todoist/oauth/access_token").json())


def test_todoist_rotates_refresh_tokens(sandbox: Sandbox, time: Time) -> None:
    first = _todoist_tokens(sandbox)
    assert first["expires_in"] == 3600
    second = _todoist_refresh(sandbox, first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = _todoist_refresh(sandbox, first["refresh_token"]).json()
    assert (again["access_token"], "refresh_token" in again) == (second["access_token"], False)
    time.advance(seconds=61)
    assert _todoist_refresh(sandbox, first["refresh_token"]).json()["error"] == "invalid_grant"
    assert _todoist_refresh(sandbox, second["refresh_token"]).json()["error"] == "invalid_grant"
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    assert httpx.get(f"{sandbox.todoist_url}/tasks", headers=headers).status_code == 401


def test_a_file_keeps_who_was_let_in(time: Time, tmp_path: Path) -> None:
    def restarted() -> Sandbox:
        made = Sandbox(clock=time, demo=False, state=tmp_path / "state.json")
        made.oauth.consent = made.todoist_oauth.consent = Consent.GRANT
        return made

    def google(sandbox: Sandbox, token: str) -> httpx.Response:
        return _exchange(sandbox, "", grant_type="refresh_token", refresh_token=token, redirect_uri="")

    def tasks(sandbox: Sandbox, access_token: str) -> int:
        headers = {"Authorization": f"Bearer {access_token}"}
        return httpx.get(f"{sandbox.todoist_url}/tasks", headers=headers).status_code

    with restarted() as first:
        kept, revoked = (
            _exchange(
                first, _answer(_authorize(first, access_type="offline", prompt="consent"))["code"]
            ).json()
            for _ in range(2)
        )
        old = _todoist_tokens(first)
        httpx.post(f"{first.url}/revoke", data={"token": revoked["refresh_token"]})
    with restarted() as second:
        assert tasks(second, old["access_token"]) == 200
        again = google(second, kept["refresh_token"])
        assert (again.status_code, again.json()["scope"]) == (200, _CALENDAR)
        assert google(second, revoked["refresh_token"]).json()["error"] == "invalid_grant"
        new = _todoist_refresh(second, old["refresh_token"]).json()
    time.advance(seconds=61)
    with restarted() as third:
        assert tasks(third, new["access_token"]) == 200
        assert _todoist_refresh(third, old["refresh_token"]).json()["error"] == "invalid_grant"
        assert tasks(third, new["access_token"]) == 401


def test_todoist_scopes_hold(sandbox: Sandbox) -> None:
    headers = {"Authorization": f"Bearer {_todoist_tokens(sandbox)['access_token']}"}
    base = sandbox.todoist_url
    assert httpx.get(f"{base}/tasks", headers=headers).status_code == 200
    task = httpx.post(f"{base}/tasks", headers=headers, json={"content": "Allowed"}).json()
    assert httpx.post(f"{base}/tasks/{task['id']}/close", headers=headers).status_code == 403
    command = '[{"type": "item_close", "uuid": "u-1", "args": {}}]'
    assert httpx.post(f"{base}/sync", headers=headers, data={"commands": command}).status_code == 403
