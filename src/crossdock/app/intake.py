"""The intake of an endpoint: an app's queue."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.delivery import Claimed, Outcome
    from crossdock.domain.message import AppId
    from crossdock.ports.outbound import Gather
    from crossdock.queue_core import Stop

_BATCH: Final = 100
_LARGEST_BATCH: Final = 1000
"""So many are claimed in one transaction at most: others want to write, too."""
_LARGEST_FETCH: Final = 8 * 1024**2
"""Of data, in bytes, where messages are gathered up to a bound: so much is held beside what was gathered."""


class QueueIntake:
    """Claims messages of one app, and settles them in batches, each batch together with the next claim.

    Args:
        queue: Whose store it is.
        app: Whose messages.
        lanes: So many of them may be in hand at a time.
        gather: How they are gathered, to be handed over together; None: each goes alone.
        lease: How long a stopped process keeps them; None: as the queue has it.
        stop: No more is claimed once it is set.
        receivers: Returns the apps that receive what comes of them; it waits while the queue of one is full.
    """

    def __init__(  # noqa: PLR0913 - all but two by keyword
        self,
        queue: AsyncQueue,
        app: AppId,
        *,
        lanes: int,
        gather: Gather | None,
        lease: timedelta | None,
        stop: Stop,
        receivers: Callable[[], Iterable[AppId]],
    ) -> None:
        self.app = app
        self._queue = queue
        self._stop = stop
        bound = None if gather is None else gather.max_bytes
        self._consumption = queue._start_consuming(
            app,
            batch=max(_BATCH, min(lanes, _LARGEST_BATCH)),
            lease=lease,
            lanes=lanes,
            gathers=gather is not None,
            max_bytes=None if bound is None else min(bound, _LARGEST_FETCH),
            receivers=receivers,
            turn=queue._suspect_turn,
        )
        self._ear = queue._ears.borrow(app)

    @property
    def is_closed(self) -> bool:
        """Whether nothing may be fetched until a message in hand is finished."""
        return self._consumption.is_closed

    @property
    def is_held_up(self) -> bool:
        """Whether it waits for an app to whose queue its answers would go."""
        return self._consumption.held_up_by is not None

    @property
    def can_take(self) -> bool:
        """Whether ``take`` would give something."""
        return self._consumption.can_take

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, fetched or to be written down."""
        return self._consumption.is_idle

    async def fetch(self) -> bool:
        """Wait until there is something to take, or nothing may be fetched; False: we are to stop."""
        return await self._queue._fetch(self._consumption, self._ear, None, self._stop)

    def hurry(self) -> None:
        """Let a fetch that waits see whether we are to stop."""
        self._ear.tell()

    async def take(self) -> Claimed | None:
        """Return a message that is now in hand; None: fetch first."""
        return await self._queue._take(self._consumption)

    def finish(self, claimed: Claimed, outcome: Outcome, *, written: bool = False) -> None:
        """Note how a message in hand ended; it is written down soon, with others, unless it was already."""
        begins = self._consumption.finish(claimed, outcome, written=written)
        if begins or self._consumption.is_hurried:
            self._queue._housekeeper.call(hurry=self._consumption.is_hurried)

    def in_hand(self) -> list[Claimed]:
        """Return what is being worked on."""
        return self._consumption.in_hand()

    async def close(self) -> None:
        """Write down all outcomes, give back what was fetched and not begun."""
        self._queue._ears.give_back(self.app, self._ear)
        try:
            await self._queue._stop_consuming(self._consumption)
        finally:
            self._consumption.suspects.end()
