"""Calls a function of this program with each message: as a task, in a thread, or in a process of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, assert_never, cast

from crossdock.adapters.python.handlers import Kind
from crossdock.adapters.python.processes import Processes
from crossdock.adapters.python.threads import Threads
from crossdock.domain.errors import DeliveryError
from crossdock.ports.outbound import Batch, Delivered, OutboundCapabilities, Reply

if TYPE_CHECKING:
    from crossdock.adapters.python.handlers import Handler
    from crossdock.ports.surroundings import Surroundings

_CAPABILITIES: Final = OutboundCapabilities(answers=True)
_PASSED_ON: Final = (Exception, asyncio.CancelledError, GeneratorExit)
"""All else is an error of the message as well: neither ``sys.exit()`` nor the panic of a library in Rust, which is no
``Exception``, ends the worker, which would begin with the same message again and again."""


class HandlersBatch(Batch, Protocol):
    """A batch in the process that works on it: a handler can be given the delivery itself."""

    def open(self, *, for_task: bool) -> Any:
        """Return the delivery, for a task of the event loop or for a thread."""


class PythonAdapter:
    """Hands messages over to a function.

    Args:
        handler: The function, and where it is to run.
        surroundings: Name the threads and processes.

    Raises:
        ConfigError: Other processes could not import the function.
    """

    def __init__(self, handler: Handler, surroundings: Surroundings) -> None:
        self._handler = handler
        self._close: Callable[[], None] = _nothing
        self._call = self._caller(surroundings)

    @property
    def capabilities(self) -> OutboundCapabilities:
        """It answers with what the function returns."""
        return _CAPABILITIES

    async def connect(self) -> None:
        """Do nothing: threads and processes are started when they are needed."""

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        """Call the function; raises what it raises."""
        message = batch.handovers[0].message
        try:
            if not self._handler.wants_delivery:
                return (Delivered(await self._call(message)),)
            delivery = cast("HandlersBatch", batch).open(for_task=self._handler.kind is Kind.TASK)
            return (Delivered(await self._call(message, delivery), delivery.result),)
        except _PASSED_ON:
            raise
        except BaseException as error:
            raise DeliveryError(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        """Let the threads and processes end that have nothing to do."""
        self._close()

    def _caller(self, surroundings: Surroundings) -> Callable[..., Awaitable[Any]]:
        """Return what calls the function where it is to run."""
        app = surroundings.app
        match self._handler.kind:
            case Kind.TASK:
                return self._handler.function
            case Kind.THREAD:
                threads = Threads(f"crossdock-{app}")
                self._close = threads.close
                return partial(threads.run, self._handler.function)
            case Kind.PROCESS:
                processes = Processes(self._handler.function, app, surroundings.prepare_child(app))
                self._close = processes.close
                return processes.run
            case _:
                assert_never(self._handler.kind)


def _nothing() -> None:
    """Close nothing."""
