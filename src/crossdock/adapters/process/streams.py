"""The standard streams of a program, as this side of them reads and bounds them."""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Callable
from typing import Final, Protocol

TAIL_BYTES: Final = 2048
_CHUNK: Final = 1 << 16
_LARGE: Final = 1 << 20
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def words_of(tail: bytes) -> str:
    """Return what a program wrote as words for a message."""
    return _CONTROL.sub("", tail.decode(errors="replace")).strip()


class Listener(Protocol):
    """Takes what comes out of a pipe."""

    def data_received(self, data: bytes) -> None:
        """Take some of it."""

    def connection_lost(self) -> None:
        """Know that this was all."""


class ReadEnd:
    """The end of a new pipe at which this process reads. Nothing here waits, so nothing of it can be cancelled.

    Args:
        listener: Takes what comes.

    Attributes:
        far: The other end, for a program; whoever starts it closes it.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._near, self.far = os.pipe()
        os.set_blocking(self._near, False)
        self._open = True
        self._loop.add_reader(self._near, self._read)

    def listen(self, *, more: bool) -> None:
        """Read, or let the program wait as soon as the pipe is full."""
        if self._open and more:
            self._loop.add_reader(self._near, self._read)
        elif self._open:
            self._loop.remove_reader(self._near)

    def close(self) -> None:
        """Read no more."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._near)
            os.close(self._near)
            self._listener.connection_lost()

    def _read(self) -> None:
        try:
            data = os.read(self._near, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._listener.data_received(data)
        else:
            self.close()


class PulledEnd:
    """The end of a new pipe from which nothing is read but what is asked for.

    Attributes:
        far: The other end, for a program; whoever starts it closes it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._near, self.far = os.pipe()
        os.set_blocking(self._near, False)
        self._open = True

    async def read(self) -> bytes:
        """Wait for something, and return up to 64 KiB; nothing: this was all."""
        readable = self._loop.create_future()
        self._loop.add_reader(self._near, _note, readable)
        try:
            await readable
        finally:
            self._loop.remove_reader(self._near)
        return os.read(self._near, _CHUNK)

    def close(self) -> None:
        """Read no more."""
        if self._open:
            self._open = False
            os.close(self._near)


def _note(readable: asyncio.Future[None]) -> None:
    if not readable.done():
        readable.set_result(None)


class WriteEnd:
    """The end of a new pipe at which this process writes; what the program does not take yet waits in memory.

    Attributes:
        far: The other end, for a program; whoever starts it closes it.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.far, self._near = os.pipe()
        os.set_blocking(self._near, False)
        self._open = True
        self._waiting = bytearray()

    def write(self, data: bytes) -> None:
        """Write; a program that reads no more gets nothing, and its end tells so."""
        if not self._open:
            return
        idle = not self._waiting
        self._waiting += data
        if idle:
            self._flush()
            if self._waiting and self._open:
                self._loop.add_writer(self._near, self._flush)

    def close(self) -> None:
        """Write no more; the program reads the end of its input."""
        if self._open:
            self._open = False
            self._loop.remove_writer(self._near)
            os.close(self._near)

    def _flush(self) -> None:
        try:
            written = os.write(self._near, self._waiting)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        del self._waiting[:written]
        if not self._waiting:
            self._loop.remove_writer(self._near)


class Collector:
    """Keeps what a program writes, up to a bound.

    Args:
        limit: Keep so many bytes.
        over: Is called once if there are more.

    Attributes:
        ended: Is set when nothing more comes.
    """

    def __init__(self, limit: int, over: Callable[[], object]) -> None:
        self.ended = asyncio.Event()
        self._parts: list[bytes] = []
        self._left = limit
        self._over = over

    @property
    def is_over(self) -> bool:
        """Whether there was more than may be."""
        return self._left < 0

    @property
    def kept(self) -> bytes:
        """What came."""
        return b"".join(self._parts)

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        if self.is_over:
            return
        self._left -= len(data)
        self._parts.append(data)
        if self.is_over:
            self._parts.clear()
            self._over()

    def connection_lost(self) -> None:
        """Know that this was all."""
        self.ended.set()


class Tail:
    """Keeps the end of what a program writes, and passes its lines on.

    Args:
        line: Is called with each line, if it is not too long.

    Attributes:
        ended: Is set when nothing more comes.
    """

    def __init__(self, line: Callable[[str], object] | None = None) -> None:
        self.ended = asyncio.Event()
        self._kept = b""
        self._line = line
        self._rest = b""

    @property
    def words(self) -> str:
        """The end of it, as words."""
        return words_of(self._kept)

    def data_received(self, data: bytes) -> None:
        """Keep the end of it."""
        self._kept = (self._kept + data[-TAIL_BYTES:])[-TAIL_BYTES:]
        if self._line is not None:
            *lines, rest = (self._rest + data).split(b"\n")
            self._rest = rest[-TAIL_BYTES:]
            for text in lines:
                if words := words_of(text[:TAIL_BYTES]):
                    self._line(words)

    def connection_lost(self) -> None:
        """Know that this was all."""
        self.ended.set()


class Lines:
    """Parts what a program writes into lines.

    Args:
        longest: A line may have so many bytes.
        line: Is called with each, without its end.
        too_long: Is called with the beginning of a line that is longer; nothing is taken after that.
        gone: Is called when nothing more comes.
    """

    def __init__(
        self,
        longest: int,
        *,
        line: Callable[[bytes], object],
        too_long: Callable[[bytes], object],
        gone: Callable[[], object],
    ) -> None:
        self._longest = longest
        self._line = line
        self._too_long = too_long
        self._gone = gone
        self._parts: list[bytes] = []
        self._length = 0
        self._deaf = False

    def data_received(self, data: bytes) -> None:
        """Part it."""
        *lines, rest = data.split(b"\n")
        for text in lines:
            self._keep(text)
            if self._deaf:
                return
            whole = b"".join(self._parts)
            self._parts.clear()
            self._length = 0
            self._line(whole)
        self._keep(rest)

    def connection_lost(self) -> None:
        """Know that this was all."""
        self._gone()

    def _keep(self, part: bytes) -> None:
        if self._deaf or not part:
            return
        self._parts.append(part)
        self._length += len(part)
        if self._length > self._longest:
            self._deaf = True
            self._too_long(self._parts[0])
            self._parts.clear()


async def input_of(data: bytes) -> int:
    """Return a descriptor from which a program reads data: it need not read it, and nobody waits for it."""
    if not data:
        return os.open(os.devnull, os.O_RDONLY)
    if len(data) > _LARGE:
        return await asyncio.to_thread(_filled, data)
    return _filled(data)


def _filled(data: bytes) -> int:
    if hasattr(os, "memfd_create"):
        stream = os.memfd_create("crossdock-input", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            stream = os.dup(file.fileno())
    with open(stream, "wb", closefd=False) as file:
        file.write(data)
    os.lseek(stream, 0, os.SEEK_SET)
    return stream
