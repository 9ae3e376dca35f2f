"""What the tests of webhooks share: a far side that says what it is told to say, and an adapter that posts to it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from crossdock.adapters.http import KIND
from crossdock.adapters.http.dialing import Resolve, look_up
from crossdock.adapters.http.outbound import PostOutbound
from crossdock.domain.ids import new_message_id
from crossdock.domain.message import AppId, Message, MessageId
from crossdock.ports.outbound import Handover, Reply
from crossdock.ports.surroundings import Surroundings

WITHIN_S = 20.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the examples of Standard Webhooks
NOW = datetime(2026, 5, 17, 8, 30, 15, 999_000, tzinfo=UTC)
OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Came:
    """A request that came."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def __getitem__(self, name: str) -> str:
        """Return the only header of a name."""
        [value] = [value for found, value in self.headers if found.lower() == name]
        return value

    def get(self, name: str) -> str | None:
        return next((value for found, value in self.headers if found.lower() == name), None)


Say = Callable[[Came, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class FarSide:
    """Listens on loopback.

    Attributes:
        say: Answers one request.
        came: The requests that came.
        connections: So many came.
    """

    say: Say
    port: int = 0
    came: list[Came] = field(default_factory=list)
    connections: int = 0
    talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/orders?kind=a"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.talks.add(cast("asyncio.Task[None]", asyncio.current_task()))
        try:
            await self.meet(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # a task that is cancelled makes noise in Python 3.11
        finally:
            writer.transport.abort()

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            self.came.append(request)
            await self.say(request, writer)
            await writer.drain()

    async def end(self) -> None:
        """End all connections."""
        for talk in self.talks:
            talk.cancel()
        await asyncio.gather(*self.talks, return_exceptions=True)
        await asyncio.sleep(0)  # for the transports


async def read_request(reader: asyncio.StreamReader) -> Came:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
    return Came(first, headers, await reader.readexactly(length))


def says(answer: bytes) -> Say:
    """Answer the same to all."""

    async def say(_: Came, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    return say


def answer(status: int, body: bytes = b"", /, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def json_answer(body: bytes, status: int = 200) -> bytes:
    return answer(status, body, Content_Type="application/json")


@asynccontextmanager
async def far_side(
    say: Say | bytes = OK, kind: type[FarSide] = FarSide, **listen: Any
) -> AsyncIterator[FarSide]:
    side = kind(says(say) if isinstance(say, bytes) else say)
    server = await asyncio.start_server(side.accept, **{"host": "127.0.0.1", **listen})
    side.port = server.sockets[0].getsockname()[1]
    try:
        yield side
    finally:
        server.close()
        await side.end()


def around(folder: Path, now: Callable[[], datetime] = lambda: NOW, app: str = "warehouse") -> Surroundings:
    return Surroundings(
        app=AppId(app),
        folder=folder,
        owner=f"test/{os.getpid()}",
        lives=lambda _: True,
        now=now,
        notice=lambda *_: None,
    )


def adapter(
    url: str,
    folder: Path = Path(),
    resolve: Resolve = look_up,
    now: Callable[[], datetime] = lambda: NOW,
    **more: Any,
) -> PostOutbound:
    assert KIND.outbound is not None
    table: dict[str, Any] = {"http": url, "allow": ["127.0.0.1"], **more}
    return PostOutbound(KIND.outbound.settings.model_validate(table), around(folder, now), resolve)


def message(data: Any = None, **attributes: Any) -> Message:
    plain: dict[str, Any] = {"source": "shop", "type": "order.placed", "time": NOW}
    return Message(id=MessageId(attributes.pop("id", new_message_id())), data=data, **plain | attributes)


class One:
    """A batch of one message."""

    def __init__(self, given: Message) -> None:
        self.handovers: Sequence[Handover] = [Handover(given, 1)]

    async def note(self, words: Mapping[str, Any], places: Sequence[int] | None = None) -> None:
        raise AssertionError(f"nothing is to be noted: {words}")


async def post(to: PostOutbound, given: Message | None = None) -> Reply:
    [reply] = await to.deliver(One(given or message({"order": 17})))
    return reply


async def posted(side: FarSide, given: Message | None = None, **settings: Any) -> Reply:
    """Post one message with an adapter of its own."""
    one = adapter(side.url, **settings)
    try:
        await one.connect()
        return await post(one, given)
    finally:
        await one.close()


def run(work: Awaitable[Any]) -> Any:
    async def main() -> Any:
        async with asyncio.timeout(WITHIN_S):
            return await work

    return asyncio.run(main())


def signature(secret: str, request: Came) -> str:
    """Return what Standard Webhooks says that the signature is; written apart from the code that is tested."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f"{request['webhook-id']}.{request['webhook-timestamp']}.".encode() + request.body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
