"""What the tests of programs share: an adapter as the endpoint would drive it, and programs to call."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crossdock.adapters.process import KIND
from crossdock.domain.ids import new_message_id
from crossdock.domain.message import AppId, Message, MessageId
from crossdock.ports.inbound import InboundAdapter
from crossdock.ports.outbound import Delivered, Handover, OutboundAdapter
from crossdock.ports.surroundings import Surroundings

WITHIN_S = 20.0
PYTHON = sys.executable


class One:
    """A batch of one message."""

    def __init__(self, message: Message, attempt: int = 1) -> None:
        self.handovers = [Handover(message, attempt)]

    async def note(self, words: Mapping[str, Any]) -> None:
        raise AssertionError(f"nothing is to be noted: {words}")


class Notices(list[tuple[str, str]]):
    def __call__(self, event: str, text: str) -> None:
        self.append((event, text))

    def of(self, event: str) -> list[str]:
        return [text for name, text in self if name == event]


def around(folder: Path, notices: Notices | None = None, app: str = "enricher") -> Surroundings:
    return Surroundings(
        app=AppId(app),
        folder=folder,
        owner=f"test/{os.getpid()}",
        lives=lambda _: True,
        now=lambda: datetime.now(UTC),
        notice=notices if notices is not None else Notices(),
    )


def message(data: Any = None, **attributes: Any) -> Message:
    plain: dict[str, Any] = {"source": "shop", "type": "order.placed", "time": datetime.now(UTC)}
    return Message(id=MessageId(attributes.pop("id", new_message_id())), data=data, **plain | attributes)


def script(folder: Path, name: str, text: str) -> list[str]:
    """Write a Python program, and return the command that runs it."""
    path = folder / name
    path.write_text(text)
    return [PYTHON, "-S", "-E", str(path)]


def outbound(place: Path, notices: Notices | None = None, /, **settings: Any) -> OutboundAdapter:
    assert KIND.outbound is not None
    kind = KIND.outbound
    adapter: OutboundAdapter = kind.make(kind.settings(**settings), around(place, notices))
    return adapter


def inbound(place: Path, notices: Notices | None = None, /, **settings: Any) -> InboundAdapter:
    assert KIND.inbound is not None
    kind = KIND.inbound
    adapter: InboundAdapter = kind.make(kind.settings(**settings), around(place, notices, "orders"))
    return adapter


@asynccontextmanager
async def listening(adapter: InboundAdapter) -> AsyncIterator[InboundAdapter]:
    try:
        await adapter.connect({})
        yield adapter
    finally:
        await adapter.close()


async def taken(adapter: InboundAdapter, count: int) -> list[Any]:
    """Receive and ack until so many items have come."""
    items: list[Any] = []
    while len(items) < count:
        receipt = await adapter.receive()
        items += receipt.items
        await receipt.ack()
    return items


@asynccontextmanager
async def connected(adapter: OutboundAdapter) -> AsyncIterator[OutboundAdapter]:
    try:
        await adapter.connect()
        yield adapter
    finally:
        await adapter.close()


async def delivered(adapter: OutboundAdapter, given: Message, attempt: int = 1) -> Delivered:
    [reply] = await adapter.deliver(One(given, attempt))
    assert isinstance(reply, Delivered), reply
    return reply


def deliver_one(place: Path, given: Message, notices: Notices | None = None, /, **settings: Any) -> Delivered:
    """Do all that there is to one message."""

    async def main() -> Delivered:
        async with connected(outbound(place, notices, **settings)) as adapter:
            return await delivered(adapter, given)

    return run(main())


def run(work: Awaitable[Any]) -> Any:
    async def main() -> Any:
        async with asyncio.timeout(WITHIN_S):
            return await work

    return asyncio.run(main())


async def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait until something holds."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        await asyncio.sleep(0.005)
    return found


def number_in(path: Path) -> int | None:
    """Return the process id that a program wrote into a file, once it has."""
    text = path.read_text() if path.exists() else ""
    return int(text) if text.endswith("\n") else None


def lives(pid: int) -> bool:
    """Tell whether a process runs: a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def open_files() -> list[str]:
    """Return what this process has open, but for what the looking itself opens."""
    found = [path for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]
    return sorted(str(path.readlink()) for path in found if path.exists() or path.is_symlink())
