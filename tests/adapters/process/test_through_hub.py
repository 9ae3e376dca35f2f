"""Programs as apps of a hub: what the configuration says is what happens."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import ConfigError, Hub
from tests.adapters.process.case import script

SOON = timedelta(seconds=1)
Configure = Callable[[str], Hub]
CHILD = """
import json, os, sys
for line in sys.stdin:
    frame = json.loads(line)
    match frame["method"]:
        case "initialize":
            result = {"protocol": 1}
        case "deliver" if frame["params"]["event"]["data"]["n"] == 3:
            os._exit(9)
        case "deliver":
            result = {"n": frame["params"]["event"]["data"]["n"], "rich": True}
        case _:
            break
    print(json.dumps({"jsonrpc": "2.0", "id": frame["id"], "result": result}), flush=True)
"""


@pytest.fixture
def configure(tmp_path: Path) -> Iterator[Configure]:
    """Make a hub on a configuration; what it opened is closed."""
    made: list[Hub] = []

    def configure(text: str) -> Hub:
        (tmp_path / "crossdock.toml").write_text(text, encoding="utf-8")
        made.append(Hub(tmp_path / "crossdock.toml"))
        return made[-1]

    yield configure
    for hub in made:
        hub.close()


def data_of(hub: Hub, app: str) -> list[Any]:
    return [record.message.data for record in hub.queue.list(app)]


def test_a_message_goes_through_a_program_to_the_next_app(configure: Configure) -> None:
    hub = configure(
        """
        [apps.enricher]
        outbound = { process = ["cat"], exit_codes = { 3 = "permanent" } }
        next = ["warehouse"]
        """
    )
    sent = hub.queue.send("enricher", {"order": 7})
    hub.run(wait=SOON)
    [record] = hub.queue.list("warehouse")
    assert (record.message.data, record.message.correlationid) == ({"order": 7}, sent.id)
    assert record.source_app == "enricher"


def test_a_message_over_which_a_program_dies_is_a_dead_letter_and_the_others_go_on(
    configure: Configure, tmp_path: Path
) -> None:
    command = json.dumps(script(tmp_path, "child.py", CHILD))
    hub = configure(
        f"""
        [apps.enricher]
        outbound = {{ process = {command}, mode = "rpc", workers = 2 }}
        concurrency = 4
        next = ["warehouse"]
        """
    )
    hub.queue.send_many("enricher", [{"n": number} for number in range(10)])
    hub.run(wait=SOON)
    assert sorted(data["n"] for data in data_of(hub, "warehouse")) == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    [dead] = hub.queue.list("enricher", status="failed")
    assert dead.error is not None
    assert (dead.message.data, dead.error.code, dead.crashes) == ({"n": 3}, "CRASHED", 3)
    assert dead.error.message.startswith("what worked on this message died 3 times; the last time: ")
    assert dead.error.message.endswith(": exit code 9")


def test_a_program_that_takes_too_long_is_killed_and_its_message_tried_again(configure: Configure) -> None:
    hub = configure(
        """
        [apps.slow]
        outbound = { process = ["sleep", "1000"] }
        timeout = "100ms"
        retry = { max_attempts = 2, backoff = "1ms..1ms" }
        """
    )
    hub.queue.send("slow", {})
    hub.run(wait=SOON)
    [dead] = hub.queue.list("slow", status="failed")
    assert dead.error is not None
    assert (dead.attempts, dead.error.code) == (2, "ATTEMPTS_EXHAUSTED")
    assert "timeout of 0.1 s" in dead.error.message


def test_the_lines_of_a_program_are_the_messages_of_its_app(configure: Configure) -> None:
    hub = configure(
        """
        [apps.till]
        inbound = { process = ["seq", "1000"] }
        next = ["warehouse"]
        """
    )
    hub.run(wait=SOON)
    assert data_of(hub, "warehouse")[:3] == [1, 2, 3]
    assert hub.queue.stats("warehouse")["warehouse"].ready == 1000


@pytest.mark.parametrize(
    ("outbound", "words"),
    [
        ('{ process = "cat" }', 'expected an array with a program and its arguments, such as ["python3"'),
        ('{ process = ["cat", "{x}"] }', "argument '{x}': there is no {x}; there are {id}"),
        ('{ process = ["cat"], exit_codes = { 3 = "bad" } }', "expected"),
        ('{ process = ["cat"], timeout = "3s" }', "unknown key"),
    ],
)
def test_a_wrong_setting_is_explained(configure: Configure, outbound: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configure(f"[apps.enricher]\noutbound = {outbound}\n")
    assert "apps.enricher.outbound" in str(caught.value)
    assert words in str(caught.value)


def test_the_interpreter_of_the_hub_is_a_program_like_any_other(configure: Configure) -> None:
    hub = configure(
        f"""
        [apps.upper]
        outbound = {{ process = ["{sys.executable}", "-c", "print(input().upper())"], output = "text" }}
        """
    )
    sent = hub.queue.send("upper", "hello")
    hub.run(wait=SOON)
    assert hub.queue.get(sent.id).result == '"HELLO"\n'
