"""Asyncio's objects, used from a test that is plain code: their loop runs in a thread beside it."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

from crossdock import AsyncClient, AsyncClientDelivery


class Awaited:
    """Has the words of another object, each awaited."""

    def __init__(self, loop: asyncio.AbstractEventLoop, inner: Any) -> None:
        vars(self).update(_loop=loop, _inner=inner)

    def __repr__(self) -> str:
        return repr(self._inner)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._called(found) if inspect.ismethod(found) else self._given(found)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._inner, name, value)

    def _called(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            args = tuple([[_bare(each) for each in one] if isinstance(one, list) else one for one in args])
            return self._given(method(*args, **options))

        return call

    def _given(self, found: Any) -> Any:
        match found:
            case AsyncClientDelivery():
                return Awaited(self._loop, found)
            case list():
                return [self._given(one) for one in found]
            case AsyncGenerator():
                return self._iterated(found)
            case AbstractAsyncContextManager():
                return self._entered(found)
            case _ if inspect.iscoroutine(found):
                return self._given(asyncio.run_coroutine_threadsafe(found, self._loop).result())
            case _:
                return found

    def _iterated(self, found: AsyncGenerator[Any, None]) -> Iterator[Any]:
        try:
            while True:
                yield self._given(_next(found))
        except StopAsyncIteration:
            pass
        finally:
            self._given(_closed(found))

    @contextmanager
    def _entered(self, found: AbstractAsyncContextManager[Any]) -> Iterator[Any]:
        given = self._given(_wrapped(found.__aenter__()))
        try:
            yield given
        except BaseException as error:
            if not self._given(_wrapped(found.__aexit__(type(error), error, error.__traceback__))):
                raise
        else:
            self._given(_wrapped(found.__aexit__(None, None, None)))


@contextmanager
def awaited_client(url: str, **options: Any) -> Iterator[Any]:
    """Give a client for asyncio, in the words of the other one."""
    with _loop_in_thread() as loop:
        client = Awaited(loop, AsyncClient(url, **options))
        try:
            yield client
        finally:
            client.close()


@contextmanager
def _loop_in_thread() -> Iterator[asyncio.AbstractEventLoop]:
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield loop
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _bare(one: Any) -> Any:
    return vars(one)["_inner"] if isinstance(one, Awaited) else one


async def _wrapped(awaitable: Any) -> Any:
    return await awaitable


async def _next(found: AsyncIterator[Any]) -> Any:
    return await anext(found)


async def _closed(found: AsyncGenerator[Any, None]) -> None:
    await found.aclose()
