"""Lets one suite drive both queues: an ``AsyncQueue`` behind methods that block, as those of ``Queue`` do.

Nothing is written twice: every method, generator, context manager and delivery is adapted by what it is.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from contextlib import AbstractAsyncContextManager, contextmanager
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Self

from crossdock import AsyncDelivery, AsyncQueue

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

_PATIENCE_S = 60
_END = object()


class _Caller(threading.local):
    """The context of a thread that calls: what it asks for, call by call, is done as by one task."""

    def __init__(self) -> None:
        self.context = copy_context()


class LoopThread:
    """An event loop in a thread of its own, which does what other threads ask."""

    def __init__(self) -> None:
        self._caller = _Caller()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="contract-loop", daemon=True)
        self._thread.start()

    def call(self, action: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call ``action`` in the loop's thread; await what it returns if need be, and adapt the result."""

        context = self._caller.context

        async def run() -> Any:
            result = action(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        async def run_as_caller() -> Any:
            return await asyncio.create_task(run(), context=context)

        return self._adapted(
            asyncio.run_coroutine_threadsafe(run_as_caller(), self._loop).result(_PATIENCE_S)
        )

    def close(self) -> None:
        """End the loop and its thread."""
        self.call(self._loop.shutdown_asyncgens)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE_S)
        self._loop.close()

    def _adapted(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._adapted(one) for one in value]
        if isinstance(value, (AsyncQueue, AsyncDelivery)):
            return Blocking(value, self)
        if inspect.isasyncgen(value):
            return self._iterate(value)
        if type(value).__module__ == "contextlib":  # what consume_one() and transaction() return
            asynchronous = isinstance(value, AbstractAsyncContextManager)
            names = ("__aenter__", "__aexit__") if asynchronous else ("__enter__", "__exit__")
            return self._enter(*(getattr(value, name) for name in names))
        return value

    def _iterate(self, generator: AsyncGenerator[Any, None]) -> Iterator[Any]:
        try:
            while (item := self.call(anext, generator, _END)) is not _END:
                yield item
        finally:
            self.call(generator.aclose)

    @contextmanager
    def _enter(self, enter: Callable[[], Any], leave: Callable[..., Any]) -> Iterator[Any]:
        value = self.call(enter)
        try:
            yield value
        except BaseException as error:
            if not self.call(leave, type(error), error, error.__traceback__):
                raise
        else:
            self.call(leave, None, None, None)


class Blocking:
    """Stands before a queue or delivery of asyncio; its methods block until the awaited ones are done."""

    def __init__(self, target: Any, loop: LoopThread) -> None:
        object.__setattr__(self, "_target", target)
        object.__setattr__(self, "_thread", loop)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        if not inspect.ismethod(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._thread.call(value, *[_bare(one) for one in args], **kwargs)

        return call

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._target, name, value)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the queue, then its loop."""
        self._thread.call(self._target.close)


def _bare(value: Any) -> Any:
    """Return what the adapted objects of an argument stand for."""
    if isinstance(value, Blocking):
        return value._target
    return [_bare(one) for one in value] if isinstance(value, list) else value
