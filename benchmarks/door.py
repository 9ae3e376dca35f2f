"""``python -m benchmarks.door``: how quick the REST door is, beside an empty operation behind the same door.

The server is a process of its own; the clients are connections of one loop in another. Beside the rates stands the CPU
time of the server, which other programs on the machine disturb less.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import resource
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from crossdock import AsyncQueue, Rate
from crossdock.api.access import needs
from crossdock.api.application import create_application
from crossdock.api.operations import Answers, JsonAnswer, Operations
from crossdock.api.serving import Server, configured
from crossdock.api.settings import ApiSettings
from crossdock.domain.key import Scope
from crossdock.hub.keys import KeyWish, creation

CLIENTS: Final = 64
SECONDS: Final = 3.0
BATCH: Final = 1000
BATCHES: Final = 20
CLAIMED: Final = 100


def main() -> int:
    """Measure and print."""
    folder = Path(tempfile.mkdtemp(prefix="door-", dir=Path.cwd()))
    try:
        _measure(folder)
    finally:
        shutil.rmtree(folder)
    return 0


def _measure(folder: Path) -> None:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    context = multiprocessing.get_context("spawn")
    began = time.perf_counter()
    server = context.Process(target=_serve, args=(folder, theirs))
    server.start()
    port, key = ours.recv()
    _row("start to first answer, s", time.perf_counter() - began)
    client = Client(port, key)
    ids = iter(range(10**9))
    figures: dict[str, float] = {}
    for name, clients, work in (
        ("empty operation", CLIENTS, client.empty),
        ("one message", 1, lambda link: client.send(link, next(ids))),
        ("one message", CLIENTS, lambda link: client.send(link, next(ids))),
    ):
        ours.send("cpu")
        before = ours.recv()
        done = asyncio.run(_load(port, clients, work))
        ours.send("cpu")
        cpu_us = (ours.recv() - before) / max(done, 1) * 1e6
        figures[f"{name}, {clients}"] = done / SECONDS
        _row(f"{name}, {clients} clients, /s", done / SECONDS, f"server's CPU, µs each: {cpu_us:.0f}")
    ratio = figures[f"one message, {CLIENTS}"] / figures[f"empty operation, {CLIENTS}"]
    _row(f"one message beside the empty operation, {CLIENTS} clients", ratio)
    took_s = asyncio.run(_once(port, lambda link: client.batches(link, ids)))
    _row(f"batches of {BATCH}, messages/s", BATCH * BATCHES / took_s)
    took_s, count = asyncio.run(_once_counted(port, client.drain))
    _row(f"claim and ack by {CLAIMED}, messages/s", count / took_s)
    ours.send("peak")
    _row("peak memory of the server, MB", ours.recv())
    ours.send("stop")
    server.join()


class Link:
    """One connection that is kept."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, head: str, body: bytes) -> bytes:
        """Make a request, and return the body of the answer."""
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        assert answer[9:12] in {b"200", b"202"}, answer
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return await self._reader.readexactly(length)


class Client:
    """What clients do."""

    def __init__(self, port: int, key: str) -> None:
        self._common = f"HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {key}\r\n"

    async def empty(self, link: Link) -> None:
        """Ask for nothing, with the body that a message would have."""
        await link.ask(self._head("/api/v1/empty", "application/cloudevents+json"), _event(1))

    async def send(self, link: Link, number: int) -> None:
        """Send one message."""
        await link.ask(self._head("/api/v1/messages?to=app", "application/cloudevents+json"), _event(number))

    async def batches(self, link: Link, ids: Any) -> None:
        """Send many messages at a time."""
        head = self._head("/api/v1/messages?to=app", "application/cloudevents-batch+json")
        for _ in range(BATCHES):
            await link.ask(head, b"[" + b",".join(_event(next(ids)) for _ in range(BATCH)) + b"]")

    async def drain(self, link: Link) -> int:
        """Claim and complete everything."""
        claim, ack = (
            self._head(f"/api/v1/queues/app/{verb}", "application/json") for verb in ("claim", "ack")
        )
        done = 0
        while found := json.loads(await link.ask(claim, b'{"limit":%d}' % CLAIMED))["deliveries"]:
            handles = [{"delivery": one["delivery"]} for one in found]
            await link.ask(ack, json.dumps({"deliveries": handles}).encode())
            done += len(found)
        return done

    def _head(self, path: str, kind: str) -> str:
        return f"POST {path} {self._common}Content-Type: {kind}\r\n"


def _event(number: int) -> bytes:
    return (
        b'{"specversion":"1.0","id":"%d","source":"shop","type":"order.placed","data":{"order":%d,"note":"%s"}}'
        % (number, number, b"x" * 100)
    )


async def _load(port: int, clients: int, work: Callable[[Link], Coroutine[Any, Any, Any]]) -> int:
    """Let clients work for some seconds; return how often they did."""
    links = [Link(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(clients)]
    end = time.perf_counter() + SECONDS

    async def run(link: Link) -> int:
        done = 0
        while time.perf_counter() < end:
            await work(link)
            done += 1
        return done

    return sum(await asyncio.gather(*map(run, links)))


async def _once(port: int, work: Callable[[Link], Coroutine[Any, Any, Any]]) -> float:
    return (await _once_counted(port, work))[0]


async def _once_counted(port: int, work: Callable[[Link], Coroutine[Any, Any, Any]]) -> tuple[float, Any]:
    link = Link(*await asyncio.open_connection("127.0.0.1", port))
    began = time.perf_counter()
    found = await work(link)
    return time.perf_counter() - began, found


def _row(name: str, value: float, more: str = "") -> None:
    print(f"{name:60} {value:12,.2f}  {more}")


def _serve(folder: Path, pipe: Any) -> None:
    asyncio.run(_served(folder, pipe))


async def _served(folder: Path, pipe: Any) -> None:
    empty = Operations("empty")

    @empty.on(
        "POST", "/empty", id="empty", access=needs(Scope.MESSAGES_SEND), answers=Answers(None), raw_body={}
    )
    async def nothing() -> JsonAnswer:
        """Do nothing."""
        return JsonAnswer({})

    async with AsyncQueue(f"sqlite:///{folder}/work.db", app="api") as queue:
        wish = KeyWish(name="bench", scopes=frozenset(Scope))
        made = await queue._store.write_async(creation(wish))  # noqa: SLF001 - as the command does
        app = create_application(queue, ApiSettings(rate=Rate(10**9, timedelta(seconds=1))))
        app.include_router(empty, prefix="/api/v1")
        with socket.create_server(("127.0.0.1", 0), backlog=256) as listener:
            server = Server(configured(app, timedelta(seconds=5)), queue, 0.0)
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            pipe.send((listener.getsockname()[1], str(made.text)))
            while (asked := await asyncio.to_thread(pipe.recv)) != "stop":
                usage = resource.getrusage(resource.RUSAGE_SELF)
                pipe.send(sum(os.times()[:2]) if asked == "cpu" else usage.ru_maxrss / 1024)
            server.stop()
            await serving


if __name__ == "__main__":
    raise SystemExit(main())
