"""One run of a hub: the endpoints of each app, until there is nothing to do or someone says stop."""

from __future__ import annotations

import asyncio
import concurrent.futures.thread  # noqa: F401 - asyncio does when it first needs one: late, if no descriptor is left
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Final, TypeAlias

from crossdock.app.at_work import AtWork, inbound_at_work, outbound_at_work
from crossdock.app.registration import Entrance, Registration
from crossdock.app.reloading import Plan, Reloading
from crossdock.hub.answers import Answers

if TYPE_CHECKING:
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.message import AppId
    from crossdock.queue_core import Stop

Part: TypeAlias = Registration | Entrance
"""One direction of an app."""
Name: TypeAlias = "tuple[type[Part], AppId]"

_LOOK_EVERY_S: Final = 0.1
_LOOK_IDLE_EVERY_S: Final = 0.02
_TO_WRITE: Final = timedelta(seconds=2)
"""So much of the time to stop is kept for writing down what came of it, and for the end of the process."""


class Running:
    """A run.

    Args:
        queue: Whose messages are worked on.
        plan: What is worked on.
        renew: Reads the configuration again; None: there is none.
        stop: Ends the run when it is set.
        drain: How long the end may take.
    """

    def __init__(
        self,
        queue: AsyncQueue,
        plan: Plan,
        *,
        renew: Callable[[], Plan] | None,
        stop: Stop | None,
        drain: timedelta,
    ) -> None:
        self._queue = queue
        self._wanted = _parts(plan)
        self._routes = plan.routes
        self._answers = Answers(queue._gateway, plan.routes)
        self._reloading = (
            None if renew is None else Reloading(queue._store, renew, self, notice=queue._gateway.notice)
        )
        self._stop = stop
        self._drain_s = max(timedelta(0), drain - _TO_WRITE).total_seconds()
        self._told = 0
        self._at_work: dict[Name, AtWork] = {}
        self._clean_up = ExitStack()

    def stop(self) -> None:
        """Begin no further message; called again, hand back what is in work at once."""
        self._told += 1

    def is_set(self) -> bool:
        """Tell whether the run is to end."""
        return self._told > 0 or (self._stop is not None and self._stop.is_set())

    def apply(self, plan: Plan) -> None:
        """Begin to work by another plan; what is in work ends as it began."""
        self._wanted = _parts(plan)
        self._routes = plan.routes
        self._answers.use(plan.routes)
        for name, one in self._at_work.items():
            wanted = self._wanted.get(name)
            one.is_outdated = wanted != one.part
            if wanted is None or wanted.restarts != one.part.restarts:
                one.end_within(self._drain_s)

    def is_settled(self) -> bool:
        """Tell whether nothing is worked on by an earlier plan any more."""
        return {name: one.part for name, one in self._at_work.items()} == self._wanted

    async def run(self, wait: timedelta | None) -> None:
        """Work until told to stop, or until there was nothing to do for ``wait``."""
        with self._clean_up:
            self._keep_house()
            try:
                self._start_all()
                await self._watch(wait)
            finally:
                await _end([one.task for one in self._at_work.values()])
                if self._reloading is not None:
                    await self._reloading.end()

    def _keep_house(self) -> None:
        """A queue in memory has no thread that writes down results while all others wait; lend it one."""
        if self._queue._in_memory:
            self._queue._housekeeper.start()
            self._clean_up.callback(self._queue._housekeeper.stop)

    async def _watch(self, wait: timedelta | None) -> None:
        """Wait until the endpoints have ended; tell them when it is time to."""
        look_every_s = _LOOK_EVERY_S if wait is None else _LOOK_IDLE_EVERY_S
        idle = _Idleness(self._at_work)
        stopped_at: float | None = None
        # A plan may leave nothing to do, and the next may bring something.
        while self._at_work or not self.is_set():
            await self._rest(look_every_s)
            for one in self._at_work.values():
                one.break_off_if_late()
            self._bury()
            self._show_life()
            if self.is_set():
                stopped_at = time.monotonic() if stopped_at is None else stopped_at
                if self._told > 1 or time.monotonic() - stopped_at > self._drain_s:
                    return
                for one in self._at_work.values():
                    one.hurry()
                continue
            self._start_all()
            if self._reloading is not None:
                await self._reloading.look()
            if wait is not None and idle.seconds() >= wait.total_seconds() and await self._is_empty(idle):
                self.stop()

    async def _rest(self, longest_s: float) -> None:
        """Wait until an endpoint fails or all have ended, but not longer than that."""
        tasks = {one.task for one in self._at_work.values()}
        if tasks:
            await asyncio.wait(tasks, timeout=longest_s, return_when=asyncio.FIRST_EXCEPTION)
        else:
            await asyncio.sleep(longest_s)

    def _start_all(self) -> None:
        """Start working for each app that is wanted and not worked for."""
        for name, part in self._wanted.items():
            if name not in self._at_work:
                self._at_work[name] = self._start(part)

    def _bury(self) -> None:
        """Forget the endpoints that have ended; raises what one has failed with."""
        for name, one in list(self._at_work.items()):
            if one.task.done():
                del self._at_work[name]
                if not (one.is_broken_off and one.task.cancelled()):
                    one.task.result()

    def _show_life(self) -> None:
        peers = self._queue._store.peers
        if peers is not None:
            peers.work_times.mark()

    async def _is_empty(self, idle: _Idleness) -> bool:
        """Make sure that nothing has become ready since the endpoints were found idle."""
        now, before = self._queue._store.now(), idle.mark()
        apps = [app for (_, app), one in self._at_work.items() if one.can_work]
        ready = await self._queue._store.read_async(
            lambda reader: any(reader.has_work(app, now) for app in apps)
        )
        return not ready and idle.mark() == before and idle.seconds() >= 0

    def _start(self, part: Part) -> AtWork:
        gateway = self._queue._gateway
        if isinstance(part, Entrance):
            return inbound_at_work(part, gateway, routes=lambda: self._routes, run=self)
        return outbound_at_work(part, self._queue, self._answers, run=self)


class _Idleness:
    """Tells for how long all endpoints have had nothing to do."""

    def __init__(self, at_work: Mapping[Name, AtWork]) -> None:
        self._at_work = at_work
        self._since: float | None = None
        self._mark = -1

    def mark(self) -> int:
        """Return a number that changes whenever a message is begun."""
        return sum(one.endpoint.looks for one in self._at_work.values())

    def seconds(self) -> float:
        """Return for how long, as far as was looked; negative: there is something to do."""
        mark = self.mark()
        if not all(one.endpoint.is_idle for one in self._at_work.values()):
            self._since = None
            return -1.0
        now = time.monotonic()
        if self._since is None or mark != self._mark:
            self._since, self._mark = now, mark
        return now - self._since


def _parts(plan: Plan) -> dict[Name, Part]:
    """Return the directions of all apps of a plan."""
    parts: list[Part] = [*plan.apps.values(), *plan.entrances.values()]
    return {(type(one), one.app): one for one in parts}


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel what still runs; each endpoint hands back what is unfinished."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
