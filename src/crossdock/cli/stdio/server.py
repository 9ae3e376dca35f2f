"""Serves one program over the standard streams: frames in, frames out, several requests side by side."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from crossdock.cli.stdio.methods import Methods
from crossdock.domain import frames
from crossdock.domain.frames import BadFrame, Notification, Request

if TYPE_CHECKING:
    from crossdock import AsyncQueue

LONGEST_LINE: Final = 96 * 1024**2
"""Bytes: room for the largest data in Base64, and its envelope."""
MOST_REQUESTS: Final = 1000
"""So many are worked on at a time; a program that asks for more waits until it is read again."""
_FINISH_WITHIN_S: Final = 5.0
_ENDS: Final = "shutdown"
_WAITING: Final = frozenset({"claim", "call"})


class Server:
    """Serves until its input ends, or it is told to.

    Args:
        queue: What is asked for.
        source: Frames come from here.
        sink: And go there.
    """

    def __init__(self, queue: AsyncQueue, source: BinaryIO, sink: BinaryIO) -> None:
        self._methods = Methods(queue)
        self._source = source
        self._sink = sink
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._room = threading.BoundedSemaphore(MOST_REQUESTS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._written: SimpleQueue[bytes | None] = SimpleQueue()

    async def run(self) -> None:
        """Serve; at the end what waits is given up, and what is being written down is finished."""
        writer = threading.Thread(target=self._write, name="crossdock-stdout", daemon=True)
        writer.start()
        threading.Thread(target=self._read, name="crossdock-stdin", daemon=True).start()
        try:
            await self._over.wait()
        finally:
            await self._give_up()
            self._written.put(None)
            await asyncio.to_thread(writer.join, _FINISH_WITHIN_S)

    async def _give_up(self) -> None:
        """End what only waits; what writes is let to its end, so that its answer is true."""
        for task in self._tasks:
            if task.get_name() in _WAITING:
                task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_FINISH_WITHIN_S)

    def _read(self) -> None:
        """Read lines; runs in a thread of its own, since a file or a terminal cannot be waited for otherwise."""
        with suppress(RuntimeError, OSError, ValueError):  # the loop, or the input, was closed
            while line := self._source.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    line = self._skip(line)
                if line.strip():
                    self._room.acquire()
                    self._loop.call_soon_threadsafe(self._begin, line)
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._over.set)

    def _skip(self, line: bytes) -> bytes:
        """Read to the end of a line that is too long, and return what is sure to be refused."""
        while (more := self._source.readline(LONGEST_LINE)) and not more.endswith(b"\n"):
            pass
        return b"a line of more than %d bytes: %s" % (LONGEST_LINE, line[:50])

    def _begin(self, line: bytes) -> None:
        try:
            frame = frames.parse(line)
        except BadFrame as error:
            self._written.put(frames.refusal(error.id, error))
            self._room.release()
            return
        if isinstance(frame, Request):
            task = self._loop.create_task(self._serve(frame), name=frame.method)
            self._tasks.add(task)
            task.add_done_callback(self._ended)
            return
        if isinstance(frame, Notification) and frame.method == _ENDS:
            self._over.set()
        self._room.release()

    async def _serve(self, request: Request) -> None:
        if request.method == _ENDS:
            self._written.put(frames.answer(request.id, None))
            self._over.set()
            return
        try:
            result: Any = await self._methods.do(request.method, request.params)
            self._written.put(frames.answer(request.id, result))
        except Exception as error:  # noqa: BLE001 - the rim of a request
            self._written.put(frames.refusal(request.id, error))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._room.release()

    def _write(self) -> None:
        """Write frames; runs in a thread of its own, since a program that does not read would block the others."""
        try:
            while (frame := self._written.get()) is not None:
                self._sink.write(frame)
                if self._written.empty():
                    self._sink.flush()
            self._sink.flush()
        except (OSError, ValueError):  # nobody reads any more
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._over.set)
