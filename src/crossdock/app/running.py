"""One run of a hub: an endpoint for each app, until there is nothing to do or someone says stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final, assert_never

from crossdock.app.intake import QueueIntake
from crossdock.app.processes import Processes
from crossdock.app.reloading import Plan, Reloading
from crossdock.app.threads import Threads
from crossdock.app.work import Work, WorkWithDelivery
from crossdock.asynchronous.delivery import AsyncDelivery
from crossdock.hub.answers import Answers
from crossdock.hub.endpoint import Endpoint
from crossdock.hub.handlers import Kind
from crossdock.synchronous.delivery import Delivery

if TYPE_CHECKING:
    from crossdock.app.registration import Registration
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.message import AppId
    from crossdock.queue_core import Stop

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
        self._wanted = plan.apps
        self._answers = Answers(queue._gateway, plan.routes)
        self._reloading = (
            None if renew is None else Reloading(queue._store, renew, self, notice=queue._gateway.notice)
        )
        self._stop = stop
        self._drain_s = max(timedelta(0), drain - _TO_WRITE).total_seconds()
        self._told = 0
        self._at_work: dict[AppId, AtWork] = {}
        self._clean_up = ExitStack()

    def stop(self) -> None:
        """Begin no further message; called again, hand back what is in work at once."""
        self._told += 1

    def is_set(self) -> bool:
        """Tell whether the run is to end."""
        return self._told > 0 or (self._stop is not None and self._stop.is_set())

    def apply(self, plan: Plan) -> None:
        """Begin to work by another plan; what is in work ends as it began."""
        self._wanted = plan.apps
        self._answers.use(plan.routes)
        for name, one in self._at_work.items():
            one.is_outdated = plan.apps.get(name) != one.app

    def is_settled(self) -> bool:
        """Tell whether nothing is worked on by an earlier plan any more."""
        return {name: one.app for name, one in self._at_work.items()} == self._wanted

    async def run(self, wait: timedelta | None) -> None:
        """Work until told to stop, or until there was nothing to do for ``wait``."""
        with self._clean_up:
            self._keep_house()
            try:
                self._start_all()
                await self._watch(wait)
            finally:
                await _end([one.task for one in self._at_work.values()])
                for one in self._at_work.values():
                    one.clean_up.close()
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
        while self._at_work:
            tasks = {one.task for one in self._at_work.values()}
            await asyncio.wait(tasks, timeout=look_every_s, return_when=asyncio.FIRST_EXCEPTION)
            self._bury()
            self._show_life()
            if self.is_set():
                stopped_at = time.monotonic() if stopped_at is None else stopped_at
                if self._told > 1 or time.monotonic() - stopped_at > self._drain_s:
                    return
                continue
            self._start_all()
            if self._reloading is not None:
                await self._reloading.look()
            if wait is not None and idle.seconds() >= wait.total_seconds() and await self._is_empty(idle):
                self.stop()

    def _start_all(self) -> None:
        """Start working for each app that is wanted and not worked for."""
        for name, app in self._wanted.items():
            if name not in self._at_work:
                self._at_work[name] = self._start(app)

    def _bury(self) -> None:
        """Forget the endpoints that have ended; raises what one has failed with."""
        for name, one in list(self._at_work.items()):
            if one.task.done():
                del self._at_work[name]
                one.clean_up.close()
                one.task.result()

    def _show_life(self) -> None:
        peers = self._queue._store.peers
        if peers is not None:
            peers.work_times.mark()

    async def _is_empty(self, idle: _Idleness) -> bool:
        """Make sure that nothing has become ready since the endpoints were found idle."""
        now, before = self._queue._store.now(), idle.mark()
        apps = [name for name, one in self._at_work.items() if not one.intake.is_held_up]
        ready = await self._queue._store.read_async(
            lambda reader: any(reader.has_work(app, now) for app in apps)
        )
        return not ready and idle.mark() == before and idle.seconds() >= 0

    def _start(self, app: Registration) -> AtWork:
        clean_up = ExitStack()
        call = _call(app, clean_up)
        stop = _AppStop(self)
        intake = QueueIntake(
            self._queue,
            app.app,
            lanes=app.concurrency,
            lease=None,
            stop=stop,
            receivers=partial(self._answers.receivers_of, app.app),
        )
        work = _work(app, call, intake, self._queue, self._answers)
        endpoint = Endpoint(intake, work, lanes=app.concurrency, stopping=stop.is_set)
        return AtWork(app, intake, endpoint, stop, asyncio.create_task(endpoint.run()), clean_up)


class _AppStop:
    """Tells whether an endpoint is to begin nothing more: the run ends, or its app is worked for otherwise now."""

    def __init__(self, run: Stop) -> None:
        self._run = run
        self.wanted = False

    def is_set(self) -> bool:
        """Tell whether to stop."""
        return self.wanted or self._run.is_set()


@dataclass(slots=True)
class AtWork:
    """An app that is worked for."""

    app: Registration
    intake: QueueIntake
    endpoint: Endpoint
    _stop: _AppStop
    task: asyncio.Task[None]
    clean_up: ExitStack

    @property
    def is_outdated(self) -> bool:
        """Whether it is to end, since it is worked for otherwise, or no longer."""
        return self._stop.wanted

    @is_outdated.setter
    def is_outdated(self, outdated: bool) -> None:
        self._stop.wanted = self._stop.wanted or outdated


def _call(app: Registration, clean_up: ExitStack) -> Callable[..., Awaitable[Any]]:
    """Return what calls a handler where it is to run."""
    match app.handler.kind:
        case Kind.TASK:
            return app.handler.function
        case Kind.THREAD:
            threads = Threads(f"crossdock-{app.app}")
            clean_up.callback(threads.close)
            return partial(threads.run, app.handler.function)
        case Kind.PROCESS:
            processes = Processes(app.handler.function, app.app)
            clean_up.callback(processes.close)
            return processes.run
        case _:
            assert_never(app.handler.kind)


class _Idleness:
    """Tells for how long all endpoints have had nothing to do."""

    def __init__(self, at_work: Mapping[AppId, AtWork]) -> None:
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


def _work(
    app: Registration,
    call: Callable[..., Awaitable[Any]],
    intake: QueueIntake,
    queue: AsyncQueue,
    answers: Answers,
) -> Work:
    options: dict[str, Any] = {
        "intake": intake, "gateway": queue._gateway, "answers": answers, "timeout": app.timeout,
        "breaker": app.breaker,
    }  # fmt: skip
    if not app.handler.wants_delivery:
        return Work(call, **options)
    kind = AsyncDelivery if app.handler.kind is Kind.TASK else Delivery
    return WorkWithDelivery(call, kind, **options)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel what still runs; each endpoint hands back what is unfinished."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
