"""One direction of an app that is worked for: its adapter, its endpoint, and the task that runs them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from crossdock.app.gathering import GatheringWork
from crossdock.app.intake import QueueIntake
from crossdock.app.work import Work
from crossdock.hub.endpoint import Endpoint
from crossdock.hub.inbound_endpoint import InboundEndpoint
from crossdock.hub.link import Link
from crossdock.hub.outcomes import Outcomes

if TYPE_CHECKING:
    from crossdock.app.registration import Entrance, Registration
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.routing import Routes
    from crossdock.hub.answers import Answers
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.outbound import OutboundAdapter
    from crossdock.queue_core import Stop


@dataclass(slots=True)
class AtWork:
    """A direction of an app that is worked for.

    Attributes:
        part: What it was made of.
        endpoint: Brings in or hands over its messages.
        task: Runs the endpoint, and closes the adapter behind it.
        is_broken_off: It was to end, and had not when its time was over.
    """

    part: Registration | Entrance
    endpoint: Endpoint | InboundEndpoint
    _stop: _PartStop
    task: asyncio.Task[None]
    _end_by: float | None = None
    is_broken_off: bool = False

    @property
    def is_outdated(self) -> bool:
        """Whether it is to end, since it is worked for otherwise, or no longer."""
        return self._stop.wanted

    @is_outdated.setter
    def is_outdated(self, outdated: bool) -> None:
        self._stop.wanted = self._stop.wanted or outdated
        if outdated:
            self.hurry()

    def end_within(self, drain_s: float) -> None:
        """Begin nothing more, and let what is in work end within so long; called again, the first end holds."""
        if self._end_by is None:
            self._end_by = time.monotonic() + drain_s
        self.is_outdated = True

    def break_off_if_late(self) -> None:
        """End it if its time is over, once: what it hands back is not to be disturbed."""
        if self._end_by is not None and time.monotonic() >= self._end_by and not self.is_broken_off:
            self.is_broken_off = True
            self.task.cancel()

    def hurry(self) -> None:
        """Let it see at once that it is to end, even if it waits for messages."""
        if isinstance(self.endpoint, Endpoint):
            self.endpoint.intake.hurry()

    @property
    def can_work(self) -> bool:
        """Whether messages that are ready would be worked on: nothing holds the app up, its far side is there."""
        endpoint = self.endpoint
        if not isinstance(endpoint, Endpoint):
            return False
        return endpoint.link.is_up and not getattr(endpoint.intake, "is_held_up", False)


class _PartStop:
    """Tells whether an endpoint is to begin nothing more: the run ends, or its app is worked for otherwise now."""

    def __init__(self, run: Stop) -> None:
        self._run = run
        self.wanted = False

    def is_set(self) -> bool:
        """Tell whether to stop."""
        return self.wanted or self._run.is_set()


def outbound_at_work(app: Registration, queue: AsyncQueue, answers: Answers, *, run: Stop) -> AtWork:
    """Begin to hand an app its messages.

    Raises:
        ConfigError: Its adapter cannot be made.
    """
    stop = _PartStop(run)
    adapter: OutboundAdapter = app.outbound.adapter(app.app, queue._gateway)
    queue._store.adapters[app.app] = app.outbound.kind
    gather = adapter.capabilities.gather
    intake = QueueIntake(
        queue,
        app.app,
        lanes=app.concurrency if gather is None else gather.count,
        gather=gather,
        lease=None,
        stop=stop,
        receivers=partial(answers.receivers_of, app.app),
    )
    link = Link(
        adapter.connect,
        stopping=stop.is_set,
        tell=queue._gateway.tell,
        app=app.app,
        adapter=app.outbound.kind,
    )
    options: dict[str, Any] = {
        "intake": intake,
        "gateway": queue._gateway,
        "outcomes": Outcomes(queue._gateway, answers, app.breaker),
        "timeout": app.timeout,
    }
    work = (
        Work(adapter, link, **options)
        if gather is None
        else GatheringWork(adapter, link, gather=gather, **options)
    )
    lanes = app.concurrency if gather is None else 1
    endpoint = Endpoint(intake, work, link, lanes=lanes, stopping=stop.is_set)
    return AtWork(app, endpoint, stop, asyncio.create_task(_run(endpoint, adapter)))


async def _run(endpoint: Endpoint, adapter: OutboundAdapter) -> None:
    try:
        await endpoint.run()
    finally:
        await adapter.close()


def inbound_at_work(app: Entrance, gateway: Gateway, *, routes: Callable[[], Routes], run: Stop) -> AtWork:
    """Begin to take messages in through an app.

    Raises:
        ConfigError: Its adapter cannot be made.
    """
    stop = _PartStop(run)
    endpoint = InboundEndpoint(
        app.app,
        app.inbound.adapter(app.app, gateway),
        kind=app.inbound.kind,
        gateway=gateway,
        routes=routes,
        stopping=run.is_set,
        leaving=stop.is_set,
    )
    return AtWork(app, endpoint, stop, asyncio.create_task(endpoint.run()))
