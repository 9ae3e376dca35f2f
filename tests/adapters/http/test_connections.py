"""Connections that stay, break, stall or say nonsense: what is known of the message then, and what is not."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

import pytest

from crossdock.domain.errors import NotConnected, PermanentError, TransientError
from crossdock.ports.outbound import DELIVERED, Reply
from tests.adapters.http.case import (
    OK,
    Came,
    FarSide,
    Say,
    adapter,
    answer,
    far_side,
    json_answer,
    message,
    post,
    posted,
    read_request,
    run,
    says,
)

UNKNOWN = "whether the message arrived is unknown, and it comes again with the same webhook-id"


def in_pieces(*pieces: bytes, every_s: float = 0.02) -> Say:
    async def say(_: Came, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(every_s)

    return say


def reset(_: Came, writer: asyncio.StreamWriter) -> Any:
    """Break the connection as a crash of the far side does."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
    return asyncio.sleep(0)


def hang_up(said: bytes = b"") -> Say:
    async def say(_: Came, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()
        writer.close()

    return say


def failed(say: Say | bytes, kind: type[Exception], words: str, **settings: Any) -> None:
    async def main() -> None:
        async with far_side(say) as side:
            with pytest.raises(kind, match=words) as caught:
                await posted(side, **settings)
            assert type(caught.value) is kind
            assert len(side.came) == 1

    run(main())


async def many(side: FarSide, count: int, **settings: Any) -> list[Reply]:
    one = adapter(side.url, **settings)
    try:
        await one.connect()
        return [await post(one, message({"n": n})) for n in range(count)]
    finally:
        await one.close()


def test_connection_is_used_again() -> None:
    async def main() -> tuple[int, int]:
        async with far_side(json_answer(b'{"taken": true}')) as side:
            await many(side, 20)
            return len(side.came), side.connections

    assert run(main()) == (20, 1)


def test_requests_side_by_side_have_a_connection_each() -> None:
    async def main() -> tuple[int, int]:
        both = asyncio.Barrier(2)

        async def say(_: Came, writer: asyncio.StreamWriter) -> None:
            await both.wait()
            writer.write(OK)

        async with far_side(say) as side:
            one = adapter(side.url)
            await one.connect()
            for _ in range(3):
                await asyncio.gather(post(one), post(one))
            await one.close()
            return len(side.came), side.connections

    assert run(main()) == (6, 2)


@pytest.mark.parametrize(
    "say",
    [
        says(answer(200, Connection="close")),
        hang_up(answer(200)),
        says(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
        says(answer(200) + answer(404)),  # unasked: the next request must not take it for its own
    ],
)
def test_connection_that_cannot_be_used_again_is_not(say: Say) -> None:
    async def main() -> tuple[list[Reply], int]:
        async with far_side(say) as side:
            return await many(side, 3), side.connections

    assert run(main()) == ([DELIVERED] * 3, 3)


def test_connection_that_was_closed_while_it_rested_costs_nothing() -> None:
    async def main() -> tuple[list[Reply], int]:
        async with far_side() as side:
            one = adapter(side.url)
            replies = []
            for _ in range(3):
                replies.append(await post(one))
                await side.end()
                await asyncio.sleep(0.01)
            await one.close()
            return replies, side.connections

    assert run(main()) == ([DELIVERED] * 3, 3)


def test_connection_that_has_rested_long_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crossdock.adapters.http.connections.REST_S", 0.0)

    async def main() -> int:
        async with far_side() as side:
            await many(side, 2)
            return side.connections

    assert run(main()) == 3


@pytest.mark.parametrize(
    ("say", "words"),
    [
        (reset, "Connection reset by peer"),
        (hang_up(), "closed by the far side"),
        (hang_up(b"HTTP/1.1 20"), "closed by the far side"),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "what came is no HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), "what came is no HTTP"),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), "what came is no HTTP"),
        (says(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000), "16 interim answers came"),
        (hang_up(json_answer(b'{"taken": true}')[:-3]), "what came is no HTTP"),
    ],
)
def test_connection_that_breaks_after_the_request_leaves_the_end_unknown(say: Say, words: str) -> None:
    failed(say, TransientError, f"{words}.*{UNKNOWN}")


def test_answer_that_matters_to_nobody_may_break_off() -> None:
    async def main() -> Reply:
        async with far_side(hang_up(answer(200, b"x" * 1000)[:-3])) as side:
            return await posted(side)

    assert run(main()) == DELIVERED


@pytest.mark.parametrize(
    ("say", "name"),
    [
        (in_pieces(), "read"),
        (in_pieces(*(bytes([one]) for one in answer(200, b"x" * 100))), "total"),
        (in_pieces(*[b"HTTP/1.1 102 Processing\r\n\r\n"] * 10, every_s=0.05), "total"),
        (in_pieces(json_answer(b" " * 1000)[:-900], *[b" "] * 500), "total"),
    ],
)
def test_far_side_that_is_slow_is_waited_for_only_so_long(say: Say, name: str) -> None:
    failed(
        say, TransientError, rf"no answer within 0\.\d+ s \({name}\); {UNKNOWN}", read="150ms", total="300ms"
    )


def test_body_that_matters_to_nobody_is_not_waited_for_long() -> None:
    async def main() -> tuple[Reply, float]:
        drip = in_pieces(answer(400, b"no" + b"x" * 1000)[:-1000], *[b"x"] * 500)
        async with far_side(drip) as side:
            began = asyncio.get_running_loop().time()
            return await posted(side, total="10s"), asyncio.get_running_loop().time() - began

    found, took_s = run(main())
    assert isinstance(found, PermanentError)
    assert took_s < 5


class SlowReader(FarSide):
    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = b""
        while not end.endswith(b"the end"):
            end = (end + await reader.read(128 * 1024))[-7:]
            await asyncio.sleep(0.01)
        writer.write(OK)
        await writer.drain()
        await reader.read()


def test_slow_reader_is_given_time_while_it_reads() -> None:
    """What may say nothing for so long is one that has all of the message."""

    async def main() -> Reply:
        async with far_side(kind=SlowReader) as side:
            given = message(b"x" * 25_000_000 + b"the end")
            return await posted(side, given, format="binary", read="1s")

    assert run(main()) == DELIVERED


class EarlyRefuser(FarSide):
    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer(413, b"too large"))
        await writer.drain()
        await asyncio.sleep(60)


def test_answer_that_comes_before_all_is_sent_counts() -> None:
    async def main() -> Reply:
        async with far_side(kind=EarlyRefuser) as side:
            return await posted(side, message(b"x" * 30_000_000), format="binary")

    found = run(main())
    assert isinstance(found, PermanentError)
    assert "answered 413 Words: 'too large'" in str(found)


def test_nobody_there_spends_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    async def main() -> None:
        one = adapter(f"http://127.0.0.1:{port}/")
        for attempt in (one.connect(), post(one)):
            with pytest.raises(NotConnected, match=f"127.0.0.1 port {port}: Connect"):
                await attempt
        await one.close()

    run(main())


class Silent(FarSide):
    heard = asyncio.Event()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        self.heard.set()
        await reader.read()


def test_cancelled_delivery_leaves_no_connection_behind() -> None:
    async def main() -> None:
        async with far_side(kind=Silent) as side:
            one = adapter(side.url)
            delivery = asyncio.create_task(post(one))
            await side.heard.wait()
            delivery.cancel()
            with pytest.raises(asyncio.CancelledError):
                await delivery
            await asyncio.wait(side.talks)
            await one.close()

    run(main())


def test_closed_adapter_has_no_connection() -> None:
    async def main() -> None:
        async with far_side() as side:
            one = adapter(side.url)
            await one.connect()
            await post(one)
            await one.close()
            await asyncio.wait(side.talks)

    run(main())
