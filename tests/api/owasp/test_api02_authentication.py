"""API2:2023, broken authentication: a key is secret, random, shown once, and opens nothing once it is over."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.domain.key import digest_of, new_key_text, parse_key
from crossdock.domain.webhook import HmacKey, new_secret, signed_headers
from tests.api.served import Served, served


@pytest.mark.parametrize(
    "shown",
    [
        "Basic {key}",
        "{key}",
        "Bearer",
        "Bearer  ",
        "Bearer {key}x",
        "Bearer x{key}",
        "Bearer {upper}",
        "Bearer {id}",
    ],
)
def test_only_the_whole_key_as_a_bearer_opens(shared_api: Served, shown: str) -> None:
    key, text = shared_api.made_key()
    header = shown.format(key=text, upper=text.upper(), id=f"cdk_{key.id}_")
    answer = shared_api.ask("GET", "/queues", key=None, headers={"Authorization": header})
    assert (answer.status, answer.code) == (401, "UNAUTHORIZED")


def test_a_key_in_the_address_opens_nothing(shared_api: Served) -> None:
    text = shared_api.key()
    for name in ("key", "api_key", "access_token", "token"):
        assert shared_api.ask("GET", f"/queues?{name}={text}", key=None).status == 401


def test_an_unknown_key_and_a_wrong_secret_are_answered_alike(shared_api: Served) -> None:
    key, _ = shared_api.made_key()
    wrong = shared_api.ask("GET", "/queues", key=f"cdk_{key.id}_{'a' * 43}")
    unknown = shared_api.ask("GET", "/queues", key=f"cdk_000000000000_{'a' * 43}")
    for answer in (wrong, unknown):
        del answer.json["error"]["request_id"]
    assert (wrong.status, wrong.json["error"]["message"]) == (
        unknown.status,
        unknown.json["error"]["message"],
    )


def test_the_proof_of_a_webhook_opens_its_app_and_nothing_else(tmp_path: Path) -> None:
    secret = HmacKey.of(new_secret())
    (tmp_path / "mine").write_text(f"whsec_{b64encode(secret.secret).decode()}")
    (tmp_path / "other").write_text(new_secret())
    tables = [
        f'[apps.{name}]\ninbound = {{ http = "standard-webhooks", secrets = [{{ file = "{name}" }}] }}\nnext = ["in"]\n'
        for name in ("mine", "other")
    ]
    (tmp_path / "crossdock.toml").write_text("".join(tables))
    signed = dict(signed_headers([secret], id="1", at=datetime.now(UTC), body=b"1"))
    with served(tmp_path, ApiSettings.of(load(tmp_path / "crossdock.toml"))) as api:
        places = ("/webhooks/mine", "/webhooks/other", "/webhooks/in", "/messages?to=in", "/queues/in/claim")
        answers = [api.ask("POST", place, b"1", key=None, headers=signed).status for place in places]
        assert answers == [202, 401, 401, 401, 401]
        assert api.ask("POST", "/webhooks/mine", b"1", headers={}).status == 401  # a key is no proof


def test_keys_are_never_the_same_and_never_kept() -> None:
    texts = [new_key_text() for _ in range(1000)]
    assert len({text.id for text in texts}) == len({text.secret for text in texts}) == 1000
    assert all(len(text.secret) == 43 and parse_key(str(text)) == text for text in texts)
    assert digest_of(texts[0].secret) != texts[0].secret


def test_no_key_is_in_the_store_an_answer_or_the_log(api: Served, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text = api.key()
    secret = text.split("_", 2)[2]
    answers = [
        api.ask(method, path, body, key=text)
        for method, path, body in (
            ("GET", "/queues", None), ("GET", "/nothing", None), ("POST", "/queues/a/claim", {"nix": text}),
            ("GET", f"/messages/{text}", None), ("GET", "/health", None),
        )
    ]  # fmt: skip
    api.ask("GET", "/queues", key=f"{text}x")
    assert not [record for record in caplog.records if secret in record.getMessage()]
    dump = api.queue._store.read(lambda reader: repr(reader.keys()))
    assert secret not in dump
    assert not any(secret.encode() in answer.body for answer in answers[:3])
