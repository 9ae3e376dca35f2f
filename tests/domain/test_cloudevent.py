"""Messages as JSON documents, and back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crossdock.domain.cloudevent import is_event, message_document, message_of, told_message
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import Message, MessageId

NOW = datetime(2025, 11, 24, 8, tzinfo=UTC)
LEAST = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}

texts = some.text(some.characters(exclude_categories=["C"]), min_size=1, max_size=20)
sources = some.sampled_from(["shop", "/till/3", "https://shop.example/a%20b?c#d", "urn:a:b"])
media_types = some.sampled_from(["application/json", 'text/plain; charset="utf-8"', "application/vnd.a+json"])
instants = some.datetimes(timezones=some.just(UTC))
values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(),
    some.lists,
    max_leaves=5,
)


def maybe(strategy: some.SearchStrategy[Any]) -> some.SearchStrategy[Any]:
    return some.none() | strategy


messages = some.builds(
    Message,
    id=texts.map(MessageId),
    source=sources,
    type=texts,
    data=values | some.binary(),
    time=instants,
    datacontenttype=media_types,
    dataschema=maybe(some.sampled_from(["https://shop.example/order-1", "urn:order:1#part"])),
    subject=maybe(texts),
    priority=some.integers(0, 9),
    partitionkey=maybe(texts),
    expirytime=maybe(instants),
    correlationid=maybe(texts),
    traceparent=maybe(texts),
    extensions=some.dictionaries(some.just("tenant"), texts | some.booleans() | some.integers(0, 99)),
)


@given(messages)
def test_a_message_survives_its_document(message: Message) -> None:
    document = json.loads(json.dumps(message_document(message)))
    assert is_event(document)
    assert message_of(document, NOW) == message


@given(messages)
def test_a_message_of_ours_is_read_back_whatever_a_stranger_wrote(message: Message) -> None:
    odd = replace(message, source="größe \n", datacontenttype="json", dataschema="x", priority=7)
    assert told_message(json.loads(json.dumps(message_document(odd))), NOW) == odd


def test_what_an_event_does_not_set_is_not_handed_on_as_set() -> None:
    given: dict[str, Any] = {**LEAST, "time": None, "data": {"order": 17}}
    message = message_of(given, NOW)
    assert message.unset == {"time", "priority", "datacontenttype"}
    assert message_document(message) == {**LEAST, "data": {"order": 17}}
    assert message_document(replace(message, priority=9))["priority"] == 9, "an operator has set it since"
    said = {"time": "2025-11-24T08:00:00Z", "priority": 4, "datacontenttype": "application/json"}
    assert message_document(message_of({**given, **said}, NOW)) == {**given, **said}


def test_what_an_event_does_not_say_has_its_default() -> None:
    message = message_of(LEAST, NOW)
    assert (message.time, message.data, message.priority) == (NOW, None, 4)
    assert message.datacontenttype == "application/json"
    assert message_of(LEAST | {"data_base64": "AP8="}, NOW).datacontenttype == "application/octet-stream"
    assert message_of(LEAST | {"subject": None, "tenant": None}, NOW).extensions == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": ""}, "id"),
        ({"id": None}, "id"),
        ({"id": "\n"}, "message_id"),
        ({"source": 7}, "source"),
        ({"time": "yesterday"}, "time"),
        ({"time": "2025-11-24T08:00:00"}, "time"),
        ({"time": 7}, "time"),
        ({"time": "2025-11-24T08:00Z"}, "time"),
        ({"source": "a b"}, "source"),
        ({"datacontenttype": "json"}, "datacontenttype"),
        ({"dataschema": "/schemas/order"}, "dataschema"),
        ({"expirytime": "9999-12-31T23:59:59-01:00"}, "expirytime"),
        ({"priority": "high"}, "priority"),
        ({"priority": True}, "priority"),
        ({"data_base64": "*"}, "data_base64"),
        ({"data_base64": 7}, "data_base64"),
        ({"data_base64": "AP8=", "data": 1}, "data_base64"),
    ],
)
def test_what_is_wrong_with_an_event_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        message_of(LEAST | change, NOW)
    assert [name for name, _ in caught.value.details] == [field]


@pytest.mark.parametrize(
    "value", [None, 1, [LEAST], {}, {"specversion": "1.0"}, {"id": "1", "source": "s", "type": "t"}]
)
def test_data_is_no_event(value: Any) -> None:
    assert not is_event(value)
