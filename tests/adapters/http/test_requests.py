"""What is posted: the three forms of a message, its signatures, and nothing that an attribute could smuggle in."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crossdock.domain.errors import ConfigError, InvalidMessage, NotConnected
from crossdock.testing import FakeClock
from tests.adapters.http.case import (
    NOW,
    OK,
    SECRET,
    Came,
    adapter,
    far_side,
    message,
    post,
    posted,
    run,
    signature,
)

OTHER = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ODD = 'Euro € 😀 "quoted" 100%\t'


def came(given: Any, **settings: Any) -> Came:
    async def main() -> Came:
        async with far_side() as side:
            await posted(side, given, **settings)
            return side.came[0]

    request: Came = run(main())
    return request


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    monkeypatch.setenv("NEW_SECRET", SECRET)
    monkeypatch.setenv("OLD_SECRET", OTHER)
    return [{"env": "NEW_SECRET"}, {"env": "OLD_SECRET"}]


def test_message_is_posted_as_standard_webhooks_has_it() -> None:
    given = message({"order": 17, "customer": "Zoë"}, id="order-17")
    request = came(given)
    assert request.line == "POST /hooks/orders?kind=a HTTP/1.1"
    assert request["host"].startswith("127.0.0.1:")
    assert request["content-type"] == "application/json"
    assert request["webhook-id"] == "order-17"
    assert request["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert request.get("webhook-signature") is None
    assert json.loads(request.body) == {
        "type": "order.placed", "timestamp": "2026-05-17T08:30:15.999000Z", "data": {"order": 17, "customer": "Zoë"},
    }  # fmt: skip


@pytest.mark.parametrize("form", ["webhook", "binary", "structured"])
def test_signature_is_of_the_bytes_that_are_sent(form: str, secrets: list[dict[str, str]]) -> None:
    request = came(message({"text": "Zoë\n🚚", "n": 1.5}), format=form, secrets=secrets)
    assert request["webhook-signature"].split() == [signature(SECRET, request), signature(OTHER, request)]


def test_ed25519_signature_can_be_checked_with_the_public_half(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    seed, public = key.private_bytes_raw(), key.public_key()
    monkeypatch.setenv("KEY", "whsk_" + base64.b64encode(seed + public.public_bytes_raw()).decode())
    request = came(message({"order": 17}), secrets=[{"env": "KEY"}])
    version, _, written = request["webhook-signature"].partition(",")
    assert version == "v1a"
    text = f"{request['webhook-id']}.{request['webhook-timestamp']}.".encode() + request.body
    public.verify(base64.b64decode(written), text)


def test_id_stays_and_the_timestamp_is_that_of_the_attempt(secrets: list[dict[str, str]]) -> None:
    clock = FakeClock(NOW)

    async def main() -> list[Came]:
        async with far_side() as side:
            one = adapter(side.url, now=clock.now, secrets=secrets)
            given = message({"order": 17})
            await post(one, given)
            clock.advance(timedelta(seconds=90))
            await post(one, given)
            await one.close()
            return side.came

    first, second = run(main())
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 90
    assert second["webhook-signature"].split()[0] == signature(SECRET, second)


def test_binary_event_has_attributes_in_headers_percent_encoded() -> None:
    given = message(
        {"order": 17}, id="o-17", subject=ODD, datacontenttype="application/vnd.shop+json", expirytime=NOW,
        extensions={"tenant": "blüe", "level": 3, "vip": True},
    )  # fmt: skip
    request = came(given, format="binary")
    assert request.body == b'{"order":17}'
    assert request["content-type"] == "application/vnd.shop+json"
    attributes = {name.lower(): value for name, value in request.headers if name.lower().startswith("ce-")}
    assert attributes == {
        "ce-specversion": "1.0", "ce-id": "o-17", "ce-source": "shop", "ce-type": "order.placed",
        "ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80%20%22quoted%22%20100%25%09",
        "ce-time": "2026-05-17T08:30:15.999000Z", "ce-expirytime": "2026-05-17T08:30:15.999000Z",
        "ce-priority": "4", "ce-tenant": "bl%C3%BCe", "ce-level": "3", "ce-vip": "true",
    }  # fmt: skip


def test_structured_event_is_whole() -> None:
    request = came(
        message(b"\x00\xff", id="o-17", subject=ODD, datacontenttype="image/png"), format="structured"
    )
    assert request["content-type"] == "application/cloudevents+json; charset=UTF-8"
    event = json.loads(request.body)
    assert base64.b64decode(event.pop("data_base64")) == b"\x00\xff"
    assert event == {
        "specversion": "1.0", "id": "o-17", "source": "shop", "type": "order.placed", "subject": ODD,
        "time": "2026-05-17T08:30:15.999000Z", "datacontenttype": "image/png", "priority": 4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "media_type", "body"),
    [
        (bytes(range(256)), "application/octet-stream", bytes(range(256))),
        (b"", "image/png", b""),
        ("Zoë", "text/plain", "Zoë".encode()),
        ("Zoë", "application/json", '"Zoë"'.encode()),
        (None, "application/json", b"null"),
        ([1, 2], "Application/JSON; charset=utf-8", b"[1,2]"),
    ],
)
def test_binary_event_has_the_data_as_its_media_type_says(data: Any, media_type: str, body: bytes) -> None:
    request = came(message(data, datacontenttype=media_type), format="binary")
    assert (request.body, request["content-type"]) == (body, media_type)


def test_attribute_cannot_add_a_header() -> None:
    """Neither of a message whose row a stranger wrote: what the queue takes has no line ends at all."""
    evil = "x\r\nX-Evil: 1\r\n\r\nPOST /evil HTTP/1.1"
    request = came(message({"n": 1}, id=evil, subject=evil, extensions={"tenant": evil}), format="binary")
    assert request.get("x-evil") is None
    assert request.body == b'{"n":1}'
    assert (
        unquote(request["webhook-id"])
        == unquote(request["ce-tenant"])
        == unquote(request["ce-subject"])
        == evil
    )
    assert request["webhook-id"] == "x%0D%0AX-Evil:%201%0D%0A%0D%0APOST%20/evil%20HTTP/1.1"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (message({"n": 1}, datacontenttype="text/plain\r\nX-Evil: 1"), "datacontenttype"),
        (message({"n": 1}, datacontenttype="text/plain; name=Zoë"), "datacontenttype"),
        (message({"n": 1}, datacontenttype="text/csv"), "datacontenttype"),
        (message({"n": 1}, extensions={"a b: c\r\nX-Evil": 1}), "a b: c\r\nX-Evil"),
    ],
)
def test_what_headers_cannot_hold_is_refused_with_its_field(given: Any, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        came(given, format="binary")
    assert [name for name, _ in caught.value.details] == [field]


def test_bytes_are_refused_where_the_body_is_json() -> None:
    with pytest.raises(InvalidMessage, match='set format to "binary" or "structured"'):
        came(message(b"\x00"), format="webhook")


def test_further_headers_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE", "Bearer s3cr3t-Xy9")
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    request = came(
        message({"n": 1}, traceparent=trace),
        headers={"X-Tenant": "blue", "User-Agent": "shop/1"},
        secret_headers={"Authorization": {"env": "WAREHOUSE"}},
    )
    assert request["authorization"] == "Bearer s3cr3t-Xy9"
    assert (request["x-tenant"], request["user-agent"], request["traceparent"]) == ("blue", "shop/1", trace)


def test_secret_in_a_file_is_exchanged_while_messages_go(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n")

    async def main() -> list[Came]:
        async with far_side() as side:
            one = adapter(side.url, tmp_path, secrets=[{"file": "secret"}])
            await post(one)
            (tmp_path / "new").write_text(OTHER)
            (tmp_path / "new").replace(file)
            await post(one)
            file.unlink()
            with pytest.raises(NotConnected, match="cannot be read"):  # nothing is spent: connecting tells it
                await post(one)
            with pytest.raises(ConfigError, match="cannot be read"):
                await one.connect()
            await one.close()
            return side.came

    first, second = run(main())
    assert first["webhook-signature"] == signature(SECRET, first)
    assert second["webhook-signature"] == signature(OTHER, second)


def test_large_body_arrives_whole(secrets: list[dict[str, str]]) -> None:
    data = bytes(range(256)) * 40_000
    request = came(message(data), format="binary", secrets=secrets)
    assert request.body == data
    assert request["webhook-signature"].split()[0] == signature(SECRET, request)


def test_time_of_an_attempt_is_in_whole_seconds_of_any_zone() -> None:
    async def main() -> str:
        async with far_side(OK) as side:
            one = adapter(side.url, now=lambda: datetime(2026, 5, 17, 10, 30, 15, tzinfo=UTC))
            await post(one)
            await one.close()
            return side.came[0]["webhook-timestamp"]

    assert run(main()) == "1779013815"
