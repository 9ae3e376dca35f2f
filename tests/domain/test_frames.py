"""Frames: what is one, and what is said of what is none."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from crossdock.domain import frames
from crossdock.domain.errors import (
    CredentialError,
    InvalidMessage,
    PermanentError,
    QueueFull,
    RateLimited,
    TransientError,
)
from crossdock.domain.frames import Answer, BadFrame, Notification, Request

json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=8,
)
nearly_frames = some.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": some.just("2.0") | json_values,
        "id": json_values,
        "method": some.just("send") | json_values,
        "params": json_values,
        "result": json_values,
        "error": json_values,
    },
).map(lambda value: json.dumps(value).encode())


@given(some.binary() | nearly_frames | json_values.map(lambda value: json.dumps(value).encode()))
@example(b"[" * 100_000)
@example(b'{"jsonrpc": "2.0", "method": "send", "id": 1e999}')
@example(b'{"jsonrpc": "2.0", "id": 1, "result": NaN}')
@example(b"1" * 5000)
def test_any_line_is_a_frame_or_said_to_be_none(line: bytes) -> None:
    found = _read(line)
    if isinstance(found, BadFrame):
        assert len(str(found)) < 2000
        refused = json.loads(frames.refusal(found.id, found))
        assert refused["error"]["code"] in {frames.PARSE_ERROR, frames.INVALID_REQUEST, frames.INVALID_PARAMS}
    else:
        assert isinstance(found, (Request, Notification, Answer))


def _read(line: bytes) -> frames.Frame | BadFrame:
    try:
        return frames.parse(line)
    except BadFrame as error:
        return error


@given(some.integers() | some.text(), some.dictionaries(some.text(), some.text()))
def test_what_is_written_can_be_read(number: int | str, params: dict[str, str]) -> None:
    line = frames.request(number, "send", params)
    assert line.count(b"\n") == 1
    assert frames.parse(line) == Request(number, "send", params)
    told = json.dumps({"jsonrpc": "2.0", "method": "send", "params": params}).encode()
    assert frames.parse(told) == Notification("send", params)
    assert frames.parse(frames.answer(number, params)) == Answer(number, params, None)


@pytest.mark.parametrize(
    "error",
    [
        TransientError("why"),
        PermanentError("why"),
        CredentialError("why"),
        RateLimited("why", retry_after=timedelta(seconds=2)),
        RateLimited("why"),
        InvalidMessage("why", [("data.no", "is odd")]),
    ],
)
def test_the_error_of_a_delivery_survives_its_document(error: Exception) -> None:
    found = frames.delivery_error(frames.error_document(error))
    assert (type(found), str(found)) == (type(error), "why")
    assert getattr(found, "retry_after", None) == getattr(error, "retry_after", None)
    assert getattr(found, "details", None) == getattr(error, "details", None)


@given(some.dictionaries(some.sampled_from(["code", "message", "data"]), json_values))
@example({"data": {"code": "RATE_LIMITED", "retry_after": 1e300}})
@example({"data": {"code": "INVALID_MESSAGE", "details": [1, {"field": 1}]}})
def test_any_error_of_a_program_is_one_of_ours(document: dict[str, Any]) -> None:
    assert isinstance(
        frames.delivery_error(document),
        (TransientError, PermanentError, CredentialError, RateLimited, InvalidMessage),
    )


def test_other_errors_keep_their_code_or_their_class() -> None:
    full = frames.error_document(QueueFull("till", depth=3, max_depth=3))
    assert (full["code"], full["data"]) == (frames.OUR_ERROR, {"code": "QUEUE_FULL"})
    assert frames.error_document(KeyError("x")) == {"code": frames.INTERNAL_ERROR, "message": "KeyError: 'x'"}
