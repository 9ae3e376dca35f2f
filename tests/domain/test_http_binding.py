"""Attributes are written in headers as the HTTP binding of CloudEvents says."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crossdock.domain.cloudevent import message_of
from crossdock.domain.http_binding import binary_event, header_text, header_value, is_json, mode_of


def test_example_of_the_specification() -> None:
    assert header_text("Euro € 😀") == "Euro%20%E2%82%AC%20%F0%9F%98%80"


def test_only_what_must_be_is_encoded() -> None:
    printable = "".join(map(chr, range(0x21, 0x7F)))
    assert header_text(printable) == printable.replace("%", "%25").replace('"', "%22")
    assert header_text(" \x00\x1f\x7f\r\n") == "%20%00%1F%7F%0D%0A"


@given(some.text(some.characters(exclude_categories=["Cs"])))
def test_text_comes_back_as_it_was(text: str) -> None:
    written = header_text(text)
    assert all("!" <= character <= "~" for character in written)
    assert header_value(written) == text


@pytest.mark.parametrize(
    ("media_type", "found"),
    [
        ("application/json", True), ("Application/JSON; charset=utf-8", True), ("application/vnd.a_b+json", True),
        ("image/x+JSON ;q=1", True), ("text/json", True), ("application/jsonl", False), ("text/plain; a=/json", False),
        ("", False), ("json", False),
    ],
)  # fmt: skip
def test_media_types_of_json(media_type: str, *, found: bool) -> None:
    assert is_json(media_type) is found


@pytest.mark.parametrize(
    ("content_type", "mode"),
    [
        ("application/cloudevents+json", "structured"),
        ("Application/CloudEvents+JSON ; charset=UTF-8", "structured"),
        ("application/cloudevents-batch+json", "batch"),
        ("application/cloudevents+xml", "foreign"),
        ("application/cloudevents", "foreign"),
        ("application/cloudevents-batch+xml", "foreign"),
        ("application/cloudevents+jsonx", "foreign"),
        ("application/json", "binary"),
        ("", "binary"),
    ],
)
def test_the_content_type_says_how_a_request_holds_events(content_type: str, mode: str) -> None:
    assert mode_of(content_type, ["ce-id"]) == mode


def test_bytes_of_a_type_that_nobody_named_go_on_without_one() -> None:
    event = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
    now = datetime(2025, 11, 24, 8, tzinfo=UTC)
    headers, body = binary_event(message_of({**event, "data_base64": base64.b64encode(b"\0").decode()}, now))
    assert (dict(headers), body) == ({f"ce-{name}": value for name, value in event.items()}, b"\0")
    headers, body = binary_event(message_of({**event, "data": "text"}, now))
    assert (dict(headers)["content-type"], body) == ("application/json", b'"text"')
