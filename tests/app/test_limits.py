"""Limits of an app that hold for all processes together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from crossdock import ConfigError, Hub, Message, Queue, Rate, Status
from tests.app.case import AT_ONCE


def test_lanes_beyond_the_limit_stay_empty(hub: Hub, queue: Queue) -> None:
    busy: list[int] = []
    most: list[int] = []

    @hub.app("app", concurrency=8, max_processing=3)
    async def work(message: Message) -> None:
        busy.append(message.data)
        most.append(len(busy))
        assert queue.stats("app")["app"].processing <= 3
        await asyncio.sleep(0.005)
        busy.remove(message.data)

    queue.send_many("app", range(30))
    hub.run(wait=AT_ONCE)
    assert max(most) <= 3
    assert all(record.status is Status.COMPLETED for record in queue.list("app"))


def test_rate_is_read_from_words(hub: Hub, queue: Queue) -> None:
    @hub.app("app", rate="1000/s")
    async def work(message: Message) -> None: ...

    queue.send_many("app", range(30))
    hub.run(wait=AT_ONCE)
    assert queue.stats("app")["app"].completed == 30
    assert queue.stats("app")["app"].rate == Rate.parse("1000/s")


@pytest.mark.parametrize(("option", "wrong"), [("rate", "fast"), ("max_processing", 0), ("max_depth", "x")])
def test_wrong_limit_is_refused(hub: Hub, option: str, wrong: Any) -> None:
    with pytest.raises(ConfigError, match=f"{option} of 'app' is"):
        hub.app("app", **{option: wrong})(print)
