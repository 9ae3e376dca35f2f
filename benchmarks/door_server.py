"""The server that the door's benchmarks ask: the API in a process of its own, which says what it has used."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
from contextlib import suppress
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final, Self

from crossdock import AsyncQueue, Rate
from crossdock.api.access import needs
from crossdock.api.application import create_application
from crossdock.api.listener import listening
from crossdock.api.operations import Answers, JsonAnswer, Operations
from crossdock.api.serving import Server, configured
from crossdock.api.settings import ApiSettings
from crossdock.domain.key import Scope
from crossdock.hub.keys import KeyWish, creation

CONTEXT: Final = multiprocessing.get_context("spawn")
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class DoorServer:
    """A server on a new store in a folder, as a context.

    Attributes:
        port: Of this machine.
        key: Which may do everything.
        url: Of its store.
    """

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder}/work.db"
        self._pipe, theirs = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_serve, args=(self.url, theirs))

    def __enter__(self) -> Self:
        self._process.start()
        self.port, self.key = self._pipe.recv()
        return self

    def __exit__(self, *exc: object) -> None:
        self._pipe.send("stop")
        self._process.join()

    def cpu_s(self) -> float:
        """Return how much processor time it has used."""
        return self._asked("cpu")

    def peak_mib(self) -> float:
        """Return how much memory it had at most."""
        return self._asked("peak")

    def memory_mib(self) -> float:
        """Return how much memory it has."""
        return self._asked("memory")

    def _asked(self, what: str) -> float:
        self._pipe.send(what)
        answer: float = self._pipe.recv()
        return answer


def raise_file_limit() -> None:
    """Let this process have as many connections as the system allows."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):  # a system may have a lower limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _serve(url: str, pipe: Connection) -> None:
    raise_file_limit()
    asyncio.run(_served(url, pipe))


async def _served(url: str, pipe: Connection) -> None:
    async with AsyncQueue(url, app="api") as queue:
        wish = KeyWish(name="bench", scopes=frozenset(Scope))
        made = await queue._store.write_async(creation(wish))  # noqa: SLF001 - as the command does
        app = create_application(queue, ApiSettings(rate=Rate(10**9, timedelta(seconds=1))))
        app.include_router(_empty(), prefix="/api/v1")
        with listening("127.0.0.1", 0) as listener:
            server = Server(configured(app, timedelta(seconds=5)), queue, 0.0)
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            pipe.send((listener.getsockname()[1], str(made.text)))
            while (asked := await asyncio.to_thread(pipe.recv)) != "stop":
                pipe.send(_used(asked))
            server.stop()
            await serving


def _empty() -> Operations:
    """Return an operation that does nothing behind the same door."""
    operations = Operations("empty")

    @operations.on(
        "POST", "/empty", id="empty", access=needs(Scope.MESSAGES_SEND), answers=Answers(None), raw_body={}
    )
    async def nothing() -> JsonAnswer:
        """Do nothing."""
        return JsonAnswer({})

    return operations


def _used(what: str) -> Any:
    match what:
        case "cpu":
            return sum(os.times()[:2])
        case "peak":
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        case _:
            return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 2**20
