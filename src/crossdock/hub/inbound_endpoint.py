"""The endpoint of one app through which messages come in: it drives an inbound adapter.

It connects, later each time that fails; stores what is received, together with how far the adapter has come; waits
while those who receive it have no room; and only then tells the adapter that it is done.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import EndOfInput, InvalidMessage, NotConnected, StoreError
from crossdock.domain.events import AdapterFailed, InboundNoRoute, InboundWaiting, QueueHeldUp
from crossdock.hub.endpoint import CANCELLED_WITHIN_S
from crossdock.hub.link import Link
from crossdock.hub.patience import LOOK_EVERY_S, wait_unless
from crossdock.hub.received import Received

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.domain.message import AppId
    from crossdock.domain.routing import Routes
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.inbound import InboundAdapter, Receipt

_TRY_AGAIN_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 2.0
_TURN_EVERY_S: Final = 0.5
"""A process that is not the one that drives the adapter looks this often whether it is to."""


class InboundEndpoint:
    """Drives the inbound adapter of one app.

    Args:
        app: Whose adapter it is.
        adapter: The endpoint closes it.
        kind: Of the adapter.
        gateway: Of the queue.
        routes: Return the routes as they are now.
        stopping: Tells whether nothing more is to be received.
        leaving: Tells whether the app is to get another adapter; what this one has begun is finished.

    Attributes:
        looks: Rises with each receipt; tells a watcher that something happened meanwhile.
        is_idle: Whether nothing is going on but waiting for the far side.
    """

    def __init__(  # noqa: PLR0913 - all but two by keyword
        self,
        app: AppId,
        adapter: InboundAdapter,
        *,
        kind: str,
        gateway: Gateway,
        routes: Callable[[], Routes],
        stopping: Callable[[], bool],
        leaving: Callable[[], bool] = lambda: False,
    ) -> None:
        self.looks = 0
        self.is_idle = False
        self._app = app
        self._adapter = adapter
        self._kind = kind
        self._gateway = gateway
        self._routes = routes
        # What would not come again is not broken off: to stop, then, is to let the adapter finish.
        self._may_break_off = adapter.capabilities.redelivers
        self._stopping = stopping if self._may_break_off else _never
        self._leaving = leaving if self._may_break_off else lambda: stopping() or leaving()
        self._finishing = False
        self._link = Link(
            self._connect,
            stopping=self._is_to_end,
            tell=gateway.tell,
            app=app,
            adapter=kind,
        )

    async def run(self) -> None:
        """Receive until told to stop. On one host, one process at a time does."""
        try:
            while not self._is_to_end():
                with self._gateway.store.alone(f"inbound-{self._app}") as ours:
                    if ours:
                        await self._drive()
                        return
                self.is_idle = True
                await wait_unless(self._stopping, time.monotonic() + _TURN_EVERY_S)
        finally:
            await self._adapter.close()

    async def _drive(self) -> None:
        try:
            while not self._stopping() and (self._link.is_up or await self._link.up()):
                await self._receive_once()
        except EndOfInput:
            self.is_idle = True
            await wait_unless(self._is_to_end)

    async def _receive_once(self) -> None:
        try:
            if self._is_to_finish:
                self._finishing = True
                await self._adapter.finish()
            receipt = await self._next()
            if receipt is None:
                return
            self.looks += 1
            await self._take_in(receipt)
            self._link.works()
        except EndOfInput:
            raise
        except NotConnected as error:
            self._link.lost(error)
        except Exception as error:  # noqa: BLE001 - the rim of the adapter
            reason = f"{self._app!r}: {type(error).__name__}: {error}"
            self._gateway.tell(AdapterFailed(app=self._app, adapter=self._kind, reason=reason))
            self._link.lost(error)

    async def _next(self) -> Receipt | None:
        """Wait for something; None: we are to stop, or to finish."""
        waiting = asyncio.ensure_future(self._adapter.receive())
        self.is_idle = True
        try:
            while not (waiting.done() or self._stopping() or self._is_to_finish):
                await asyncio.wait([waiting], timeout=LOOK_EVERY_S)
            if waiting.done():
                return waiting.result()
            return None
        finally:
            self.is_idle = False
            if not waiting.done():
                await _give_up(waiting)

    def _is_to_end(self) -> bool:
        """Tell whether nothing new is to be begun."""
        return self._stopping() or self._leaving()

    @property
    def _is_to_finish(self) -> bool:
        return self._leaving() and not self._finishing

    async def _take_in(self, receipt: Receipt) -> None:
        """Store a receipt, however long that has to be tried; if told to stop meanwhile, it comes again."""
        try:
            received = await self._received(receipt)
            stored = received is not None and await self._store(received)
        except BaseException as error:
            await receipt.nack(error if isinstance(error, Exception) else InterruptedError("stopped"))
            raise
        if not stored or received is None:
            await receipt.nack(InterruptedError("stopped before it was stored"))
            return
        await receipt.ack(received.refused)

    async def _received(self, receipt: Receipt) -> Received | None:
        """Address what was received; while nobody receives it, wait: routes may be changed. None: we are to stop."""
        while not self._stopping():
            try:
                return Received(self._gateway, self._app, receipt, self._routes())
            except InvalidMessage as error:
                self._gateway.tell(
                    InboundNoRoute(app=self._app, adapter=self._kind, reason=f"{self._app!r} waits: {error}")
                )
            await self._wait_for_others()
        return None

    async def _store(self, received: Received) -> bool:
        """Store it when there is room; False: we are to stop."""
        pause_s = _TRY_AGAIN_S
        while not self._stopping():
            received.beyond_limits = not self._may_break_off and self._is_to_end()
            try:
                full = await self._gateway.store.write_async(received)
            except StoreError as error:
                self._gateway.tell(InboundWaiting(app=self._app, adapter=self._kind, reason=str(error)))
                await wait_unless(self._stopping, time.monotonic() + pause_s)
                pause_s = min(_LONGEST_PAUSE_S, 2 * pause_s)
                continue
            if full is None:
                return True
            self._gateway.tell(
                QueueHeldUp(
                    app=self._app,
                    reason=f"{self._app!r} takes nothing in, since the queue of {full!r}, which receives what it "
                    f"sends, is as deep as its max_depth allows",
                )
            )
            await self._wait_for_others()
        return False

    async def _wait_for_others(self) -> None:
        """Wait a short while until somebody may have made room, or routes were changed; nothing else is to be done."""
        self.is_idle = True
        await wait_unless(self._stopping, time.monotonic() + _TRY_AGAIN_S)
        self.is_idle = False

    async def _connect(self) -> None:
        positions: Mapping[str, Any] = {}
        if self._adapter.capabilities.positions:
            positions = await self._gateway.store.read_async(lambda reader: reader.positions(self._app))
        await self._adapter.connect(positions)
        self._finishing = False


def _never() -> bool:
    return False


async def _give_up(waiting: asyncio.Future[Receipt]) -> None:
    """Cancel a ``receive``; what it returns all the same comes again."""
    waiting.cancel()
    await asyncio.wait([waiting], timeout=CANCELLED_WITHIN_S)
    if waiting.done() and not waiting.cancelled() and waiting.exception() is None:
        await waiting.result().nack(InterruptedError("stopped before it was stored"))
