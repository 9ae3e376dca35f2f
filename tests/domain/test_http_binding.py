"""Attributes are written in headers as the HTTP binding of CloudEvents says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from crossdock.domain.http_binding import header_text, header_value, is_json


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
