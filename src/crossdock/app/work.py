"""The messages of an app and the adapter that hands them over, one by one: the call, its time limit, the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crossdock.app.notes import noted_on, write_note
from crossdock.asynchronous.delivery import AsyncDelivery
from crossdock.domain.delivery import Completed
from crossdock.domain.errors import NotConnected, TransientError
from crossdock.domain.events import HandlerTooLate
from crossdock.hub.worked_on import WORKED_ON, WorkedOn
from crossdock.ports.outbound import Batch, Handover
from crossdock.synchronous.delivery import Delivery

if TYPE_CHECKING:
    from crossdock.domain.delivery import Claimed, Outcome
    from crossdock.hub.endpoint import Intake
    from crossdock.hub.gateway import Gateway
    from crossdock.hub.link import Link
    from crossdock.hub.outcomes import Outcomes
    from crossdock.ports.outbound import OutboundAdapter, Reply

T = TypeVar("T")


class NotedBatch(Batch, Protocol):
    """A batch that can be asked what earlier attempts noted of its messages."""

    async def read_notes(self) -> None:
        """Put it into the handovers."""


class Work:
    """Hands over the messages of one app, each alone; several may be on their way side by side.

    Args:
        adapter: Hands them over.
        link: Of the adapter; is told when it is lost.
        intake: Is told how each ended.
        gateway: Of the queue.
        outcomes: Says what becomes of each.
        timeout: How long one call may last; None: as long as it likes.
    """

    def __init__(  # noqa: PLR0913 - all but two by keyword
        self,
        adapter: OutboundAdapter,
        link: Link,
        *,
        intake: Intake,
        gateway: Gateway,
        outcomes: Outcomes,
        timeout: timedelta | None = None,
    ) -> None:
        self._adapter = adapter
        self._link = link
        self._intake = intake
        self._gateway = gateway
        self._outcomes = outcomes
        self._timeout_s = None if timeout is None else timeout.total_seconds()
        self._notes = adapter.capabilities.notes

    async def __call__(self, claimed: Claimed) -> None:
        """Hand one message over; raises nothing but its cancellation."""
        WORKED_ON.set(WorkedOn(claimed, self._link.adapter))
        batch = OneMessage(self._gateway, claimed)
        (outcome,) = await self._outcomes_of([claimed], batch)
        settled = None if batch.delivery is None else batch.delivery._outcome
        if settled is not None:
            self._tell_dropped(claimed, outcome)
        self._intake.finish(claimed, settled or outcome, written=settled is not None)

    async def flush(self) -> None:
        """Do nothing: no message waits for others."""

    async def stop(self) -> None:
        """Do nothing: what runs, runs in the lanes."""

    async def _outcomes_of(self, handed: Sequence[Claimed], batch: NotedBatch) -> list[Outcome]:
        """Hand a batch over; whatever the adapter raises is an outcome of each of its messages."""
        try:
            if self._notes:
                await batch.read_notes()
            replies = await self._delivered(handed, self._adapter.deliver(batch))
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return self._all(handed, "CancelledError: the handler awaited what was cancelled")
        except NotConnected as error:
            self._link.lost(error)
            return self._all(handed, error)
        except Exception as error:  # noqa: BLE001 - the rim of the adapter
            return self._all(handed, error)
        self._link.works()
        return [self._outcomes.of_reply(one, reply) for one, reply in zip(handed, replies, strict=True)]

    def _all(self, handed: Sequence[Claimed], error: str | BaseException) -> list[Outcome]:
        return [self._outcomes.of_error(claimed, error) for claimed in handed]

    async def _delivered(
        self, claimed: Sequence[Claimed], delivery: Awaitable[Sequence[Reply]]
    ) -> Sequence[Reply]:
        """Wait for the adapter; should it block this process, the others know when its time is over."""
        if self._timeout_s is None:
            return await delivery
        peers = self._gateway.store.peers
        if peers is None:
            return await _within(self._timeout_s, delivery)
        times, timeout_s = peers.work_times, self._timeout_s
        places = [times.begin(one.row_id, timeout_s) for one in claimed]
        try:
            return await _within(timeout_s, delivery)
        finally:
            for place in places:
                times.end(place)

    def _tell_dropped(self, claimed: Claimed, outcome: Outcome) -> None:
        """Say what is lost because the handler settled the delivery before it ended."""
        if isinstance(outcome, Completed) and not outcome.answers:
            return
        what = "returned messages" if isinstance(outcome, Completed) else "failed"
        self._gateway.tell(
            HandlerTooLate(
                app=claimed.app,
                adapter=self._link.adapter,
                reason=f"the handler of {claimed.app!r} settled the delivery itself and then {what}, which has no "
                f"effect: let it return or raise instead of settling",
            )
        )


class OneMessage:
    """A batch of one message.

    Attributes:
        delivery: What a handler was given that wants the delivery itself; None: it was not asked for.
    """

    __slots__ = ("_claimed", "_gateway", "delivery", "handovers")

    def __init__(self, gateway: Gateway, claimed: Claimed) -> None:
        self._gateway = gateway
        self._claimed = claimed
        self.handovers = (Handover(claimed.message, claimed.attempt),)
        self.delivery: AsyncDelivery | Delivery | None = None

    async def read_notes(self) -> None:
        """Find out what an earlier attempt noted."""
        noted = await noted_on(self._gateway.store, [self._claimed])
        self.handovers = (self.handovers[0]._replace(noted=noted.get(self._claimed.row_id)),)

    async def note(self, words: Mapping[str, Any], places: Sequence[int] | None = None) -> None:
        """Write down, durably, where the message goes."""
        if places is None or 0 in places:
            await write_note(self._gateway.store, [self._claimed], words)

    def open(self, *, for_task: bool) -> AsyncDelivery | Delivery:
        """Return the delivery, for a handler that may settle it itself."""
        kind = AsyncDelivery if for_task else Delivery
        self.delivery = kind(self._gateway, self._claimed)
        return self.delivery


async def _within(timeout_s: float, waited_for: Awaitable[T]) -> T:
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            return await waited_for
    except TimeoutError as error:
        if limit.expired():
            raise TransientError(f"the handler took longer than its timeout of {timeout_s:g} s") from error
        raise


def _is_cancelled() -> bool:
    """Tell whether it is our own task that is to end, and not one that a handler waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
