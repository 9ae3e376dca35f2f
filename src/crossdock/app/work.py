"""One message and its handler: the call, its time limit, and what becomes of the message."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crossdock.app.processes import HandlerFailed, ProcessDied
from crossdock.domain.delivery import Completed
from crossdock.domain.errors import RateLimited, TransientError
from crossdock.domain.events import HandlerTooLate
from crossdock.domain.retry import Halt, RetryAt
from crossdock.hub.worked_on import WORKED_ON

if TYPE_CHECKING:
    from crossdock.asynchronous.delivery import AsyncDelivery
    from crossdock.domain.breaker import Breaker
    from crossdock.domain.delivery import Claimed, Outcome
    from crossdock.hub.answers import Answers
    from crossdock.hub.endpoint import Intake
    from crossdock.hub.gateway import Gateway
    from crossdock.synchronous.delivery import Delivery

_HANDLER_ERRORS = (Exception, SystemExit, KeyboardInterrupt)
"""What a handler may raise without ending its worker: ``sys.exit()`` in a handler fails its message alone."""


class Work:
    """Works on messages of one app.

    Args:
        call: Calls the handler with a message.
        intake: Is told how each ended.
        gateway: Judges errors.
        answers: Addresses what the handler returns.
        timeout: How long one call may last; None: as long as it likes.
        breaker: The circuit breaker of the app's queue, if it has one.
    """

    def __init__(  # noqa: PLR0913 - all but one by keyword
        self,
        call: Callable[..., Awaitable[Any]],
        *,
        intake: Intake,
        gateway: Gateway,
        answers: Answers,
        timeout: timedelta | None = None,
        breaker: Breaker | None = None,
    ) -> None:
        self._call = call
        self._intake = intake
        self._gateway = gateway
        self._answers = answers
        self._breaker = breaker
        self._timeout_s = None if timeout is None else timeout.total_seconds()

    async def __call__(self, claimed: Claimed) -> None:
        """Work on one message; raises nothing but its cancellation."""
        WORKED_ON.set(claimed)
        self._intake.finish(claimed, await self._outcome(claimed, (claimed.message,)))

    async def _outcome(
        self, claimed: Claimed, arguments: tuple[Any, ...], delivery: AsyncDelivery | Delivery | None = None
    ) -> Outcome:
        try:
            if self._timeout_s is None:
                returned = await self._call(*arguments)
            else:
                returned = await self._watched(self._timeout_s, claimed.row_id, arguments)
            return self._answers.to(claimed, returned, None if delivery is None else delivery.result)
        except ProcessDied:
            return self._gateway.crashed(claimed)
        except HandlerFailed as error:
            return self._gateway.nacked(claimed, str(error), None)
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            return self._gateway.nacked(
                claimed, "CancelledError: the handler awaited what was cancelled", None
            )
        except RateLimited as error:
            return _parking(self._gateway.nacked(claimed, error, None))
        except _HANDLER_ERRORS as error:  # the rim of the handler
            return self._gateway.nacked(claimed, error, None, self._breaker)

    async def _watched(self, timeout_s: float, row_id: int, arguments: tuple[Any, ...]) -> Any:
        """Call the handler; should it block this process, the others know when its time is over."""
        peers = self._gateway.store.peers
        if peers is None:
            return await self._within(timeout_s, arguments)
        times = peers.work_times
        place = times.begin(row_id, timeout_s)
        try:
            return await self._within(timeout_s, arguments)
        finally:
            times.end(place)

    async def _within(self, timeout_s: float, arguments: tuple[Any, ...]) -> Any:
        limit = asyncio.timeout(timeout_s)
        try:
            async with limit:
                return await self._call(*arguments)
        except TimeoutError as error:
            if limit.expired():
                raise TransientError(
                    f"the handler took longer than its timeout of {timeout_s:g} s"
                ) from error
            raise


class WorkWithDelivery(Work):
    """Works on messages of one app whose handler takes the delivery, too, and may settle it itself.

    Args:
        call: Calls the handler with a message and a delivery.
        kind: Of the delivery.
        options: As for ``Work``.
    """

    def __init__(
        self,
        call: Callable[..., Awaitable[Any]],
        kind: type[AsyncDelivery | Delivery],
        **options: Any,
    ) -> None:
        super().__init__(call, **options)
        self._kind = kind

    async def __call__(self, claimed: Claimed) -> None:
        """Work on one message; raises nothing but its cancellation."""
        WORKED_ON.set(claimed)
        delivery = self._kind(self._gateway, claimed)
        outcome = await self._outcome(claimed, (claimed.message, delivery), delivery)
        settled = delivery._outcome
        if settled is not None:
            self._tell_dropped(claimed, outcome)
        self._intake.finish(claimed, settled or outcome, written=settled is not None)

    def _tell_dropped(self, claimed: Claimed, outcome: Outcome) -> None:
        """Say what is lost because the handler settled the delivery before it ended."""
        if isinstance(outcome, Completed) and not outcome.answers:
            return
        what = "returned messages" if isinstance(outcome, Completed) else "failed"
        self._gateway.tell(
            HandlerTooLate(
                app=claimed.app,
                reason=f"the handler of {claimed.app!r} settled the delivery itself and then {what}, which has no "
                f"effect: let it return or raise instead of settling",
            )
        )


def _is_cancelled() -> bool:
    """Tell whether it is our own task that is to end, and not one that a handler waited for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _parking(outcome: Outcome) -> Outcome:
    """Let the whole queue wait as long as its message: the far side is the same for all of them."""
    return replace(outcome, halts=Halt.PARK) if isinstance(outcome, RetryAt) else outcome
