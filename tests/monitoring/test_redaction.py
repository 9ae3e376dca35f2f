"""No secret reaches a log line, wherever it stands."""

from __future__ import annotations

import time
from typing import Any

import pytest

from crossdock.monitoring.redaction import redactor, secrets_of

SECRET = "s3cr3t-Xy9"  # noqa: S105 - nobody's


@pytest.mark.parametrize(
    "value",
    [
        f"postgresql+psycopg://crossdock:{SECRET}@db.example/queue",
        f"cannot reach https://user:{SECRET}@api.example/v1?x=1, giving up",
        f"https://api.example/?token={SECRET}&page=2",
        f"password={SECRET}",
        f"PGPASSWORD={SECRET} psql",
        f"host=db password='{SECRET} with blanks' user=x",
        f'{{"api_key": "{SECRET}", "n": 1}}',
        f'{{\\"client_secret\\": \\"{SECRET}\\"}}',
        f"{{'Authorization': 'Bearer {SECRET}'}}",
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Basic {SECRET}",
        f"sent with bearer {SECRET}",
        f"no luck with the token '{SECRET}'",
        f"access-token: {SECRET}",
        {"password": SECRET},
        {"headers": {"Authorization": SECRET, "n": 1}},
        {"apps": [{"api_key": [SECRET]}]},
        (f"x-api-key={SECRET}",),
        ValueError(f"login failed: secret={SECRET}"),
    ],
    ids=str,
)
def test_secret_is_hidden(value: Any) -> None:
    redacted = str(redactor()(value))
    assert SECRET not in redacted
    assert "***" in redacted


@pytest.mark.parametrize(
    "text",
    [
        "worker 1 (process 12) ended after 3.0 s, exit code 7; what it held goes back",
        "opened /srv/queue/crossdock.db as hub/64fa5d969dce49538573cd3b26f9a12a",
        "https://api.example/orders?page=2",
        "2026-11-26T07:35:59.725549Z",
        "",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redactor(["other"])(text) == text


@pytest.mark.parametrize("value", [True, 0, 1.5, None])
def test_what_is_no_text_stays(value: Any) -> None:
    assert redactor()(value) is value


def test_known_secret_is_hidden_in_any_words() -> None:
    assert redactor(["p w@d"])("FATAL: role x has no p w@d today") == "FATAL: role x has no *** today"


def test_password_of_the_store_is_known_as_written_and_as_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "of-env")
    found = set(secrets_of("postgresql+psycopg://u:p%40ss@h/db?password=in%2Fquery"))
    assert {"p%40ss", "p@ss", "in/query", "of-env"} <= found


def test_key_is_judged_by_its_name() -> None:
    assert redactor()({"tokens": 3, "message_id": "m"}) == {"tokens": "***", "message_id": "m"}


@pytest.mark.parametrize("text", ["x" * 100_000, "a://" * 20_000, "token " * 20_000, "password=" * 10_000])
def test_long_text_takes_no_time(text: str) -> None:
    began = time.process_time()
    redactor(["other"])(text)
    assert time.process_time() - began < 1
