"""Apps that name another for what fails with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from crossdock import ConfigError, Hub, Message, PermanentError, Queue, Status
from crossdock.config import load
from tests.app.case import AT_ONCE, ONCE, data_of, only
from tests.app.cpu_handlers import obey

CONFIGURATION = """
[store]
url = "sqlite:///work.db"

[apps.app]
fallback = "rescue"

[apps.rescue]
"""


def test_handler_of_the_fallback_gets_what_failed(hub: Hub, queue: Queue) -> None:
    @hub.app("app", retry=ONCE, fallback="rescue", next=["done"])
    async def work(message: Message) -> dict[str, Any]:
        if message.data == "bad":
            raise OSError("gone")
        return {"was": message.data}

    @hub.app("rescue")
    async def rescue(message: Message) -> None:
        rescued.append((message.data, message.extensions["failedreason"], message.correlationid))

    rescued: list[Any] = []
    queue.send_many("app", ["good", "bad"])
    hub.run(wait=AT_ONCE)
    [bad] = [record for record in queue.list("app") if record.status is Status.FAILED]
    assert rescued == [("bad", "gave up after 1 attempt: OSError: gone", bad.message.id)]
    assert data_of(queue, "done") == [{"was": "good"}]
    assert only(queue, "rescue").status is Status.COMPLETED


def test_rule_that_nobody_says_any_more_ends_with_the_next_run(queue: Queue) -> None:
    for fallback in ("rescue", None):
        hub = Hub(queue)

        @hub.app("app", fallback=fallback)
        async def work(message: Message) -> None:
            raise PermanentError("no")

        hub.run(wait=AT_ONCE)
        assert queue.stats("app")["app"].fallback == fallback


def test_loop_is_refused_before_anything_runs(hub: Hub) -> None:
    @hub.app("app", fallback="rescue")
    async def work(message: Message) -> None: ...

    @hub.app("rescue", fallback="app")
    async def rescue(message: Message) -> None: ...

    with pytest.raises(ConfigError, match="go round for ever: app -> rescue -> app"):
        hub.run(wait=AT_ONCE)


def test_configuration_names_it(tmp_path: Path) -> None:
    (tmp_path / "crossdock.toml").write_text(CONFIGURATION, encoding="utf-8")
    with Queue.from_config(tmp_path / "crossdock.toml") as queue:
        queue.send("app", 1)
        with queue.consume_one("app") as delivery:
            assert delivery is not None
            delivery.fail("no")
        assert only(queue, "rescue").message.data == 1


def test_configuration_with_a_loop_is_refused(tmp_path: Path) -> None:
    text = CONFIGURATION + 'fallback = "app"\n[apps.before]\nfallback = "app"\n'
    (tmp_path / "crossdock.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "crossdock.toml")
    told = str(caught.value).splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in told] == [
        "apps.app.fallback",
        "apps.rescue.fallback",
    ]
    assert "app -> rescue -> app" in told[0]


def test_worker_that_is_killed_hands_over_once(tmp_path: Path) -> None:
    with Queue(f"sqlite:///{tmp_path}/work.db") as queue:
        hub = Hub(queue)
        hub.app("app", cpu=True, fallback="rescue")(obey)
        queue.send("app", {"do": "kill"})
        hub.run(wait=AT_ONCE)
        [record] = queue.list("rescue")
        assert record.message.extensions["failedcode"] == "CRASHED"
