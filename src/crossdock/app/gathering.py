"""The messages of an app whose adapter takes many at a time: gathered by count, size and time, handed over together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crossdock.app.notes import noted_on, write_note
from crossdock.app.work import Work
from crossdock.hub.endpoint import CANCELLED_WITHIN_S
from crossdock.ports.outbound import Handover

if TYPE_CHECKING:
    from crossdock.domain.delivery import Claimed
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.outbound import Gather


class GatheringWork(Work):
    """Gathers messages (EIP: Aggregator).

    What is gathered stays in hand until it is handed over. A message that was in a process that died goes alone.

    Args:
        arguments: As for ``Work``.
        gather: How many, how much, and how long the first one waits for others.
        options: As for ``Work``.
    """

    def __init__(self, *arguments: Any, gather: Gather, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._gather = gather
        self._gathered: list[Claimed] = []
        self._size = 0
        self._timer: asyncio.TimerHandle | None = None
        self._handing = asyncio.Lock()
        self._late: asyncio.Task[None] | None = None

    async def __call__(self, claimed: Claimed) -> None:
        """Take one message; hand all over if there are enough."""
        self._gathered.append(claimed)
        self._size += claimed.size
        if claimed.crashes or self._is_enough:
            await self.flush()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._gather.wait.total_seconds(), self._start_flush)

    async def flush(self) -> None:
        """Hand over what was gathered, after what is on its way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        async with self._handing:
            gathered, self._gathered, self._size = self._gathered, [], 0
            if gathered:
                await self._hand_over(gathered)

    async def stop(self) -> None:
        """End what was begun because the time was over; what is in hand is not handed over any more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._late is not None:
            self._late.cancel()
            await asyncio.wait([self._late], timeout=CANCELLED_WITHIN_S)

    @property
    def _is_enough(self) -> bool:
        most = self._gather.max_bytes
        return len(self._gathered) >= self._gather.count or (most is not None and self._size >= most)

    def _start_flush(self) -> None:
        self._timer = None
        self._late = asyncio.create_task(self.flush())

    async def _hand_over(self, gathered: Sequence[Claimed]) -> None:
        outcomes = await self._outcomes_of(gathered, ManyMessages(self._gateway, gathered))
        for claimed, outcome in zip(gathered, outcomes, strict=True):
            self._intake.finish(claimed, outcome)


class ManyMessages:
    """A batch of several messages."""

    def __init__(self, gateway: Gateway, gathered: Sequence[Claimed]) -> None:
        self._gateway = gateway
        self._gathered = gathered
        self.handovers = [Handover(one.message, one.attempt) for one in gathered]

    async def read_notes(self) -> None:
        """Find out what earlier attempts noted."""
        noted = await noted_on(self._gateway.store, self._gathered)
        if noted:
            self.handovers = [
                handover._replace(noted=noted.get(one.row_id))
                for handover, one in zip(self.handovers, self._gathered, strict=True)
            ]

    async def note(self, words: Mapping[str, Any], places: Sequence[int] | None = None) -> None:
        """Write down, durably, where messages go: these, or some of them."""
        chosen = self._gathered if places is None else [self._gathered[place] for place in places]
        await write_note(self._gateway.store, chosen, words)
