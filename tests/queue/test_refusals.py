"""What a queue refuses to take in: each wrong value is named, and nothing is stored."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crossdock import InvalidMessage, Queue

if TYPE_CHECKING:
    from collections.abc import Iterator

FOREVER = timedelta.max


@pytest.fixture
def queue() -> Iterator[Queue]:
    with Queue.testing() as opened:
        yield opened


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        ({"priority": 10}, ["priority"]),
        ({"priority": -1}, ["priority"]),
        ({"priority": True}, ["priority"]),
        ({"priority": 5.0}, ["priority"]),
        ({"source_app": "no name"}, ["source_app"]),
        ({"type": "\x00"}, ["type"]),
        ({"source": "", "type": ""}, ["source", "type"]),
        ({"partition_key": "a\ud800"}, ["partition_key"]),
        ({"time": datetime(2026, 1, 1)}, ["time"]),  # noqa: DTZ001
        ({"available_at": datetime(2026, 1, 1)}, ["available_at"]),  # noqa: DTZ001
        ({"expires_at": "tomorrow"}, ["expires_at"]),
        ({"extensions": {"Bad": "x", "data": "y"}}, ["extensions.Bad", "extensions.data"]),
        ({"extensions": {"n": 2**31}}, ["extensions.n"]),
        ({"extensions": {"x": 1.5}}, ["extensions.x"]),
        ({"delay": timedelta(seconds=-1)}, ["delay"]),
        ({"delay": 5}, ["delay"]),
        ({"delay": FOREVER}, ["delay"]),
        ({"delay": timedelta(1), "available_at": datetime(2026, 1, 1, tzinfo=UTC)}, ["delay"]),
        ({"message_id": ""}, ["message_id"]),
        ({"message_id": "x" * 513}, ["message_id"]),
        ({"message_id": "a\nb"}, ["message_id"]),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, list) else None,
)
def test_wrong_option_is_refused_and_named(queue: Queue, options: dict[str, Any], fields: list[str]) -> None:
    with pytest.raises(InvalidMessage) as caught:
        queue.send("app", 1, **options)
    assert [field for field, _ in caught.value.details] == fields
    assert queue.list() == []


@pytest.mark.parametrize("name", ["", "two words", "-dash", "a" * 129, "über", "a/b", None, 5])
def test_wrong_app_is_refused(queue: Queue, name: Any) -> None:
    with pytest.raises(InvalidMessage, match="app"):
        queue.send(name, 1)
    with pytest.raises(InvalidMessage, match="app"):
        queue.claim(name)


@pytest.mark.parametrize(
    "data",
    [float("nan"), float("inf"), {"a": {1, 2}}, object(), {("a",): 1}, 10**5000],
    ids=["NaN", "infinity", "set", "object", "tuple-as-key", "5000-digits"],
)
def test_what_is_no_json_value_is_refused(queue: Queue, data: Any) -> None:
    with pytest.raises(InvalidMessage, match="data"):
        queue.send("app", data)
    assert queue.list() == []


def test_endless_nesting_is_refused(queue: Queue) -> None:
    data: list[Any] = []
    data.append(data)
    with pytest.raises(InvalidMessage, match="data"):
        queue.send("app", data)


def test_more_than_64_mib_are_refused(queue: Queue) -> None:
    with pytest.raises(InvalidMessage, match="67108865"):
        queue.send("app", bytes(64 * 1024 * 1024 + 1))
