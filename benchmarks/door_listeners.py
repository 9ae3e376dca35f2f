"""Ten thousand idle listeners of the stream of events: what they cost, and how soon all of them are told.

The listeners are connections of two processes of their own. They come, are idle for a while, are told of one
message, and go; then as many come and go again, since what a process does not give back shows in the second round.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from benchmarks.door_server import CONTEXT, DoorServer, raise_file_limit
from crossdock import Client

LISTENERS: Final = 10_000
PROCESSES: Final = 2
IDLE_S: Final = 16.0
"""Long enough for a sign of life to each, which comes every 15 seconds."""
_AT_A_TIME: Final = 100
_PAUSE_S: Final = 0.02


def idle_figures(folder: Path) -> Iterator[tuple[str, float]]:
    """Measure; give each figure and its name."""
    raise_file_limit()
    folder.mkdir()
    with DoorServer(folder) as server:
        before = server.memory_mib()
        yield "memory of the server with no listener, MiB", before
        yield from _round(server, before)
        yield "memory after all have gone, MiB", server.memory_mib()
        for name, value in _round(server, before):
            if name.startswith("memory"):
                yield f"in the second round: {name}", value
        yield "memory after all have gone again, MiB", server.memory_mib()


def _round(server: DoorServer, before: float) -> Iterator[tuple[str, float]]:
    with ExitStack() as stack:
        began, cpu_s = time.monotonic(), server.cpu_s()
        crowds = [stack.enter_context(Crowd(server, LISTENERS // PROCESSES)) for _ in range(PROCESSES)]
        came = max(crowd.all_are_there() for crowd in crowds)
        yield f"{LISTENERS} listeners come, s", came - began
        yield "CPU of the server for each that comes, ms", (server.cpu_s() - cpu_s) / LISTENERS * 1e3
        yield "memory for each listener, KiB", (server.memory_mib() - before) / LISTENERS * 1024
        other = Client(f"http://127.0.0.1:{server.port}", app="bench", key=server.key)
        stack.enter_context(other)
        probe = Probe(other)
        cpu_s = server.cpu_s()
        yield f"slowest other request within {IDLE_S:.0f} s of idleness, ms", probe.slowest_ms(IDLE_S)
        yield "CPU of the server meanwhile, % of a core", (server.cpu_s() - cpu_s) / IDLE_S * 100
        sent = time.monotonic()
        other.send("app", 1)
        slowest_ms = probe.slowest_ms(2.0)
        told = [crowd.told() for crowd in crowds]
        yield "the first is told of a message, s", min(one.first for one in told) - sent
        yield "the last is told of it, s", max(one.last for one in told) - sent
        yield "told of it", sum(one.count for one in told)
        yield "slowest other request meanwhile, ms", slowest_ms


class Probe:
    """Asks again and again for a little, as others do meanwhile."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def slowest_ms(self, seconds: float) -> float:
        """Return how long the slowest answer took."""
        slowest, end = 0.0, time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            self._client.stats("app")
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(_PAUSE_S)
        return slowest * 1e3


class Told(NamedTuple):
    """When listeners heard of a message, in monotonic seconds, and how many did."""

    first: float
    last: float
    count: int


class Crowd:
    """Listeners in a process of their own, as a context."""

    def __init__(self, server: DoorServer, count: int) -> None:
        self._pipe, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_listen, args=(server.port, server.key, count, theirs))

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._pipe.send("go")
        self._process.join()

    def all_are_there(self) -> float:
        """Wait until all listen; return when that was."""
        came: float = self._pipe.recv()
        return came

    def told(self) -> Told:
        """Wait until all are told of a message, for a minute at most."""
        if not self._pipe.poll(60):
            raise TimeoutError("not every listener was told of the message within a minute")
        told: Told = self._pipe.recv()
        return told


class Listener(asyncio.Protocol):
    """One connection that reads whatever comes."""

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._text = b""
        self.is_there = asyncio.Event()
        self.told = asyncio.Event()
        self.told_at = 0.0

    def connection_made(self, transport: Any) -> None:
        """Ask for the stream."""
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Look for what it waits for; what was read is forgotten but for its end, where a word may begin."""
        text = self._text + data
        self._text = text[-20:]
        if b"\nid: " in text:
            self.is_there.set()
        if b"event: message.sent" in text and not self.told_at:
            self.told_at = time.monotonic()
            self.told.set()


def _listen(port: int, key: str, count: int, pipe: Connection) -> None:
    raise_file_limit()
    asyncio.run(_listened(port, key, count, pipe))


async def _listened(port: int, key: str, count: int, pipe: Connection) -> None:
    request = (
        f"GET /api/v1/events/stream HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode()
    loop, turn = asyncio.get_running_loop(), asyncio.Semaphore(_AT_A_TIME)

    async def come() -> tuple[Any, Listener]:
        async with turn:
            transport, listener = await loop.create_connection(lambda: Listener(request), "127.0.0.1", port)
            await listener.is_there.wait()
            return transport, listener

    found = await asyncio.gather(*(come() for _ in range(count)))
    pipe.send(time.monotonic())
    listeners = [listener for _, listener in found]
    await asyncio.gather(*(listener.told.wait() for listener in listeners))
    times = [listener.told_at for listener in listeners]
    pipe.send(Told(min(times), max(times), len(times)))
    await asyncio.to_thread(pipe.recv)
    for transport, _ in found:
        transport.abort()
