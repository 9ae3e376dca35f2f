"""What is sent is what arrives: data of every kind, and every field of the envelope."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import Message, RetryPolicy
from tests.contract.case import claim_one

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.testing import FakeClock

MANY = {
    "null": None,
    "truth": [True, False],
    "text": "plain",
    "unicode": "Grüße, 東京, العربية, ไทย",
    "emoji": {"🦄": "👩‍👩‍👧‍👦 and 🏳️‍🌈"},
    "lone surrogate": {"key \udcff": "value \ud800"},
    "astral": "\U0001f4a9\U0010ffff",
    "escapes": '"\\/\b\f\n\r\t\u2028\u2029\ufeff',
    "control characters": "".join(map(chr, [*range(32), *range(0x7F, 0xA0)])),
    "empty": ["", {}, [], [[]], {"": ""}],
    "huge integers": [2**53 + 1, -(2**63), 2**64, 10**400],
    "floats": [0.1, -0.0, 1e308, 5e-324, 123456789.123456789],
    "number like text": "12345678901234567890",
    "nested": {"a": [{"b": [{"c": [None, [[["deep"]]]]}]}]},
    "half a megabyte": "x" * 500_000,
    "bytes": bytes(range(256)),
    "no bytes": b"",
    "bytes of JSON": b'{"a": 1}',
}


@pytest.mark.parametrize("data", MANY.values(), ids=MANY.keys())
def test_data_arrives_whole(queue: Queue, data: Any) -> None:
    sent = queue.send("app", data)
    (bulk,) = queue.send_many("app", [data])
    assert sent.data == bulk.data == data
    assert queue.get(sent.id).message.data == data
    for delivery in queue.claim("app", limit=2):
        assert delivery.message.data == data
        assert repr(delivery.message.data) == repr(data)  # -0.0 and True are not 0.0 and 1


def test_deep_nesting_arrives_whole(queue: Queue) -> None:
    data: Any = "core"
    for _ in range(300):
        data = [data]
    queue.send("app", data)
    assert claim_one(queue).message.data == data


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_anything_like_bytes_arrives_as_bytes(queue: Queue, kind: Any) -> None:
    queue.send("app", kind(b"\x00\xff"))
    assert claim_one(queue).message.data == b"\x00\xff"


def test_every_field_arrives_whole(queue: Queue, clock: FakeClock) -> None:
    envelope: dict[str, Any] = {
        "source": "https://shop.example/%C3%BCmlaut?a=b#c",
        "type": "example.order.placed.v1",
        "subject": "order/17 🧾",
        "time": datetime(1999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        "datacontenttype": "application/vnd.order+json; charset=utf-8",
        "dataschema": "https://schemas.example/order.json",
        "priority": 9,
        "partition_key": "customer 3 – \N{SNOWMAN}",
        "expires_at": clock.now() + timedelta(days=1, microseconds=1),
        "correlation_id": "exchange-1",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "extensions": {"tenant": "acme", "flag": True, "off": False, "count": -(2**31), "n0": "ü"},
    }
    sent = queue.send("app", {"order": 17}, message_id="order-17", source_app="shop", **envelope)
    claimed = claim_one(queue).message
    assert claimed == queue.get("order-17").message
    names = {"partition_key": "partitionkey", "expires_at": "expirytime", "correlation_id": "correlationid"}
    for message in (sent, claimed):
        assert (message.id, message.data) == ("order-17", {"order": 17})
        found = {name: getattr(message, names.get(name, name)) for name in envelope}
        assert found == envelope
        assert [type(value) for value in message.extensions.values()] == [str, bool, bool, int, str]
    assert queue.get("order-17").source_app == "shop"


@pytest.mark.parametrize(
    "option",
    [
        {"source": "https://shop.example"},
        {"type": "example.order.placed.v1"},
        {"subject": "order/17"},
        {"time": datetime(1999, 12, 31, tzinfo=UTC)},
        {"datacontenttype": "text/csv"},
        {"dataschema": "https://schemas.example/order.json"},
        {"priority": 5},
        {"partition_key": "customer-3"},
        {"expires_at": datetime(2999, 1, 1, tzinfo=UTC)},
        {"correlation_id": "exchange-1"},
        {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
        {"extensions": {"tenant": "acme"}},
    ],
    ids=lambda option: next(iter(option)),
)
def test_a_message_with_one_option_arrives_as_whole_as_plain_ones_beside_it(
    queue: Queue, option: dict[str, Any]
) -> None:
    """A claim reads plain messages in a shorter way."""
    for data, given in (({"n": 1}, {}), ({"n": 2}, option), (b"\x00", option), (b"\x01", {}), ({"n": 3}, {})):
        queue.send("app", data, **given)
    # What waits behind a claimed message of its key comes at the second claim.
    claimed = []
    while deliveries := queue.claim("app", limit=10):
        claimed += [delivery.message for delivery in deliveries]
        queue.ack_many(deliveries)
    assert len(claimed) == 5
    for message in claimed:
        assert message == queue.get(message.id).message
        assert type(message) is Message


def test_a_claim_reads_the_retry_policy_of_a_message_that_is_plain_otherwise(queue: Queue) -> None:
    """Its last attempt is its first."""
    queue.send("app", 1, retry=RetryPolicy(max_attempts=1))
    claim_one(queue).nack("its last attempt")
    assert queue.stats("app")["app"].failed == 1


def test_bulk_send_carries_the_envelope_too(queue: Queue, clock: FakeClock) -> None:
    options: dict[str, Any] = {
        "subject": "s",
        "datacontenttype": "text/csv",
        "extensions": {"tenant": "acme"},
    }
    queue.send_many("app", [b"a;b", b"c;d"], time=clock.now() - timedelta(days=9), **options)
    for delivery in queue.claim("app", limit=2):
        message = delivery.message
        assert (message.subject, message.datacontenttype, message.extensions) == tuple(options.values())
        assert message.time == clock.now() - timedelta(days=9)


@pytest.mark.parametrize("hours", [-12, 5.5, 14])
def test_instants_of_any_zone_stay_the_same_instants(queue: Queue, clock: FakeClock, hours: float) -> None:
    zone = timezone(timedelta(hours=hours))
    moment = clock.now().astimezone(zone)
    queue.send("app", 1, time=moment, available_at=moment, expires_at=moment + timedelta(microseconds=1))
    message = claim_one(queue).message
    assert message.time == clock.now()
    assert message.expirytime == clock.now() + timedelta(microseconds=1)
    assert message.time.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "moment", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)], ids=str
)
def test_farthest_instants_arrive_whole(queue: Queue, moment: datetime) -> None:
    queue.send("app", 1, time=moment)
    assert claim_one(queue).message.time == moment


@pytest.mark.parametrize("data", [{"a": 1}, b"\x00"], ids=["json", "bytes"])
def test_content_type_follows_the_data_unless_it_is_given(queue: Queue, data: Any) -> None:
    default = "application/octet-stream" if isinstance(data, bytes) else "application/json"
    assert queue.send("app", data).datacontenttype == default
    assert queue.send("app", data, datacontenttype="x/y").datacontenttype == "x/y"
    assert [one.message.datacontenttype for one in queue.claim("app", limit=2)] == [default, "x/y"]


def test_policy_of_the_send_is_stored_with_it(queue: Queue) -> None:
    sent = queue.send("app", 1, retry=RetryPolicy(max_attempts=3))
    assert queue.get(sent.id).max_attempts == 3
    assert queue.get(queue.send("app", 1).id).max_attempts is None


def test_source_is_the_sending_app_unless_it_is_given(queue: Queue) -> None:
    assert queue.send("app", 1).source == "tests"
    assert queue.send("app", 1, source_app="shop").source == "shop"
    assert [one.message.source for one in queue.claim("app", limit=2)] == ["tests", "shop"]
