"""The endpoint of one app: lanes that work on its messages side by side, fed by one intake.

Lanes are tasks of one event loop. Whichever lane finds nothing to do fetches for all of them; the others sleep until
there is work. A handler that never waits is worked through message after message without a switch between tasks.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, Final, Protocol

from crossdock.domain.delivery import HandedBack

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.domain.delivery import Claimed, Outcome
    from crossdock.domain.message import AppId
    from crossdock.hub.link import Link

_GIVE_WAY_AFTER_S: Final = 0.005
"""A lane whose handler never waits lets the other tasks of the loop run this often."""
_LOOK_AGAIN_S: Final = 1.0
"""A lane that waits for a suspect to be finished looks this often whether it was given back."""
CANCELLED_WITHIN_S: Final = 0.5
"""A handler that is cancelled and goes on nevertheless is left behind after so long."""


class Intake(Protocol):
    """Where an endpoint's messages come from, and where their outcomes go."""

    @property
    def app(self) -> AppId:
        """Whose queue it is."""

    @property
    def is_closed(self) -> bool:
        """Whether nothing may be fetched until a message in hand is finished."""

    @property
    def can_take(self) -> bool:
        """Whether ``take`` would give something."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in hand, fetched or to be written down."""

    async def fetch(self) -> bool:
        """Wait until there is something to take, or nothing may be fetched; False: we are to stop."""

    def hurry(self) -> None:
        """Let a fetch that waits see whether we are to stop."""

    async def take(self) -> Claimed | None:
        """Return a message that is now in hand; None: fetch first."""

    def finish(self, claimed: Claimed, outcome: Outcome, *, written: bool = False) -> None:
        """Note how a message in hand ended; it is written down soon, with others, unless it was already."""

    def in_hand(self) -> list[Claimed]:
        """Return what is being worked on."""

    async def close(self) -> None:
        """Write down all outcomes, give back what was fetched and not begun."""


class Work(Protocol):
    """Hands over what an endpoint takes from its intake, and tells the intake how each message ended."""

    async def __call__(self, claimed: Claimed) -> None:
        """Work on one message, or keep it to hand it over with others; raises nothing but its cancellation."""

    async def flush(self) -> None:
        """Hand over what was kept: nothing more comes soon."""

    async def stop(self) -> None:
        """End what runs beside the lanes; what it held is given back."""


class Endpoint:
    """Drives the outbound adapter of one app.

    Args:
        intake: Of the app; the endpoint closes it.
        work: Works on the messages.
        link: Of the adapter: no message is taken while it is down.
        lanes: At most so many messages are worked on at a time.
        stopping: Tells whether no message is to be begun any more.
    """

    def __init__(
        self,
        intake: Intake,
        work: Work,
        link: Link,
        *,
        lanes: int,
        stopping: Callable[[], bool],
    ) -> None:
        self.intake = intake
        self.link = link
        self._work = work
        self._lanes = lanes
        self._stopping = stopping
        self._asleep: deque[asyncio.Future[None]] = deque()
        self._fetching = False
        self._waking = False
        self._ended = False
        self.looks = 0
        """Rises with each message that is begun; tells a watcher that something happened meanwhile."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing is going on but waiting for messages, or for the far side."""
        return self.intake.is_idle and (self._fetching or self.link.is_down)

    async def run(self) -> None:
        """Work until told to stop; cancelled, hand back what is unfinished."""
        lanes = [asyncio.create_task(self._lane()) for _ in range(self._lanes)]
        try:
            await _all_of(lanes)
            await self._work.flush()
        finally:
            await self._work.stop()
            for claimed in self.intake.in_hand():
                self.intake.finish(claimed, HandedBack("stopped before it was finished"))
            await self.intake.close()

    async def _lane(self) -> None:
        intake, work, link = self.intake, self._work, self.link
        gave_way = time.monotonic()
        while not self._stopping() and (link.is_up or await link.up()):
            claimed = await intake.take()
            if claimed is None:
                if not await self._refill():
                    break
                gave_way = time.monotonic()
                continue
            self.looks += 1
            if self._asleep and not self._waking and (not self._fetching or intake.can_take):
                self._wake_one()
            await work(claimed)
            if time.monotonic() - gave_way > _GIVE_WAY_AFTER_S:
                await asyncio.sleep(0)
                gave_way = time.monotonic()
        self._end()

    async def _refill(self) -> bool:
        """Fetch for all lanes, or sleep until another lane has; False: we are to stop."""
        if not self._fetching and self.intake.is_closed:
            await self._work.flush()  # what is kept for others would keep a suspect waiting
        if self._fetching or self.intake.is_closed:
            await self._sleep()
            return not self._ended
        self._fetching = True
        try:
            return await self.intake.fetch()
        finally:
            self._fetching = False

    async def _sleep(self) -> None:
        sleep: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asleep.append(sleep)
        await asyncio.wait([sleep], timeout=None if self._fetching else _LOOK_AGAIN_S)
        self._waking = False
        if not sleep.done():
            self._asleep.remove(sleep)

    def _wake_one(self) -> None:
        """Wake one lane; when it has found work, it wakes the next."""
        self._waking = True
        self._asleep.popleft().set_result(None)

    def _end(self) -> None:
        """Let the sleeping lanes see that the work has ended."""
        self._ended = True
        while self._asleep:
            self._wake_one()


async def _all_of(lanes: list[asyncio.Task[None]]) -> None:
    """Wait for all lanes; if one fails or we are cancelled, end the others first."""
    try:
        await asyncio.gather(*lanes)
    except BaseException:
        for lane in lanes:
            lane.cancel()
        await asyncio.wait(lanes, timeout=CANCELLED_WITHIN_S)
        raise
