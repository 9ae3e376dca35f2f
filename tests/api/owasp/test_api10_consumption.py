"""API10:2023, unsafe consumption of APIs: what comes in is checked, whoever sent it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crossdock.domain.cloudevent import message_of
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.http_binding import attributes_of, header_value
from crossdock.ports.clock import SystemClock
from tests.api.served import Served

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from([
    "id", "source", "type", "specversion", "time", "subject", "data", "data_base64", "datacontenttype", "dataschema",
    "priority", "partitionkey", "expirytime", "correlationid", "traceparent", "other", "Bad Name", "", "é",
])  # fmt: skip
GOOD = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}


@given(st.dictionaries(NAMES, VALUES))
@settings(max_examples=300)
def test_an_event_of_any_shape_is_a_message_or_refused_with_its_fields(document: dict[str, Any]) -> None:
    for candidate in (document, GOOD | document):
        refused: InvalidMessage | None = None
        try:
            message = message_of(candidate, SystemClock().now())
        except InvalidMessage as error:
            refused = error
        if refused is None:
            assert (message.id, message.source) == (candidate["id"], candidate["source"])
        else:
            assert refused.details


@given(st.binary(max_size=40))
def test_a_header_value_is_text_or_refused(raw: bytes) -> None:
    try:
        assert isinstance(header_value(raw.decode("latin-1")), str)
    except ValueError:
        return


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_what_is_encoded_as_the_binding_says_comes_back_whole(text: str) -> None:
    from urllib.parse import quote

    encoded = quote(text, safe="!#$&'()*+,-./:;<=>?@[\\]^_`{|}~")
    assert attributes_of([("ce-subject", encoded)]) == {"subject": text}


@pytest.mark.parametrize(
    "change",
    [{"source": "x" * 100_000}, {"id": "x" * 513}, {"id": "a\nb"}, {"time": "yesterday"}, {"priority": "9"},
     {"priority": 10}, {"badName": 1}, {"nested": {"a": 1}}, {"data": 1, "data_base64": "AA=="}, {"data_base64": "?"},
     {"specversion": "2.0"}, {"big": 2**31}],
)  # fmt: skip
def test_an_event_that_breaks_a_rule_is_refused_with_the_field(
    shared_api: Served, change: dict[str, Any]
) -> None:
    body = json.dumps({**GOOD, **change}).encode()
    headers = {"Content-Type": "application/cloudevents+json"}
    answer = shared_api.ask("POST", "/messages?to=app", body, headers=headers)
    if "source" in change:
        assert answer.status == 202, "long, but no rule forbids it"
        return
    assert (answer.status, answer.code) == (422, "INVALID_MESSAGE"), answer.body
    assert answer.json["error"]["details"]
