"""A program whose lines are messages."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from crossdock.adapters.process import rejected
from crossdock.domain.errors import EndOfInput, InvalidMessage, NotConnected
from crossdock.domain.message import Message
from crossdock.ports.inbound import Refusal
from tests.adapters.process.case import Notices, inbound, listening, lives, number_in, run, taken, until

SHELL = ["sh", "-c"]
EVENT = json.dumps({
    "specversion": "1.0", "id": "e-1", "source": "till/3", "type": "order.placed", "data": {"no": 1}, "tenant": "x",
})  # fmt: skip


def set_aside(folder: Path, name: str = "orders.rejected.jsonl") -> list[dict[str, Any]]:
    path = folder / name
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_each_line_is_a_message_and_the_end_is_the_end(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text(f'{{"no": 1}}\n\n7\n"text"\n{EVENT}\nnull')

    async def main() -> list[Any]:
        async with listening(inbound(tmp_path, process=["cat", "lines"])) as adapter:
            items = await taken(adapter, 5)
            with pytest.raises(EndOfInput, match="cat has ended"):
                await adapter.receive()
            return items

    *plain, event, last = run(main())
    assert (plain, last) == ([{"no": 1}, 7, "text"], None)
    assert isinstance(event, Message)
    assert (event.id, event.source, event.data, event.extensions) == (
        "e-1",
        "till/3",
        {"no": 1},
        {"tenant": "x"},
    )


def test_it_declares_that_a_pipe_gives_nothing_twice(tmp_path: Path) -> None:
    assert not inbound(tmp_path, process=["cat"]).capabilities.redelivers
    assert inbound(tmp_path, process=["cat"], mode="rpc").capabilities.redelivers


def test_what_was_not_stored_is_given_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(inbound(tmp_path, process=["seq", "3"])) as adapter:
            receipt = await adapter.receive()
            await receipt.nack(RuntimeError("the store is away"))
            assert (await adapter.receive()).items == receipt.items == [1, 2, 3]

    run(main())


def test_nothing_more_is_read_before_what_was_read_is_stored(tmp_path: Path) -> None:
    """A program that writes on and on stops at the full pipe, and a receipt is not larger than a chunk of it."""

    async def main() -> None:
        async with listening(inbound(tmp_path, process=["yes", "1234567"])) as adapter:
            receipt = await adapter.receive()
            assert len(receipt.items) <= 65536 // 8
            assert len((await adapter.receive()).items) == len(receipt.items)

    run(main())


def test_lines_arrive_while_the_program_runs_on(tmp_path: Path) -> None:
    async def main() -> None:
        command = [*SHELL, "echo 1; while ! test -e more; do sleep 0.01; done; printf 2; echo 3; sleep 1000"]
        async with listening(inbound(tmp_path, process=command)) as adapter:
            assert await taken(adapter, 1) == [1]
            waiting = asyncio.create_task(taken(adapter, 1))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            (tmp_path / "more").touch()
            assert await taken(adapter, 1) == [23]

    run(main())


@pytest.mark.parametrize(
    ("line", "issue"),
    [
        (b"no json", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 3000, "not JSON"),
        (b'{"specversion": "1.0", "id": "", "source": "s", "type": "t"}', "no event: id: '' is not text"),
        (b'{"specversion": "3", "id": "1", "source": "s", "type": "t"}', "no event: specversion"),
    ],
)
def test_a_line_that_is_no_message_is_set_aside_and_the_others_go_on(
    tmp_path: Path, line: bytes, issue: str
) -> None:
    (tmp_path / "lines").write_bytes(b"1\n" + line + b"\n2\n")
    notices = Notices()

    async def main() -> None:
        async with listening(inbound(tmp_path, notices, process=["cat", "lines"])) as adapter:
            assert await taken(adapter, 2) == [1, 2]

    run(main())
    [bad] = set_aside(tmp_path)
    kept = base64.b64decode(bad["line_base64"]) if "line_base64" in bad else bad["line"].encode()
    assert kept == line
    assert bad["issue"].startswith(issue)
    assert bad["app"] == "orders"
    [told] = notices.of("process.line_rejected")
    assert f"1 line set aside in {tmp_path / 'orders.rejected.jsonl'}" in told


def test_of_a_line_that_is_too_long_the_beginning_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("1\n" + "x" * 500_000 + "\n2\n" + "y" * 200_000)

    async def main() -> None:
        settings = {"process": ["cat", "lines"], "max_output": 1000, "rejected": "bad.jsonl"}
        async with listening(inbound(tmp_path, **settings)) as adapter:
            assert await taken(adapter, 2) == [1, 2]
            with pytest.raises(EndOfInput):
                await adapter.receive()

    run(main())
    found = set_aside(tmp_path, "bad.jsonl")
    assert [one["line"] for one in found] == ["x" * 1000, "y" * 1000]
    assert "a line of more than max_output, 1000 bytes; its beginning" in found[0]["issue"]


def test_what_the_hub_refuses_is_set_aside(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(inbound(tmp_path, process=["seq", "3"])) as adapter:
            receipt = await adapter.receive()
            await receipt.ack([Refusal(1, InvalidMessage.of("data", "is even"))])

    run(main())
    [bad] = set_aside(tmp_path)
    assert (bad["line"], bad["issue"]) == ("2", "data: is even")


def test_while_nothing_can_be_set_aside_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejected, "_AGAIN_S", 0.01)
    monkeypatch.setattr(rejected, "MOST_BYTES", 10)
    path = tmp_path / "orders.rejected.jsonl"
    path.write_text("what was set aside before\n")
    notices = Notices()

    async def main() -> None:
        async with listening(inbound(tmp_path, notices, process=[*SHELL, "echo bad; echo 1"])) as adapter:
            work = asyncio.create_task(taken(adapter, 1))
            await until(lambda: notices.of("process.rejected_full"), "it is told")
            assert not work.done()
            path.rename(tmp_path / "looked-at")
            assert await work == [1]

    run(main())
    assert [one["line"] for one in set_aside(tmp_path)] == ["bad"]


def test_a_program_that_fails_is_to_be_started_again(tmp_path: Path) -> None:
    async def main() -> None:
        command = [*SHELL, "printf '1\n2'; echo no network >&2; exit 3"]
        async with listening(inbound(tmp_path, process=command)) as adapter:
            assert await taken(adapter, 1) == [1]
            with pytest.raises(NotConnected, match="sh: exit code 3: no network"):
                await adapter.receive()
            await adapter.connect({})
            assert await taken(adapter, 1) == [1]

    run(main())
    [bad, *_] = set_aside(tmp_path)
    assert (bad["line"], bad["issue"]) == ("2", "broken off: exit code 3")


def test_a_poller_is_started_again_and_again(tmp_path: Path) -> None:
    async def main() -> None:
        command = [*SHELL, "echo run >> runs; wc -l < runs"]
        adapter = inbound(tmp_path, process=command, every="200ms")
        began = time.monotonic()
        async with listening(adapter):
            assert await taken(adapter, 3) == [1, 2, 3]
        assert time.monotonic() - began >= 0.4

    run(main())


def test_a_poller_that_takes_long_waits_for_its_end(tmp_path: Path) -> None:
    async def main() -> None:
        command = [*SHELL, "mkdir alone || exit 9; sleep 0.1; rmdir alone; echo 1"]
        async with listening(inbound(tmp_path, process=command, every="1ms")) as adapter:
            assert await taken(adapter, 3) == [1, 1, 1]

    run(main())


def test_close_kills_the_program(tmp_path: Path) -> None:
    async def main() -> int:
        command = [*SHELL, 'trap "" TERM; echo $$ > pid; echo 1; sleep 1000']
        async with listening(inbound(tmp_path, process=command)) as adapter:
            await taken(adapter, 1)
            pid = number_in(tmp_path / "pid")
            assert pid is not None
            assert lives(pid)
            return pid

    assert not lives(run(main()))


def test_a_program_that_is_not_there_is_told_when_connecting(tmp_path: Path) -> None:
    async def main() -> None:
        async with listening(inbound(tmp_path, process=["no-such-program"])):
            raise AssertionError("it connected")

    with pytest.raises(NotConnected, match="there is no program 'no-such-program' in PATH"):
        run(main())


def test_a_program_that_is_to_finish_has_all_taken_that_it_has_written(tmp_path: Path) -> None:
    async def main() -> None:
        command = [*SHELL, 'trap "echo last; exit 143" TERM; seq 1000; while :; do sleep 0.01; done']
        async with listening(inbound(tmp_path, process=command)) as adapter:
            receipt = await adapter.receive()
            await adapter.finish()
            await receipt.ack()
            rest = await taken(adapter, 1000 - len(receipt.items)) if len(receipt.items) < 1000 else []
            assert [*receipt.items, *rest][:1000] == list(range(1, 1001))
            with pytest.raises(EndOfInput):
                await adapter.receive()

    run(main())
    assert [one["line"] for one in set_aside(tmp_path)] == ["last"]


def test_a_program_that_is_to_finish_and_stays_is_killed(tmp_path: Path) -> None:
    async def main() -> None:
        command = [*SHELL, 'trap "" TERM; echo 1; while :; do sleep 0.01; done']
        async with listening(inbound(tmp_path, process=command, grace="50ms")) as adapter:
            assert await taken(adapter, 1) == [1]
            await adapter.finish()
            with pytest.raises(EndOfInput):
                await adapter.receive()

    run(main())
