"""Webhooks of others: who is believed, and what becomes of what they say."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crossdock.adapters.http.keys import Ed25519Private
from crossdock.api.limits import Limiter, place_of
from crossdock.api.settings import ApiSettings
from crossdock.config import load
from crossdock.domain.errors import ConfigError
from crossdock.domain.rules import Rate
from crossdock.domain.webhook import HmacKey, SigningKey, new_secret, signed_headers
from tests.api.served import Reply, Served, served
from tests.guarantees import Promise, proves

GITHUB = b"It's a Secret to Everybody"
"""Of the example in the documents of GitHub; of its body and signature, too."""
CONFIG = """
[apps.shop]
inbound = { http = "standard-webhooks", secrets = [{ file = "new" }, { file = "old" }] }
next = ["validator", "ledger"]

[apps.till]
inbound = { http = "standard-webhooks", secrets = [{ file = "public" }], type_header = "X-Kind", type = "till.event" }
next = ["validator"]

[apps.github]
next = ["validator"]
[apps.github.inbound]
http = "hmac"
secrets = [{ file = "github" }]
header = "X-Hub-Signature-256"
prefix = "sha256="
id_header = "X-GitHub-Delivery"
type_header = "X-GitHub-Event"

[apps.todoist]
inbound = { http = "hmac", secrets = [{ file = "github" }], header = "X-Todoist-Hmac-SHA256", encoding = "base64" }
next = ["validator"]

[apps.plain]
outbound = { python = "json:dumps" }
"""
ORDER = {"type": "order.placed", "timestamp": "2031-05-17T08:30:00Z", "data": {"order": 17}}


class Door(Served):
    """A server that believes some."""

    folder: Path
    pair: Ed25519PrivateKey

    def key(self, name: str = "new", *_: Any, **__: Any) -> Any:
        """Return what is signed with."""
        return HmacKey.of((self.folder / name).read_text().strip())

    def post(self, app: str, body: Any, headers: Mapping[str, str]) -> Reply:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json"} | {name.lower(): one for name, one in headers.items()}
        return self.ask("POST", f"/webhooks/{app}", content, key=None, headers=given)

    def post_signed(
        self,
        app: str,
        body: Any,
        *keys: SigningKey,
        id: str = "msg_1",
        at: datetime | None = None,
        **more: str,
    ) -> Reply:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = signed_headers(keys or [self.key()], id=id, at=at or datetime.now(UTC), body=content)
        return self.post(
            app, content, {**dict(signed), **{name.replace("_", "-"): one for name, one in more.items()}}
        )


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    pair = Ed25519PrivateKey.generate()
    public = "whpk_" + base64.b64encode(pair.public_key().public_bytes_raw()).decode()
    files = {"new": new_secret(), "old": new_secret(), "public": public, "github": GITHUB.decode()}
    for name, text in files.items():
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / "crossdock.toml").write_text(CONFIG)
    with served(tmp_path, ApiSettings.of(load(tmp_path / "crossdock.toml"))) as api:
        found = Door(**{name: getattr(api, name) for name in Served.__dataclass_fields__})
        found.folder, found.pair = tmp_path, pair
        yield found


def test_a_signed_webhook_is_stored_once_for_each_receiver(door: Door) -> None:
    first = door.post_signed("shop", ORDER)
    assert (first.status, first.json) == (202, {"stored": 1, "duplicates": 0})
    again = door.post_signed("shop", ORDER)
    assert (again.status, again.json) == (202, {"stored": 0, "duplicates": 1})
    for app in ("validator", "ledger"):
        (record,) = door.queue.list(app)
        message = record.message
        assert (message.id, message.type, message.source, message.data) == (
            "msg_1",
            "order.placed",
            "shop",
            ORDER,
        )
        assert (record.source_app, record.created_by) == ("shop", "webhook:shop")


def test_either_secret_of_a_rotation_is_believed_and_a_new_one_at_once(door: Door) -> None:
    former = door.key("new")
    assert door.post_signed("shop", 1, door.key("old"), id="a").status == 202
    assert door.post_signed("shop", 1, HmacKey.of(new_secret()), door.key("old"), id="b").status == 202
    (door.folder / "new").write_text(new_secret())
    assert door.post_signed("shop", 1, door.key("new"), id="c").status == 202
    assert door.post_signed("shop", 1, former, id="d").status == 401


def test_the_public_half_of_a_pair_checks_and_types_stand_in_a_header_or_the_configuration(
    door: Door,
) -> None:
    private = Ed25519Private(door.pair)
    assert door.post_signed("till", ORDER, private, id="a", x_kind="sale").status == 202
    assert door.post_signed("till", ORDER, private, id="b").status == 202
    assert door.post_signed("till", ORDER, door.key(), id="c").status == 401
    assert [one.message.type for one in door.queue.list("validator")] == ["sale", "till.event"]


def test_what_others_sign_in_headers_of_their_own_is_believed(door: Door) -> None:
    body = b"Hello, World!"
    given = {
        "X-Hub-Signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "X-GitHub-Delivery": "72d3162e", "X-GitHub-Event": "issues", "Content-Type": "text/plain",
    }  # fmt: skip
    assert [door.post("github", body, given).json["duplicates"] for _ in range(2)] == [0, 1]
    signature = base64.b64encode(hmac.digest(GITHUB, body, "sha256")).decode()
    todoist = {"X-Todoist-Hmac-SHA256": signature, "Content-Type": "application/octet-stream"}
    assert [door.post("todoist", body, todoist).json["duplicates"] for _ in range(2)] == [0, 1]
    found = [(one.message.id, one.message.type, one.message.data) for one in door.queue.list("validator")]
    assert found == [
        ("72d3162e", "issues", "Hello, World!"),
        (f"sha256:{hashlib.sha256(body).hexdigest()}", "crossdock.message", body),
    ]


def test_cloudevents_keep_what_is_signed_and_no_other_id(door: Door) -> None:
    event = {"specversion": "1.0", "id": "4711", "source": "/till", "type": "t", "data": {"x": 1}}
    structured = {"content_type": "application/cloudevents+json"}
    assert door.post_signed("shop", event, id="msg_1", **structured).status == 202
    batch = [{**event, "id": "1"}, {**event, "id": "2"}, {**event, "id": "4711"}]
    many = door.post_signed("shop", batch, id="msg_2", content_type="application/cloudevents-batch+json")
    assert many.json == {"stored": 2, "duplicates": 1}
    attributes = {"ce_id": "unsigned", "ce_source": "/till", "ce_type": "t", "ce_specversion": "1.0"}
    assert door.post_signed("shop", {"x": 1}, id="msg_3", **attributes).status == 202
    found = [(one.message.id, one.message.source, one.message.data) for one in door.queue.list("validator")]
    assert [one[0] for one in found] == ["4711", "1", "2", "msg_3"]
    assert {one[1:] == ("/till", {"x": 1}) for one in found} == {True}


def test_of_a_batch_with_a_wrong_event_nothing_is_stored(door: Door) -> None:
    event = {"specversion": "1.0", "id": "1", "source": "/till", "type": "t"}
    answer = door.post_signed("shop", [event, {"id": "2"}], content_type="application/cloudevents-batch+json")
    assert (answer.status, answer.code) == (422, "INVALID_MESSAGE")
    assert door.queue.list("validator") == []


def test_other_words_under_the_same_id_are_refused(door: Door) -> None:
    assert door.post_signed("shop", {"order": 1}).status == 202
    assert door.post_signed("shop", {"order": 2}).status in {202, 422}
    assert [one.message.data for one in door.queue.list("validator")] == [{"order": 1}]


def test_strangers_learn_nothing_and_the_log_why(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    body = json.dumps(ORDER).encode()
    right = dict(signed_headers([door.key()], id="msg_1", at=datetime.now(UTC), body=body))
    late = dict(
        signed_headers([door.key()], id="msg_1", at=datetime.now(UTC) - timedelta(minutes=6), body=body)
    )
    answers = [
        door.post("shop", body, {}),
        door.post("shop", body + b" ", right),
        door.post("shop", body, {**right, "webhook-id": "msg_2"}),
        door.post("shop", body, {**right, "webhook-signature": "v1," + "A" * 44}),
        door.post("shop", body, late),
        door.post("github", body, right),
        door.post("plain", body, right),
        door.post("nobody", body, right),
    ]
    told = {(one.status, one.code, one.json["error"]["message"]) for one in answers}
    assert told == {(401, "UNAUTHORIZED", "the webhook is not to be believed")}
    assert all(one.json["error"]["details"] == [] for one in answers)
    assert door.queue.list() == []
    words = "\n".join(record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING)
    assert "webhook-signature" in words
    assert "nobody" not in words
    assert not any(secret in words for secret in ((door.folder / "new").read_text().strip(), GITHUB.decode()))


def test_strangers_who_come_too_often_are_told_so_and_what_is_signed_is_still_taken(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    """All of them come from one address, whatever app they name."""
    (door.folder / "crossdock.toml").write_text(f'[api]\nstrangers_rate = "3/h"\n{CONFIG}')
    door.application.state.crossdock.apply(ApiSettings.of(load(door.folder / "crossdock.toml")))
    allowed = [door.post(app, ORDER, {}).status for app in ("shop", "nobody", "github")]
    assert allowed == [401, 401, 401]
    told = [record.getMessage() for record in caplog.records if "is refused" in record.getMessage()]
    assert len(told) == 3
    for app, headers in (("shop", {}), ("nobody", {}), ("github", {"X-Hub-Signature-256": "sha256=00"})):
        refused = door.post(app, ORDER, headers)
        assert (refused.status, refused.code) == (429, "RATE_LIMITED")
        assert 1000 < int(refused.header("Retry-After") or 0) <= 1200
    assert door.post_signed("shop", ORDER, HmacKey.of(new_secret())).status == 429
    assert [record.getMessage() for record in caplog.records if "is refused" in record.getMessage()] == told
    assert [door.post_signed("shop", ORDER, id=str(n)).status for n in range(5)] == [202] * 5


def test_strangers_behind_different_addresses_are_counted_apart_and_few_are_remembered() -> None:
    limiter = Limiter(Rate(1, timedelta(hours=1)))
    places = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"]
    assert [limiter.take(place_of(one)).granted for one in places] == [True] * 4
    same = ["192.0.2.1", "::ffff:192.0.2.2", "2001:db8::ffff:1", "2001:db8:0:1:2:3:4:5"]
    assert [limiter.take(place_of(one)).granted for one in same] == [False] * 4
    for number in range(20_000):
        limiter.take(place_of(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"))
    assert len(limiter._full_at) == 10_000


def test_a_secret_that_is_gone_lets_the_sender_come_again(door: Door) -> None:
    (door.folder / "new").unlink()
    answer = door.post_signed("shop", ORDER, door.key("old"))
    assert (answer.status, answer.code) == (503, "STORE_UNAVAILABLE")
    assert str(door.folder) not in answer.body.decode()


@proves(Promise.WAITS, inbound="http")
def test_bodies_are_bounded_and_a_full_queue_says_so(door: Door) -> None:
    large = gzip.compress(b"x" * (8 * 1024**2 + 1))
    assert door.post_signed("shop", large, content_encoding="gzip").status == 413
    door.queue.set_rules("validator", max_depth=1)
    assert door.post_signed("shop", ORDER, id="a").status == 202
    full = door.post_signed("shop", ORDER, id="b")
    assert (full.status, full.code) == (429, "QUEUE_FULL")


def test_a_key_opens_no_webhook(door: Door) -> None:
    text = Served.key(door)
    assert door.post("shop", ORDER, {"Authorization": f"Bearer {text}"}).status == 401


@pytest.mark.parametrize(
    ("inbound", "words"),
    [
        ('http = "hmac", secrets = [{ env = "X" }]', "header: say where the signature stands"),
        ('http = "hmac", header = "X-S", secrets = []', "name at least one secret"),
        ('http = "hmac", header = "X S", secrets = [{ env = "X" }]', "is not the name of a header"),
        (
            'http = "hmac", header = "X-S", tolerance = "1m", secrets = [{ env = "X" }]',
            "tolerance: without effect",
        ),
        ('http = "standard-webhooks", prefix = "x", secrets = [{ env = "X" }]', "prefix: without effect"),
        ('http = "standard-webhooks", secrets = "whsec_x"', "a secret does not stand in the configuration"),
        ('http = "basic", secrets = [{ env = "X" }]', "standard-webhooks"),
    ],
)
def test_settings_that_prove_nothing_are_refused(inbound: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text(f"[apps.shop]\ninbound = {{ {inbound} }}\n")
    with pytest.raises(ConfigError, match=words):
        load(tmp_path / "crossdock.toml")


def test_a_secret_that_is_none_is_told_before_anything_listens(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("whsec_c2hvcnQ=")
    (tmp_path / "crossdock.toml").write_text(
        '[apps.shop]\ninbound = { http = "standard-webhooks", secrets = [{ file = "secret" }] }\n'
    )
    with pytest.raises(ConfigError, match="has 5 bytes; 24 to 64 are allowed") as caught:
        ApiSettings.of(load(tmp_path / "crossdock.toml"))
    assert "c2hvcnQ" not in str(caught.value)


def test_a_stopped_app_takes_no_webhooks_until_it_is_started(door: Door) -> None:
    door.queue._store.write(lambda tx: tx.stop_app("shop"))
    refused = door.post_signed("shop", ORDER)
    assert (refused.status, refused.code, refused.header("Retry-After")) == (503, "APP_STOPPED", "10")
    assert door.post("shop", ORDER, {}).code == "UNAUTHORIZED"
    door.queue._store.write(lambda tx: tx.start_app("shop"))
    assert door.post_signed("shop", ORDER).json == {"stored": 1, "duplicates": 0}
