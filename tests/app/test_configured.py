"""Apps that the configuration names, alone and together with those of a program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import ConfigError, Hub, Message, RetryPolicy
from tests.app.case import AT_ONCE, data_of, only

Configure = Callable[[str], Hub]


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a hub on a configuration; what it opened is closed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[Hub] = []

    def configure(text: str) -> Hub:
        (tmp_path / "crossdock.toml").write_text(text, encoding="utf-8")
        made.append(Hub(tmp_path / "crossdock.toml"))
        return made[-1]

    yield configure
    for hub in made:
        hub.close()


def test_configuration_holds_in_place_of_what_the_program_says(configure: Configure) -> None:
    hub = configure(
        '[apps.app]\nnext = ["second"]\nconcurrency = 3\ntimeout = "50ms"\nretry = { max_attempts = 1 }\n'
    )
    now, most = set[int](), list[int]()

    @hub.app("app", next=["first"], timeout=timedelta(hours=1), retry=RetryPolicy(max_attempts=9))
    async def work(message: Message) -> dict[str, Any]:
        now.add(message.data)
        most.append(len(now))
        await asyncio.sleep(60 if message.data == 0 else 0.01)
        now.discard(message.data)
        return {"n": message.data}

    hub.queue.send_many("app", range(6))
    hub.run(wait=AT_ONCE)
    assert max(most) == 3
    assert data_of(hub.queue, "first") == []
    assert sorted(answer["n"] for answer in data_of(hub.queue, "second")) == [1, 2, 3, 4, 5]
    [dead] = hub.queue.list("app", status="failed")
    assert "timeout of 0.05 s" in dead.error.message  # type: ignore[union-attr]


def test_what_the_configuration_leaves_out_is_as_the_program_says(configure: Configure) -> None:
    hub = configure("[apps.app]\nconcurrency = 2\n")

    @hub.app("app", next=["out"])
    async def work(message: Message) -> dict[str, Any]:
        return {}

    hub.queue.send("app", 1)
    hub.run(wait=AT_ONCE)
    assert data_of(hub.queue, "out") == [{}]


def test_app_without_a_handler_subscribes_by_configuration(configure: Configure) -> None:
    """Its queue is worked on by another program."""
    hub = configure('[apps.ledger]\nsubscribe = [{ source = "shop" }]\n')

    @hub.app("shop")
    async def shop(message: Message) -> dict[str, Any]:
        return {"sold": message.data}

    hub.queue.send("shop", 7)
    hub.run(wait=AT_ONCE)
    assert data_of(hub.queue, "ledger") == [{"sold": 7}]


def test_handler_of_the_configuration_runs_in_a_process_if_it_says_so(configure: Configure) -> None:
    hub = configure('[apps.app]\noutbound = { python = "tests.app.cpu_handlers:tell_process", cpu = true }\n')
    hub.queue.send("app", 1)
    hub.run(wait=AT_ONCE)
    assert only(hub.queue, "app").result["n"] == 1


def test_app_has_one_handler(configure: Configure) -> None:
    hub = configure('[apps.app]\noutbound = { python = "tests.app.cpu_handlers:obey" }\n')
    with pytest.raises(ConfigError, match="'app' has a handler already"):
        hub.app("app")(lambda message: None)
