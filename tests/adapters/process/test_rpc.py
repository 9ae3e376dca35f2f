"""Programs that stay, and speak frames."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock.domain.errors import (
    ConfigError,
    CredentialError,
    DeliveryError,
    InvalidMessage,
    NotConnected,
    PermanentError,
    ProcessDied,
    RateLimited,
    TransientError,
)
from crossdock.ports.outbound import OutboundAdapter
from tests.adapters.process.case import (
    Notices,
    connected,
    delivered,
    lives,
    message,
    number_in,
    open_files,
    outbound,
    run,
    script,
    until,
)

CHILD = """
import json, os, signal, sys, time
from pathlib import Path

greeting = json.loads(os.environ.get("GREETING", '{"protocol": 1}'))
way = os.environ.get("WAY", "")
held = []


def tell(frame):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **frame}) + "\\n")
    sys.stdout.flush()


if way == "says much":
    for number in range(200):
        print("said", number, file=sys.stderr)
    sys.stderr.flush()
if way == "exits at once":
    sys.exit("no licence")
if way == "stays":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
for line in sys.stdin:
    frame = json.loads(line)
    with open("frames", "a") as file:
        file.write(line)
    number, params = frame.get("id"), frame["params"]
    if frame["method"] == "initialize":
        if way == "does not answer":
            time.sleep(1000)
        tell({"id": number, "result": greeting})
        with open(f"child.{os.getpid()}", "w") as file:
            file.write(f"{os.getpid()}\\n")
        continue
    if frame["method"] == "shutdown":
        if way != "stays":
            break
        continue
    data = params["event"]["data"]
    match data.get("do"):
        case "fail":
            tell({"id": number, "error": data["error"]})
        case "exit":
            print("out of cheese", file=sys.stderr)
            sys.stderr.flush()
            os._exit(data["code"])
        case "hang":
            print("hanging", file=sys.stderr, flush=True)
            time.sleep(1000)
        case "write":
            sys.stdout.write(data["text"])
            sys.stdout.flush()
        case "close":
            os.close(1)
            time.sleep(1000)
        case "ask":
            tell({"id": "mine", "method": "whatever", "params": {}})
            tell({"method": "log", "params": {"text": "hello"}})
            said = json.loads(sys.stdin.readline())
            tell({"id": number, "result": said})
        case "hold":
            held.append(number)
            if len(held) == data["count"]:
                while held:
                    tell({"id": held.pop(), "result": {"pid": os.getpid()}})
        case _:
            tell({"id": number, "result": {"pid": os.getpid(), **data}})
if way == "stays":
    time.sleep(1000)
"""


def program(
    folder: Path, notices: Notices | None = None, *, way: str = "", greeting: str = "", **settings: Any
) -> Any:
    environment = {"WAY": way} | ({"GREETING": greeting} if greeting else {})
    command = script(folder, "child.py", CHILD)
    return outbound(folder, notices, process=command, mode="rpc", environment=environment, **settings)


def children(folder: Path) -> list[int]:
    """Return the children that have been greeted and live."""
    pids = [number_in(path) for path in folder.glob("child.*") if path.suffix != ".py"]
    return [pid for pid in pids if pid is not None and lives(pid)]


def one(adapter: OutboundAdapter, **data: Any) -> Any:
    return delivered(adapter, message(data))


def test_a_program_serves_many_messages(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            answers = [(await one(adapter, n=number)).answer for number in range(20)]
        assert [answer["n"] for answer in answers] == list(range(20))
        assert len({answer["pid"] for answer in answers}) == 1
        assert children(tmp_path) == []

    run(main())


def test_it_is_greeted_and_told_to_end(tmp_path: Path) -> None:
    given = message({"n": 1}, subject="s")

    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            await delivered(adapter, given, attempt=3)

    run(main())
    greeting, deliver, shutdown = map(json.loads, (tmp_path / "frames").read_text().splitlines())
    assert greeting["params"]["protocol"] == 1
    assert greeting["params"]["app"] == "enricher"
    assert greeting["params"]["capabilities"] == {"deliver": True, "longest_line": 16 * 1024**2}
    assert deliver["params"]["attempt"] == 3
    assert deliver["params"]["event"]["id"] == given.id
    assert shutdown["method"] == "shutdown"


def test_as_many_programs_run_as_messages_at_a_time_and_no_more_than_workers(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path, workers=3)) as adapter:
            found = await asyncio.gather(*(one(adapter, n=number) for number in range(30)))
            assert sorted(reply.answer["n"] for reply in found) == list(range(30))
            assert 1 < len(children(tmp_path)) <= 3

    run(main())


def test_one_program_takes_as_many_as_it_can(tmp_path: Path) -> None:
    """They are answered when all have come: had they not come together, nobody would ever be answered."""
    greeting = '{"protocol": 1, "capabilities": {"concurrent": 8}}'

    async def main() -> None:
        async with connected(program(tmp_path, greeting=greeting)) as adapter:
            found = await asyncio.gather(*(one(adapter, do="hold", count=8) for _ in range(8)))
            assert len({reply.answer["pid"] for reply in found}) == 1
            assert len(children(tmp_path)) == 1

    run(main())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"code": 1, "message": "why"}, TransientError),
        ({"code": -32602, "message": "why"}, InvalidMessage),
        ({"code": -32000, "message": "why", "data": {"code": "TRANSIENT"}}, TransientError),
        ({"code": -32000, "message": "why", "data": {"code": "PERMANENT"}}, PermanentError),
        ({"code": -32000, "message": "why", "data": {"code": "CREDENTIAL"}}, CredentialError),
        ({"code": -32000, "message": "why", "data": {"code": "RATE_LIMITED"}}, RateLimited),
        ({"code": -32000, "message": "why", "data": {"code": "INVALID_MESSAGE"}}, InvalidMessage),
        ({"code": 5, "message": "why", "data": [1]}, TransientError),
    ],
)
def test_its_errors_say_what_becomes_of_the_message(
    tmp_path: Path, error: dict[str, Any], expected: type[Exception]
) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            with pytest.raises(expected, match="why") as caught:
                await one(adapter, do="fail", error=error)
            assert type(caught.value) is expected
            assert (await one(adapter, n=1)).answer["n"] == 1

    run(main())


def test_an_error_tells_how_long_to_wait_and_what_is_wrong(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            data: dict[str, Any] = {"code": "RATE_LIMITED", "retry_after": 1.5}
            with pytest.raises(RateLimited) as limited:
                await one(adapter, do="fail", error={"code": 1, "message": "slow", "data": data})
            assert limited.value.retry_after == timedelta(seconds=1.5)
            data = {"code": "INVALID_MESSAGE", "details": [{"field": "data.no", "issue": "is odd"}]}
            with pytest.raises(InvalidMessage) as invalid:
                await one(adapter, do="fail", error={"code": 1, "message": "bad", "data": data})
            assert invalid.value.details == (("data.no", "is odd"),)

    run(main())


@pytest.mark.parametrize(("code", "words"), [(0, "exit code 0"), (3, "exit code 3")])
def test_a_program_that_ends_takes_its_message_along_and_is_replaced(
    tmp_path: Path, code: int, words: str
) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            first = (await one(adapter)).answer["pid"]
            with pytest.raises(ProcessDied, match=rf"{words}: out of cheese"):
                await one(adapter, do="exit", code=code)
            assert (await one(adapter)).answer["pid"] != first

    run(main())


def test_all_messages_of_a_killed_program_count_a_crash(tmp_path: Path) -> None:
    greeting = '{"protocol": 1, "capabilities": {"concurrent": 3}}'

    async def main() -> None:
        async with connected(program(tmp_path, greeting=greeting)) as adapter:
            work = [asyncio.create_task(one(adapter, do="hold", count=9)) for _ in range(3)]
            [pid] = await until(lambda: children(tmp_path), "it runs")
            await asyncio.sleep(0)
            os.kill(pid, signal.SIGKILL)
            found = await asyncio.gather(*work, return_exceptions=True)
            assert [type(error) for error in found] == [ProcessDied] * 3
            assert "killed by SIGKILL" in str(found[0])

    run(main())


def test_a_program_killed_while_idle_is_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        adapter = program(tmp_path)
        async with connected(adapter):
            pid = (await one(adapter)).answer["pid"]
            os.kill(pid, signal.SIGKILL)
            await until(lambda: not adapter._peers, "its end is known")
            assert (await one(adapter)).answer["pid"] != pid

    run(main())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello, world\n", "not JSON: 'hello, world'"),
        ("[1]\n", "not a JSON object"),
        ("{}\n", 'without "jsonrpc": "2.0"'),
        ('{"jsonrpc": "2.0", "id": 77, "result": 1}\n', "an answer to nothing"),
        ('{"jsonrpc": "2.0", "id": 2}\n', "neither a request nor an answer"),
        ("x" * 2000, "a line of more than max_output, 1000 bytes"),
        ("[" * 900 + "\n", "not JSON"),
    ],
)
def test_a_program_that_writes_rubbish_is_reported_and_replaced(
    tmp_path: Path, text: str, words: str
) -> None:
    notices = Notices()

    async def main() -> None:
        async with connected(program(tmp_path, notices, max_output=1000)) as adapter:
            pid = (await one(adapter)).answer["pid"]
            with pytest.raises(TransientError) as caught:
                await one(adapter, do="write", text=text)
            assert type(caught.value) is TransientError
            assert words in str(caught.value)
            assert not lives(pid)
            assert (await one(adapter)).answer["pid"] != pid

    run(main())
    [told] = notices.of("process.rubbish")
    assert words in told
    assert len(told) < 500


def test_a_program_that_closes_its_output_is_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            with pytest.raises(ProcessDied, match="closed its standard output"):
                await one(adapter, do="close")
            await one(adapter)
            assert len(children(tmp_path)) == 1

    run(main())


def test_a_program_may_ask_for_nothing_and_may_tell_anything(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            answer = (await one(adapter, do="ask")).answer
            assert (answer["id"], answer["error"]["code"]) == ("mine", -32601)

    run(main())


def test_a_cancelled_delivery_kills_its_program_and_gives_its_neighbours_back(tmp_path: Path) -> None:
    greeting = '{"protocol": 1, "capabilities": {"concurrent": 2}}'
    notices = Notices()

    async def main() -> None:
        async with connected(program(tmp_path, notices, greeting=greeting)) as adapter:
            slow = asyncio.create_task(one(adapter, do="hang"))
            await until(lambda: notices, "it hangs")
            neighbour = asyncio.create_task(one(adapter))
            await asyncio.sleep(0)
            [pid] = children(tmp_path)
            slow.cancel()
            with pytest.raises(asyncio.CancelledError):
                await slow
            assert not lives(pid)
            with pytest.raises(
                NotConnected, match="killed since it had not answered in time to another message"
            ):
                await neighbour
            await one(adapter)

    run(main())


@pytest.mark.parametrize(
    ("way", "greeting", "error", "words"),
    [
        ("exits at once", "", NotConnected, "before it answered initialize: .*: exit code 1: no licence"),
        ("does not answer", "", NotConnected, "has not answered initialize within 0.3 s"),
        ("", '{"protocol": 2}', ConfigError, "speaks protocol 2; this Crossdock speaks 1"),
        ("", "null", ConfigError, "speaks protocol None"),
        ("", '{"protocol": 1, "capabilities": {"concurrent": 0}}', ConfigError, "it must be from 1 to 1000"),
    ],
)
def test_a_program_that_cannot_be_greeted_is_told_when_connecting(
    tmp_path: Path, way: str, greeting: str, error: type[Exception], words: str
) -> None:
    async def main() -> None:
        start = timedelta(seconds=0.3 if way == "does not answer" else 20)
        async with connected(
            program(tmp_path, way=way, greeting=greeting, start=f"{start.total_seconds():g}s")
        ):
            raise AssertionError("it connected")

    with pytest.raises(error, match=words):
        run(main())
    assert children(tmp_path) == []


def test_a_program_that_ignores_shutdown_is_killed(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path, way="stays", grace="100ms")) as adapter:
            await one(adapter)
            assert len(children(tmp_path)) == 1
        assert children(tmp_path) == []

    run(main())


def test_what_it_writes_to_its_standard_error_is_told_up_to_a_bound(tmp_path: Path) -> None:
    notices = Notices()

    async def main() -> None:
        async with connected(program(tmp_path, notices, way="says much")) as adapter:
            await one(adapter)

    run(main())
    said = notices.of("process.said")
    assert said[:2] == ["enricher: said 0", "enricher: said 1"]
    assert len(said) == 50


def test_starting_and_ending_leaves_nothing_open(tmp_path: Path) -> None:
    async def main() -> None:
        async with connected(program(tmp_path)) as adapter:
            await one(adapter)
            before = len(open_files())
            for _ in range(5):
                with pytest.raises(DeliveryError):
                    await one(adapter, do="exit", code=1)
                await one(adapter)
            await until(lambda: len(open_files()) == before, "all is closed")

    run(main())
