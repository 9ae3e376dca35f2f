"""``python -m benchmarks.door``: how quick the REST door is, beside an empty operation behind the same door.

The server is a process of its own; the clients are connections of one loop in another. Beside the rates stands the CPU
time of the server, which other programs on the machine disturb less.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.door_listeners import idle_figures
from benchmarks.door_server import DoorServer

CLIENTS: Final = 64
SECONDS: Final = 3.0
BATCH: Final = 1000
BATCHES: Final = 20
CLAIMED: Final = 100


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.door", description=__doc__)
    parser.add_argument("--only", choices=("rates", "idle"), help="measure this (default: both)")
    only = parser.parse_args(arguments).only
    folder = Path(tempfile.mkdtemp(prefix="door-", dir=Path.cwd()))
    try:
        if only != "idle":
            _measure(folder)
        if only != "rates":
            for name, value in idle_figures(folder / "idle"):
                _row(name, value)
    finally:
        shutil.rmtree(folder)
    return 0


def _measure(folder: Path) -> None:
    began = time.perf_counter()
    with DoorServer(folder) as server:
        _row("start to first answer, s", time.perf_counter() - began)
        client = Client(server.port, server.key)
        ids = itertools.count()
        _measure_single(server, client, ids)
        for name, work in (
            (f"batches of {BATCH}", lambda link: client.batches(link, ids)),
            (f"claims by {CLAIMED}", client.claim_all),
            (f"acks by {CLAIMED}", client.ack_all),
        ):
            cpu_s = server.cpu_s()
            took_s, count = asyncio.run(_once(server.port, work))
            cpu_us = (server.cpu_s() - cpu_s) / count * 1e6
            _row(f"{name}, messages/s", count / took_s, f"server's CPU, µs each: {cpu_us:.1f}")
        _row("peak memory of the server, MiB", server.peak_mib())


def _measure_single(server: DoorServer, client: Client, ids: Iterator[int]) -> None:
    rates = []
    for name, clients, work in (
        ("empty operation", CLIENTS, client.empty),
        ("one message", 1, lambda link: client.send(link, next(ids))),
        ("one message", CLIENTS, lambda link: client.send(link, next(ids))),
    ):
        cpu_s = server.cpu_s()
        done = asyncio.run(_load(server.port, clients, work))
        cpu_us = (server.cpu_s() - cpu_s) / max(done, 1) * 1e6
        rates.append(done / SECONDS)
        _row(f"{name}, {clients} clients, /s", rates[-1], f"server's CPU, µs each: {cpu_us:.0f}")
    _row(f"one message beside the empty operation, {CLIENTS} clients", rates[-1] / rates[0])


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
        self._claimed: list[list[str]] = []
        self._common = f"HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {key}\r\n"

    async def empty(self, link: Link) -> None:
        """Ask for nothing, with the body that a message would have."""
        await link.ask(self._head("/api/v1/empty", "application/cloudevents+json"), _event(1))

    async def send(self, link: Link, number: int) -> None:
        """Send one message."""
        await link.ask(self._head("/api/v1/messages?to=app", "application/cloudevents+json"), _event(number))

    async def batches(self, link: Link, ids: Iterator[int]) -> int:
        """Send many messages at a time."""
        head = self._head("/api/v1/messages?to=app", "application/cloudevents-batch+json")
        for _ in range(BATCHES):
            await link.ask(head, b"[" + b",".join(_event(next(ids)) for _ in range(BATCH)) + b"]")
        return BATCH * BATCHES

    async def claim_all(self, link: Link) -> int:
        """Claim everything."""
        head = self._head("/api/v1/queues/app/claim", "application/json")
        while found := json.loads(await link.ask(head, b'{"limit":%d}' % CLAIMED))["deliveries"]:
            self._claimed.append([one["delivery"] for one in found])
        return sum(map(len, self._claimed))

    async def ack_all(self, link: Link) -> int:
        """Complete what was claimed."""
        head = self._head("/api/v1/queues/app/ack", "application/json")
        for claimed in self._claimed:
            handles = [{"delivery": one} for one in claimed]
            await link.ask(head, json.dumps({"deliveries": handles}).encode())
        return sum(map(len, self._claimed))

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


async def _once(port: int, work: Callable[[Link], Coroutine[Any, Any, int]]) -> tuple[float, int]:
    link = Link(*await asyncio.open_connection("127.0.0.1", port))
    began = time.perf_counter()
    count = await work(link)
    return time.perf_counter() - began, count


def _row(name: str, value: float, more: str = "") -> None:
    print(f"{name:60} {value:12,.2f}  {more}")


if __name__ == "__main__":
    raise SystemExit(main())
