"""What a message may hold: every JSON value and nothing else, names and texts within their rules."""

from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock import InvalidMessage, Message, SentMessage
from crossdock.domain.message import (
    AppId,
    Draft,
    Envelope,
    MessageId,
    check_app,
    check_message_id,
    encode,
    encode_json,
    instant_issue,
    sent_message,
)
from crossdock.store.codec import decode_json

TEXTS = st.text(
    st.characters(codec=None, exclude_categories=())
)  # lone surrogates and control characters, too
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=30,
)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(VALUES)
def test_every_json_value_comes_back_as_it_was(value: Any) -> None:
    text, raw = encode(value)
    assert raw is None
    assert text is not None
    assert decode_json(text) == value
    assert repr(decode_json(text)) == repr(value)


@given(VALUES)
def test_stored_text_is_json_that_every_database_takes(value: Any) -> None:
    text = encode_json(value, field="data")
    assert json.loads(text) == value
    text.encode()  # no lone surrogate stands in it as such
    assert not any(ord(character) < 32 for character in text)
    assert "\x00" not in text


@given(st.binary())
def test_bytes_come_back_as_they_were(data: bytes) -> None:
    for kind in (data, bytearray(data), memoryview(data)):
        assert encode(kind) == (None, data)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, {1, 2}, object(), b"x".join, {"a": math.nan}, [b"x"]]
)
def test_what_is_no_json_value_is_refused(value: Any) -> None:
    with pytest.raises(InvalidMessage, match="not a JSON value") as caught:
        encode_json(value, field="result")
    assert [field for field, _ in caught.value.details] == ["result"]


@pytest.mark.parametrize("text", ["", " ", "{", "[1,]", "'a'", '{"a":1}x', "\ufeff1", "1 2", "nul"])
def test_what_is_no_json_text_is_not_read(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        decode_json(text)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_what_only_python_calls_json_is_not_read(text: str) -> None:
    with pytest.raises(ValueError, match="is no JSON"):
        decode_json(text)


@given(VALUES, st.sampled_from(["", " ", "\n\t "]))
def test_spaces_around_a_strangers_json_do_no_harm(value: Any, space: str) -> None:
    assert decode_json(space + json.dumps(value) + space) == value


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", fullmatch=True))
def test_every_name_within_the_rules_may_name_an_app(name: str) -> None:
    assert check_app(name) == name


@given(st.text())
def test_no_other_text_may_name_an_app(name: str) -> None:
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    if name and len(name) <= 128 and set(name) <= allowed and name[0] not in "._-":
        assert check_app(name) == name
    else:
        with pytest.raises(InvalidMessage, match="app"):
            check_app(name)


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=512))
def test_any_text_without_control_characters_may_be_an_id(name: str) -> None:
    assert check_message_id(name) == name


@pytest.mark.parametrize("name", ["", "x" * 513, "a\x00", "a\n", "\x7f", "\x85", "\udc80", None, 7, b"x"])
def test_no_other_value_may_be_an_id(name: Any) -> None:
    with pytest.raises(InvalidMessage, match="message_id"):
        check_message_id(name)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    wrong: dict[str, Any] = {
        "type": "",
        "subject": 5,
        "priority": 99,
        "time": "now",
        "extensions": {"Ä": 1, "ok": 1},
    }
    with pytest.raises(InvalidMessage) as caught:
        Envelope(app=AppId("no name"), source_app=AppId("ok"), **wrong)
    assert {field for field, _ in caught.value.details} == {
        "app", "type", "subject", "priority", "time", "extensions.Ä",
    }  # fmt: skip
    assert all(field in str(caught.value) for field, _ in caught.value.details)


@pytest.mark.parametrize(
    ("extensions", "right"),
    [
        ({"a": "x"}, True), ({"a1b2": True}, True), ({"n": 2**31 - 1}, True), ({"n": -(2**31)}, True),
        ({"abcdefghijklmnopqrst": "20 characters"}, True), ({"abcdefghijklmnopqrstu": "21"}, False),
        ({"A": "x"}, False), ({"a-b": "x"}, False), ({"1a": "x"}, False), ({"": "x"}, False),
        ({"n": 2**31}, False), ({"n": 1.0}, False), ({"n": None}, False), ({"n": [1]}, False), ({"n": ""}, False),
        *(({name: "x"}, False) for name in ("id", "data", "specversion", "priority", "partitionkey", "time")),
    ],
    ids=str,
)  # fmt: skip
def test_extensions_follow_cloudevents(extensions: dict[str, Any], *, right: bool) -> None:
    """Source: CloudEvents 1.0.2, "Attribute Naming Convention" and "Type System"."""
    if right:
        assert Envelope(app=AppId("a"), source_app=AppId("b"), extensions=extensions).extensions == extensions
    else:
        with pytest.raises(InvalidMessage, match="extensions"):
            Envelope(app=AppId("a"), source_app=AppId("b"), extensions=extensions)


@given(st.datetimes(timezones=st.timezones() | st.none()))
def test_instants_are_aware_and_within_the_calendar(moment: datetime) -> None:
    issue = instant_issue(moment)
    if moment.utcoffset() is None:
        assert issue is not None
        return
    try:
        moment.astimezone(UTC)
    except OverflowError:
        assert issue is not None
    else:
        assert issue is None


@pytest.mark.parametrize(
    "moment",
    [
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=1))),
        "2026-01-01", 5, None,
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_instant_is_told(moment: Any) -> None:
    assert instant_issue(moment) is not None


def test_a_message_is_immutable_and_can_be_copied_and_pickled() -> None:
    message = Message(MessageId("1"), "s", "t", {"a": [1]}, NOW, extensions={"x": "y"})
    with pytest.raises(AttributeError):
        message.priority = 9  # type: ignore[misc]  # it is frozen, and so says the type checker
    assert copy.deepcopy(message) == pickle.loads(pickle.dumps(message)) == message  # noqa: S301 - our own


def test_what_the_sender_left_out_is_filled_in() -> None:
    draft, envelope = Draft(MessageId("1"), "5", None, 5), Envelope(app=AppId("a"), source_app=AppId("shop"))
    message = sent_message(draft, envelope, row_id=7, sent_at=NOW)
    assert (message.source, message.time, message.datacontenttype) == ("shop", NOW, "application/json")
    assert (message.type, message.priority, message.extensions) == ("crossdock.message", 4, {})


class TestSentMessage:
    """What a send returns is filled in when it is looked at; nobody may notice."""

    def sent(self) -> SentMessage:
        envelope = Envelope(app=AppId("validator"), source_app=AppId("shop"), priority=7, subject="order 17")
        draft = Draft(MessageId("m-1"), '{"order":17}', None, {"order": 17})
        return sent_message(draft, envelope, row_id=7, sent_at=NOW)

    def full(self) -> SentMessage:
        return SentMessage(
            id=MessageId("m-1"), source="shop", type="crossdock.message", data={"order": 17}, time=NOW,
            subject="order 17", priority=7, row_id=7, app=AppId("validator"),
        )  # fmt: skip

    def test_equals_the_message_with_all_its_fields(self) -> None:
        assert self.sent() == self.full()
        assert repr(self.sent()) == repr(self.full())

    @pytest.mark.parametrize("field", [field.name for field in fields(SentMessage) if field.init])
    def test_each_field_may_be_looked_at_first(self, field: str) -> None:
        assert getattr(self.sent(), field) == getattr(self.full(), field)

    def test_survives_pickle_and_copy(self) -> None:
        assert pickle.loads(pickle.dumps(self.sent())) == self.full()  # noqa: S301 - our own
        assert copy.deepcopy(self.sent()) == self.full()
        assert replace(self.sent(), priority=1).priority == 1

    def test_has_no_other_attributes_and_never_changes(self) -> None:
        with pytest.raises(AttributeError, match="prioritty"):
            self.sent().prioritty  # type: ignore[attr-defined]  # noqa: B018 - the misspelling is the point
        with pytest.raises(FrozenInstanceError):
            self.sent().priority = 1  # type: ignore[misc]
