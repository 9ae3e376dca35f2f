"""A program that sends in frames, and is told what is stored."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from crossdock.domain.errors import EndOfInput, InvalidMessage, NotConnected
from crossdock.domain.message import Message
from crossdock.ports.inbound import InboundAdapter, Refusal
from tests.adapters.process.case import Notices, inbound, listening, number_in, run, script, taken, until
from tests.whole_lines import whole_lines

CHILD = """
import json, os, sys

greeting = json.loads(sys.stdin.readline())
print(json.dumps({"jsonrpc": "2.0", "id": greeting["id"], "result": {"protocol": 1}}), flush=True)
with open("pid", "w") as file:
    file.write(f"{os.getpid()}\\n")
sends = json.loads(os.environ["SENDS"])
for number, params in enumerate(sends):
    print(json.dumps({"jsonrpc": "2.0", "id": number, "method": "send", "params": params}), flush=True)
waiting = len(sends)
for line in sys.stdin:
    frame = json.loads(line)
    if frame.get("method") == "shutdown":
        break
    with open("answers", "a") as file:
        file.write(line)
    waiting -= 1
    if not waiting and "LEAVES" in os.environ:
        sys.exit(int(os.environ["LEAVES"]))
"""
EVENT = {"specversion": "1.0", "id": "e-1", "source": "till/3", "type": "order.placed", "data": {"no": 1}}


def program(folder: Path, sends: list[Any], *, leaves: int | None = None, **settings: Any) -> InboundAdapter:
    environment = {"SENDS": json.dumps(sends)} | ({} if leaves is None else {"LEAVES": str(leaves)})
    command = script(folder, "child.py", CHILD)
    return inbound(folder, Notices(), process=command, mode="rpc", environment=environment, **settings)


def answers(folder: Path) -> list[Any]:
    return [json.loads(line) for line in whole_lines(folder / "answers")]


async def received(adapter: InboundAdapter, count: int) -> Any:
    """Receive, as long as it takes until so many have come."""
    while True:
        receipt = await adapter.receive()
        if len(receipt.items) == count:
            return receipt
        await asyncio.sleep(0.005)


def test_what_it_sends_is_answered_once_it_is_stored(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 7}, {"event": EVENT}])) as adapter:
            receipt = await received(adapter, 2)
            assert receipt.items[0] == 7
            assert isinstance(receipt.items[1], Message)
            assert receipt.items[1].id == "e-1"
            assert answers(tmp_path) == []
            await receipt.ack()
            await until(lambda: len(answers(tmp_path)) == 2, "both are answered")

    run(main())
    assert answers(tmp_path) == [{"jsonrpc": "2.0", "id": number, "result": None} for number in (0, 1)]


def test_what_was_not_stored_is_given_again_and_not_answered(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 7}])) as adapter:
            await (await received(adapter, 1)).nack(RuntimeError("the store is away"))
            await (await received(adapter, 1)).ack()
            await until(lambda: len(answers(tmp_path)) == 1, "it is answered once")

    run(main())


def test_what_the_hub_refuses_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 1}, {"data": 2}])) as adapter:
            refused = [Refusal(1, InvalidMessage.of("data", "is even"))]
            await (await received(adapter, 2)).ack(refused)
            await until(lambda: len(answers(tmp_path)) == 2, "both are answered")

    run(main())
    good, bad = answers(tmp_path)
    assert good["result"] is None
    assert bad["error"]["code"] == -32602
    assert bad["error"]["data"] == {
        "code": "INVALID_MESSAGE",
        "details": [{"field": "data", "issue": "is even"}],
    }


@pytest.mark.parametrize(
    "params",
    [{}, {"data": 1, "event": EVENT}, {"event": 1}, {"event": {**EVENT, "id": ""}}, {"data": 1, "x": 2}],
)
def test_a_send_that_is_none_is_refused_at_once(tmp_path: Path, params: Any) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [params, {"data": 2}])) as adapter:
            assert await taken(adapter, 1) == [2]
            await until(lambda: len(answers(tmp_path)) == 2, "both are answered")

    run(main())
    assert answers(tmp_path)[0]["error"]["data"]["code"] == "INVALID_MESSAGE"


def test_a_program_that_sends_faster_than_can_be_stored_waits(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": number} for number in range(5000)])) as adapter:
            receipt = await adapter.receive()
            largest = 0
            for _ in range(50):
                await asyncio.sleep(0.005)
                largest = max(largest, len((await adapter.receive()).items))
            assert largest < 3000
            await receipt.ack()
            rest = await taken(adapter, 5000 - len(receipt.items))
            assert [*receipt.items, *rest] == list(range(5000))
            await until(lambda: len(answers(tmp_path)) == 5000, "all are answered")

    run(main())


def test_what_a_killed_program_sent_it_must_send_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 7}])) as adapter:
            await received(adapter, 1)
            pid = await until(lambda: number_in(tmp_path / "pid"), "it runs")
            os.kill(pid, signal.SIGKILL)
            await until(lambda: adapter._peer.over, "its end is known")  # type: ignore[attr-defined]  # no other way
            await (await adapter.receive()).ack()
            with pytest.raises(NotConnected, match="killed by SIGKILL"):
                await adapter.receive()
            await adapter.connect({})
            assert await taken(adapter, 1) == [7]

    run(main())


def test_a_program_that_ends_in_good_order_is_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 7}], leaves=0)) as adapter:
            assert await taken(adapter, 1) == [7]
            with pytest.raises(EndOfInput):
                await adapter.receive()

    run(main())


def test_a_program_that_is_to_be_started_again_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 7}], leaves=0, every="1ms")) as adapter:
            assert await taken(adapter, 3) == [7, 7, 7]

    run(main())


def test_a_program_that_is_to_finish_is_told_of_what_was_taken(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(program(tmp_path, [{"data": 7}])) as adapter:
            receipt = await received(adapter, 1)
            await adapter.finish()
            assert (await adapter.receive()).items == [7]
            await receipt.ack()
            with pytest.raises(EndOfInput):
                await adapter.receive()

    run(main())
    assert [answer["result"] for answer in answers(tmp_path)] == [None]
