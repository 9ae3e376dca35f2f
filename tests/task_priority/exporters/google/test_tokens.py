"""Access tokens are renewed once for all, and a sign-in that ended says so, with the remedy."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import CredentialError, TransientError
from task_priority.credentials import Credentials
from task_priority.exporters.asking import Asking
from task_priority.exporters.google import (
    CALENDAR_SCOPES,
    TASKS_SCOPES,
    GoogleCalendarExporter,
    Grant,
    forecast,
)
from task_priority.exporters.google.tokens import Tokens
from tests.task_priority.exporters.google.far_google import Answer, FarGoogle, Fault, error, values

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
SECRETS = ("refresh-0", "access-", "shh-client")


@pytest.fixture
def tokens(credentials: Credentials, asking: Asking) -> Tokens:
    return Tokens(credentials, asking, CALENDAR_SCOPES)


def kept(credentials: Credentials) -> dict[str, Any]:
    return dict(credentials.load("google") or {})


def test_a_token_is_renewed_when_it_has_expired_and_used_until_then(far: FarGoogle, tokens: Tokens) -> None:
    assert tokens.access() == tokens.access() == "access-1"
    assert far.refreshed == 1


def test_a_token_that_another_process_renewed_is_used(
    far: FarGoogle, tokens: Tokens, credentials: Credentials, asking: Asking
) -> None:
    another = Tokens(credentials, asking, CALENDAR_SCOPES)
    first = tokens.access()
    assert another.access() == first
    second = tokens.renew(first)
    assert another.renew(first) == second
    assert far.refreshed == 2


def test_a_rotated_refresh_token_is_kept_before_the_access_token_is_used(
    far: FarGoogle, tokens: Tokens, credentials: Credentials
) -> None:
    far.rotates = True
    access = tokens.access()
    assert far.refresh_tokens == {"refresh-1"} == {kept(credentials)["refresh_token"]}
    tokens.renew(access)
    assert far.refresh_tokens == {"refresh-2"} == {kept(credentials)["refresh_token"]}


def test_many_who_are_refused_at_once_renew_once(far: FarGoogle, tmp_path: Path, asking: Asking) -> None:
    far.rotates = True
    credentials = Credentials(tmp_path, environment={"TASK_PRIORITY_KEYRING": "off"})
    credentials.store("google", values(far))
    given: list[str] = []

    def renew() -> None:
        given.append(Tokens(credentials, asking, CALENDAR_SCOPES).access())

    threads = [threading.Thread(target=renew) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert given == ["access-1"] * 6


def test_401_renews_the_token_once_and_then_asks_to_connect(
    far: FarGoogle, credentials: Credentials, asking: Asking
) -> None:
    far.add_calendar("mine")
    exporter = GoogleCalendarExporter(credentials, asking, base_url=f"{far.url}/calendar/v3")
    list(exporter.pull({}))
    far.access_tokens.clear()
    list(exporter.pull({}))
    assert far.refreshed == 2
    far.faults.append(Fault("/calendarList", error(401, "authError"), times=2))
    with pytest.raises(
        CredentialError, match=r"refuses the token .* run `task-priority connect google` again"
    ):
        list(exporter.pull({}))
    assert far.refreshed == 3


def test_nobody_signed_in_says_how(tmp_path: Path, asking: Asking) -> None:
    credentials = Credentials(tmp_path, environment={"TASK_PRIORITY_KEYRING": "off"})
    with pytest.raises(
        CredentialError, match="No Google account is connected: run `task-priority connect google`"
    ):
        Tokens(credentials, asking, CALENDAR_SCOPES).access()
    credentials.store("google", {"refresh_token": "refresh-0"})
    with pytest.raises(CredentialError, match="is damaged: run `task-priority connect google` again"):
        Tokens(credentials, asking, CALENDAR_SCOPES).access()


def test_a_grant_for_calendars_is_none_for_tasks(
    far: FarGoogle, credentials: Credentials, asking: Asking
) -> None:
    credentials.store("google", values(far, scopes=list(CALENDAR_SCOPES)))
    with pytest.raises(CredentialError, match=r"the permission to see your tasks is missing.*tick all boxes"):
        Tokens(credentials, asking, TASKS_SCOPES).access()


@pytest.mark.parametrize(
    ("granted_days_ago", "words"),
    [
        (
            7,
            r"has ended the sign-in .* after seven days while an app is in Testing. To stop that, publish the app",
        ),
        (100, r"it was withdrawn, not used for six months, or displaced"),
        (1, r"it was withdrawn, not used for six months, or displaced"),
    ],
)
def test_invalid_grant_is_told_in_words_with_the_remedy(
    far: FarGoogle, credentials: Credentials, tokens: Tokens, granted_days_ago: int, words: str
) -> None:
    granted = datetime.now(UTC) - timedelta(days=granted_days_ago, minutes=1)
    credentials.store("google", values(far, granted=granted.isoformat()))
    far.refresh_tokens.clear()
    with pytest.raises(CredentialError, match=words) as caught:
        tokens.access()
    assert "task-priority connect google" in str(caught.value).replace("Run", "run")
    assert str(caught.value).endswith("What was exported stays")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Answer(401, {"error": "invalid_client"}), CredentialError, "does not know the client any more"),
        (Answer(400, {"error": "deleted_client"}), CredentialError, "does not know the client any more"),
        (
            Answer(400, {"error": "invalid_scope", "error_description": "Bad"}),
            CredentialError,
            "invalid_scope: Bad",
        ),
        (Answer(400, {"error": "internal_failure"}), TransientError, "answers 400, and no token"),
        (Answer(400, b"<html>"), TransientError, "answers 400, and no token"),
        (Answer(200, b"[" * 100_000), TransientError, "answers 200, and no token"),
        (Answer(200, {"token_type": "Bearer"}), TransientError, "answers 200, and no token"),
        (Answer(500, b""), TransientError, "answers 500"),
    ],
)
def test_every_other_answer_of_the_token_endpoint_has_its_words(
    far: FarGoogle, tokens: Tokens, answer: Answer, kind: type[Exception], words: str
) -> None:
    far.faults.append(Fault("/token", answer))
    with pytest.raises(kind, match=words) as caught:
        tokens.access()
    assert not [secret for secret in SECRETS if secret in str(caught.value)]


def grant(**facts: Any) -> Grant:
    far = FarGoogle("http://127.0.0.1:1")
    return Grant.from_values(values(far, **{"granted": NOW.isoformat(), **facts}))


def test_no_token_is_in_what_is_printed(far: FarGoogle) -> None:
    printed = repr(grant(access_token=f"{SECRETS[1]}9"))
    assert not [secret for secret in SECRETS if secret in printed]


def test_a_grant_is_kept_whole() -> None:
    one = grant(ends=(NOW + timedelta(days=7)).isoformat())
    assert Grant.from_values(one.to_values()) == one


@pytest.mark.parametrize(
    ("days", "ends", "words"),
    [
        (4.9, None, None),
        (5.0, None, "If your app is in Testing, Google ends the sign-in on Thu 3 Dec 2026 at 12:00 UTC"),
        (6.9, None, "If your app is in Testing"),
        (7.1, None, None),
        (4.9, 7, None),
        (
            5.0,
            7,
            "Google ends the sign-in on Thu 3 Dec 2026 at 12:00 UTC: run `task-priority connect google` before",
        ),
        (30.0, 180, None),
        (178.5, 180, "Google ends the sign-in on Tue 25 May 2027"),
    ],
)
def test_the_end_of_a_sign_in_is_foretold_two_days_before(
    days: float, ends: int | None, words: str | None
) -> None:
    known = None if ends is None else (NOW + timedelta(days=ends)).isoformat()
    told = forecast(grant(ends=known), NOW + timedelta(days=days))
    assert told is None if words is None else (told or "").startswith(words)


def test_the_forecast_is_a_remark_of_every_run(
    far: FarGoogle, credentials: Credentials, asking: Asking
) -> None:
    far.add_calendar("mine")
    granted = datetime.now(UTC) - timedelta(days=6)
    credentials.store("google", values(far, granted=granted.isoformat()))
    exporter = GoogleCalendarExporter(credentials, asking, base_url=f"{far.url}/calendar/v3")
    (told,) = [pull for pull in exporter.pull({}) if pull.remark]
    assert (told.remark or "").startswith("If your app is in Testing, Google ends the sign-in on ")
    assert not told.whole  # a remark on everything there is would say why it was read anew


def test_google_says_itself_when_a_sign_in_ends(
    far: FarGoogle, credentials: Credentials, asking: Asking
) -> None:
    far.token_values = {"refresh_token_expires_in": 604_799}
    tokens = Tokens(credentials, asking, CALENDAR_SCOPES, now=lambda: NOW)
    tokens.access()
    assert kept(credentials)["ends"] == (NOW + timedelta(seconds=604_799)).isoformat()


@pytest.mark.parametrize("token", ["ya29.ä", "a\nb", ""])
def test_a_token_that_cannot_be_sent_is_not_kept(
    far: FarGoogle, tokens: Tokens, credentials: Credentials, token: str
) -> None:
    before = kept(credentials)
    far.token_values = {"access_token": token}
    with pytest.raises(TransientError, match="answers with a token that cannot be sent"):
        tokens.access()
    assert kept(credentials) == before


def test_a_kept_token_that_cannot_be_sent_is_told_as_damaged(
    far: FarGoogle, tokens: Tokens, credentials: Credentials
) -> None:
    credentials.store("google", {**values(far), "access_token": "ya29.ä"})
    with pytest.raises(CredentialError, match="is damaged: run `task-priority connect google` again"):
        tokens.access()


@pytest.mark.parametrize(
    ("said", "lasts"),
    [
        (10**30, timedelta(days=3650)),
        (-(10**30), timedelta(0)),
        (float("inf"), timedelta(0)),
        ("soon", timedelta(0)),
        (True, timedelta(0)),
        (3599, timedelta(seconds=3599)),
    ],
)
def test_an_absurd_length_of_a_token_stops_nothing(
    far: FarGoogle, credentials: Credentials, asking: Asking, said: object, lasts: timedelta
) -> None:
    far.token_values = {"expires_in": said, "refresh_token_expires_in": said, "refresh_token": 5}
    tokens = Tokens(credentials, asking, CALENDAR_SCOPES, now=lambda: NOW)
    assert tokens.access() == "access-1"
    assert kept(credentials)["expires"] == (NOW + lasts).isoformat()
    assert {kept(credentials)["refresh_token"]} == far.refresh_tokens
