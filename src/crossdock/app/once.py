"""Takes in what lies before an app now, as a hub does; what a hub would wait for ends it with an error."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import ConfigError, EndOfInput
from crossdock.domain.events import (
    AdapterFailed,
    AdapterNotConnected,
    AdapterSaid,
    InboundNoRoute,
    InboundWaiting,
    QueueHeldUp,
)
from crossdock.hub.gateway import Gateway
from crossdock.hub.inbound_endpoint import InboundEndpoint

if TYPE_CHECKING:
    from crossdock.app.transport import Transport
    from crossdock.domain.events import Event, Level
    from crossdock.domain.message import AppId
    from crossdock.domain.routing import Routes
    from crossdock.ports.inbound import InboundAdapter, InboundCapabilities, Receipt, Refusal
    from crossdock.ports.notice import Notice
    from crossdock.synchronous.queue import Queue


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who looks on while something is taken in.

    Attributes:
        is_done_by_others: Asked while another process has the turn to take in for the app: whether nothing is left.
        took: Is told how many items were stored.
        waits: Is told why nothing goes on.
        said: Is told what the adapter says: a name for it, and words.
    """

    is_done_by_others: Callable[[], bool]
    took: Callable[[int], object]
    waits: Callable[[str], object]
    said: Callable[[str, str], object]


def take_in_once(queue: Queue, app: AppId, transport: Transport, routes: Routes, watching: Watching) -> None:
    """Take in through an app until its adapter says that there is nothing more.

    While another process of this host takes in for the app, that one is left to do it.

    Args:
        queue: Where it goes.
        app: Whose adapter it is.
        transport: Makes an adapter that comes to an end by itself.
        routes: Say who receives it.
        watching: Looks on.

    Raises:
        CrossdockError: The far side cannot be reached, nobody receives what comes in, or the store fails for good.
    """
    heard = _Heard(watching, queue._gateway.notice)
    gateway = Gateway(queue._store, queue._gateway.policies, app=app, notice=heard)
    once = _Once(transport.adapter(app, gateway), watching.took)

    def is_over() -> bool:
        if once.is_over or once.failure is not None or heard.failure is not None:
            return True
        others_turn = endpoint.is_idle and not once.has_begun
        return others_turn and watching.is_done_by_others()

    endpoint = InboundEndpoint(
        app, once, kind=transport.kind, gateway=gateway, routes=lambda: routes, stopping=is_over
    )
    asyncio.run(endpoint.run())
    failure = heard.failure or once.failure
    if failure is not None:
        raise failure


class _Heard:
    """Hears the events of the endpoint: what it would wait for until somebody mends it is an error here."""

    def __init__(self, watching: Watching, notice: Notice) -> None:
        self._watching = watching
        self._notice = notice
        self.failure: Exception | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case InboundNoRoute():
                self.failure = ConfigError(event.reason.replace(" waits: ", ": ", 1))
            case InboundWaiting() | QueueHeldUp():
                self._watching.waits(event.reason)
            case AdapterSaid():
                self._watching.said(event.what, event.reason)
            case AdapterNotConnected() | AdapterFailed():
                pass  # the error itself is told
            case _:
                self._notice(event)

    def hears(self, level: Level) -> bool:
        return self._notice.hears(level)


class _Once:
    """An adapter whose errors are kept, not tried again.

    Args:
        adapter: Does the work.
        took: Is told how many items were stored.
    """

    def __init__(self, adapter: InboundAdapter, took: Callable[[int], object]) -> None:
        self._adapter = adapter
        self._took = took
        self.has_begun = False
        self.is_over = False
        self.failure: Exception | None = None

    @property
    def capabilities(self) -> InboundCapabilities:
        return self._adapter.capabilities

    async def connect(self, positions: Mapping[str, Any]) -> None:
        self.has_begun = True
        try:
            await self._adapter.connect(positions)
        except Exception as error:
            self.failure = error
            raise

    async def receive(self) -> Receipt:
        try:
            return _Counted(await self._adapter.receive(), self._took)
        except EndOfInput:
            self.is_over = True
            raise
        except Exception as error:
            self.failure = error
            raise

    async def finish(self) -> None:
        await self._adapter.finish()

    async def close(self) -> None:
        await self._adapter.close()


class _Counted:
    """A receipt that tells how much of it was stored."""

    def __init__(self, receipt: Receipt, took: Callable[[int], object]) -> None:
        self._receipt = receipt
        self._took = took
        self.items = receipt.items
        self.options = receipt.options
        self.positions = receipt.positions

    async def ack(self, refused: Sequence[Refusal] = ()) -> None:
        await self._receipt.ack(refused)
        self._took(len(self.items) - len(refused))

    async def nack(self, error: Exception) -> None:
        await self._receipt.nack(error)
