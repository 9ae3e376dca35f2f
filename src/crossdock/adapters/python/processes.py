"""Processes for handlers that keep a processor busy, may have to be killed, or may die."""

from __future__ import annotations

import asyncio
import ctypes
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from crossdock.adapters.python.threads import WorkThread
from crossdock.domain.errors import ConfigError, DeliveryError, InvalidMessage, ProcessDied, TransientError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from crossdock.domain.message import Message

_JOIN_TIMEOUT_S: Final = 5.0
_PR_SET_PDEATHSIG: Final = 1
"""Source: prctl(2)."""


class Processes:
    """Calls one function in child processes, each of which works on one message at a time and is kept for the next.

    A child that dies takes only its own message with it. A caller that is cancelled kills its child. A child ends when
    this process does, however it ends.

    Args:
        function: Of the top of a module, which the children import.
        name: What they are called.
        prepare: What each child does first, once it has started; None: nothing.

    Raises:
        ConfigError: The children could not find the function.
    """

    def __init__(
        self,
        function: Callable[[Message], Any],
        name: str,
        prepare: Callable[[], object] | None = None,
    ) -> None:
        try:
            pickle.dumps(function)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ConfigError(
                f"the handler of {name!r} runs in processes of its own, which cannot import it: {error}"
            ) from error
        self._function = function
        self._name = name
        self._prepare = prepare
        self._idle: list[_Child] = []

    async def run(self, message: Message) -> Any:
        """Call the function in a child; raises what it raises.

        Raises:
            ProcessDied: The child died meanwhile.
        """
        child = self._idle.pop() if self._idle else _Child(self._function, self._name, self._prepare)
        try:
            result = await child.run(message)
        except (Exception, asyncio.CancelledError):
            if child.works:
                self._idle.append(child)
            else:
                child.end()
            raise
        self._idle.append(child)
        return result

    def close(self) -> None:
        """End all children that have nothing to do."""
        for child in self._idle:
            child.end()
        self._idle.clear()


class _Child:
    """One child process, and the thread that talks to it and is its parent.

    Attributes:
        works: Whether it can be given another message.
    """

    def __init__(
        self, function: Callable[[Message], Any], name: str, prepare: Callable[[], object] | None
    ) -> None:
        self.works = False
        self._function = function
        self._name = name
        self._prepare = prepare
        self._thread = WorkThread(f"crossdock-{name}")
        self._process: Any = None
        self._connection: Connection | None = None
        self._ended = False

    async def run(self, message: Message) -> Any:
        """Let it work on a message; raises what the function raises, or that it died."""
        self.works = False
        kind, value = await self._thread.run(self._ask, message)
        self.works = True
        match kind:
            case "returned":
                return value
            case "raised":
                raise value
            case _:
                raise DeliveryError(value)  # in words: only the child may know the class of the error

    def end(self) -> None:
        """Kill it; the thread then sees to it that nothing is left of it."""
        self._ended = True
        self._kill()
        self._thread.end(self._bury)

    def _ask(self, message: Message) -> tuple[str, Any]:
        if self._connection is None or not self._process.is_alive():  # killed while it had nothing to do
            self._bury()
            self._connection = self._start()
        try:
            self._connection.send(message)
            told: tuple[str, Any] = self._connection.recv()
        except (EOFError, OSError) as error:
            self._process.join(_JOIN_TIMEOUT_S)
            raise ProcessDied(_ending(self._process.exitcode)) from error
        return told

    def _start(self) -> Connection:
        """Start the process, and wait until it has imported the function."""
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve,
            args=(theirs, self._function, os.getpid(), self._prepare),
            name=self._name,
            daemon=True,
        )
        self._process.start()
        theirs.close()
        if self._ended:
            self._kill()
        try:
            ours.recv()
        except (EOFError, OSError) as error:
            self._process.join(_JOIN_TIMEOUT_S)
            raise TransientError(
                f"the process for the handler of {self._name!r} could not be started "
                f"({_ending(self._process.exitcode)}); a script that calls hub.run() must do so under "
                f"if __name__ == '__main__'"
            ) from error
        return ours

    def _kill(self) -> None:
        if self._process is not None and self._process.pid is not None:
            self._process.kill()

    def _bury(self) -> None:
        if self._process is not None:
            self._process.join(_JOIN_TIMEOUT_S)
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


def _serve(
    connection: Connection,
    function: Callable[[Message], Any],
    parent: int,
    prepare: Callable[[], object] | None,
) -> None:
    """Work on one message after the other; the main function of a child."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when we end
        signal.signal(number, signal.SIG_IGN)
    _die_with(parent)
    if prepare is not None:
        prepare()
    connection.send(None)
    with suppress(EOFError, OSError):  # the parent is gone
        while True:
            connection.send(_told(function, connection.recv()))


def _told(function: Callable[[Message], Any], message: Message) -> tuple[str, Any]:
    """Return what came of a message, as far as it can go to another process."""
    try:
        told: tuple[str, Any] = ("returned", function(message))
    except (InvalidMessage, DeliveryError) as error:
        told = ("raised", error)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the rim of the handler
        told = ("failed", f"{type(error).__name__}: {error}")
    try:
        pickle.dumps(told)
    except Exception as error:  # noqa: BLE001 - a value may raise anything when it is pickled
        told = ("failed", f"what the handler {told[0]} cannot leave its process: {error}")
    return told


def _die_with(parent: int) -> None:
    """Let the kernel kill us when the thread that started us ends, as it does with its process."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before we had asked
            os._exit(1)
