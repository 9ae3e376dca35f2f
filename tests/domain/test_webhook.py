"""Signatures of webhooks: made as Standard Webhooks says, and believed only if they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crossdock.adapters.http.keys import checking_key, signing_key
from crossdock.domain.webhook import HmacKey, hmac_issue, signed_headers, webhook_issue

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the examples of Standard Webhooks
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
"""As the library ``standardwebhooks`` 1.1.0 signs it."""
OTHER = HmacKey(bytes(32))
PRIVATE = "whsk_" + base64.b64encode(bytes(range(32))).decode()
PUBLIC = "whpk_" + base64.b64encode(signing_key(PRIVATE).key.public_key().public_bytes_raw()).decode()  # type: ignore[attr-defined]
HEADERS: Mapping[str, str] = {
    "webhook-id": ID,
    "webhook-timestamp": "1614265330",
    "webhook-signature": SIGNED,
}


def issue(headers: Mapping[str, str] = HEADERS, body: bytes = BODY, **more: Any) -> str | None:
    plain: dict[str, Any] = {"keys": [HmacKey.of(SECRET)], "now": AT}
    return webhook_issue(headers, body, **plain | more)


def test_signature_is_that_of_the_published_library() -> None:
    headers = dict(signed_headers([HmacKey.of(SECRET)], id=ID, at=AT, body=BODY))
    assert headers == HEADERS
    assert issue() is None


def test_secret_may_lack_its_prefix() -> None:
    assert HmacKey.of(SECRET.removeprefix("whsec_")) == HmacKey.of(SECRET)


@given(some.binary(max_size=200), some.text(some.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_what_is_signed_is_believed_with_each_of_its_keys_alone(body: bytes, id: str) -> None:
    keys = [HmacKey.of(SECRET), signing_key(PRIVATE), OTHER]
    headers = dict(signed_headers(keys, id=id, at=AT, body=body))
    for key in (HmacKey.of(SECRET), checking_key(PUBLIC), OTHER):
        assert webhook_issue(headers, body, [HmacKey(bytes(24)), key], now=AT) is None
        assert webhook_issue(headers, body + b" ", [key], now=AT) is not None
        assert webhook_issue({**headers, "webhook-id": id + "x"}, body, [key], now=AT) is not None
        assert webhook_issue({**headers, "webhook-timestamp": "1614265331"}, body, [key], now=AT) is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"webhook-id": ""}, "webhook-id is missing"),
        ({"webhook-timestamp": ""}, "webhook-timestamp is missing"),
        ({"webhook-signature": ""}, "webhook-signature is missing"),
        ({"webhook-timestamp": "1614265330.5"}, "not a number of seconds"),
        ({"webhook-timestamp": "-1614265330"}, "not a number of seconds"),
        ({"webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, "not a number of seconds"),
        ({"webhook-timestamp": "9" * 300}, "not a number of seconds"),
        ({"webhook-signature": SIGNED.replace("v1", "v2")}, "no signature that is right"),
        ({"webhook-signature": SIGNED.replace("v1", "v1a")}, "no signature that is right"),
        ({"webhook-signature": SIGNED[:-5]}, "no signature that is right"),
        ({"webhook-signature": "v1,"}, "no signature that is right"),
        ({"webhook-signature": "é,é"}, "no signature that is right"),
        ({"webhook-signature": SIGNED.removeprefix("v1,")}, "no signature that is right"),
        ({"webhook-signature": f"{'v1,AAAA ' * 16}{SIGNED}"}, "no signature that is right"),
    ],
)
def test_what_is_not_signed_so_is_not_believed(change: Mapping[str, str], words: str) -> None:
    assert words in (issue({**HEADERS, **change}) or "")


def test_any_of_several_signatures_will_do() -> None:
    assert issue({**HEADERS, "webhook-signature": f"v1,AAAA v2,x  v1a,AAAA {SIGNED}"}) is None


def test_no_key_believes_nothing() -> None:
    assert issue(keys=[]) is not None


@pytest.mark.parametrize(
    ("away_s", "is_believed"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)]
)
def test_timestamp_is_within_five_minutes(away_s: int, *, is_believed: bool) -> None:
    assert (issue(now=AT + timedelta(seconds=away_s)) is None) is is_believed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("whsec_s3cr3t!", "is not Base64"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "has 23 bytes; 24 to 64 are allowed"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "has 65 bytes"),
        ("whsk_" + base64.b64encode(bytes(31)).decode(), "an ed25519 key has 32, or 64"),
        ("whsk_" + base64.b64encode(bytes(64)).decode(), "its halves do not belong together"),
        (PUBLIC, "is the public half, which cannot sign"),
    ],
)
def test_what_is_no_key_is_told_without_telling_it(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        signing_key(text)
    assert text[6:] not in f"{caught.value} {caught.value.__cause__!r}"


def test_private_half_checks_nothing() -> None:
    with pytest.raises(ValueError, match="is the private half, which the sender keeps"):
        checking_key(PRIVATE)
    with pytest.raises(ValueError, match="a public ed25519 key has 32"):
        checking_key("whpk_AAAA")


def test_keys_do_not_show_themselves() -> None:
    assert repr(HmacKey.of(SECRET)) == "HmacKey()"
    assert "range" not in repr(signing_key(PRIVATE))


@pytest.mark.parametrize(
    ("options", "written"),
    [
        ({}, lambda mac: mac.hex()),
        ({"prefix": "sha256="}, lambda mac: f"sha256={mac.hex()}"),
        ({"encoding": "base64"}, lambda mac: base64.b64encode(mac).decode()),
    ],
)
def test_hmac_in_a_header_of_any_name_is_believed_if_it_is_right(options: Any, written: Any) -> None:
    mac = hmac.new(b"It's a secret", BODY, hashlib.sha256).digest()
    headers = {"x-signature": written(mac)}

    def found(body: bytes = BODY, *secrets: bytes) -> str | None:
        return hmac_issue(
            headers, body, secrets or [b"other", b"It's a secret"], header="X-Signature", **options
        )

    assert found() is None
    assert found(BODY + b" ") == "X-Signature has no signature that is right"
    assert found(BODY, b"other") == "X-Signature has no signature that is right"


@pytest.mark.parametrize(
    ("headers", "options", "words"),
    [
        ({}, {}, "X-Signature is missing"),
        ({"x-signature": "abcd"}, {"prefix": "sha256="}, "does not begin with sha256="),
        ({"x-signature": "xyz"}, {}, "has no signature in hex"),
        ({"x-signature": "é"}, {"encoding": "base64"}, "has no signature in base64"),
        ({"x-signature": ""}, {}, "X-Signature is missing"),
    ],
)
def test_header_without_an_hmac_is_not_believed(headers: Any, options: Any, words: str) -> None:
    assert words in (hmac_issue(headers, BODY, [b"secret"], header="X-Signature", **options) or "")
