"""Starts programs for an adapter, through a small process that lets none of them outlive this one."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crossdock.domain.errors import InvalidMessage, NotConnected

_PROGRAM: Final = Path(__file__).with_name("starter_program.py")
_PAUSE_S: Final = 0.001
_END_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where and with what programs run.

    Attributes:
        folder: Their working directory.
        environment: All of it.
        limits: A number for each name of ``resource``.
    """

    folder: Path
    environment: Mapping[str, str]
    limits: Mapping[str, int]


class Running:
    """A program that runs, or did.

    Attributes:
        pid: Its process, and its group.
    """

    def __init__(self, pid: int, told: asyncio.StreamReader, control: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._told = told
        self._control = control
        self._ended: asyncio.Task[int] = asyncio.create_task(self._end())

    async def wait(self) -> int:
        """Return its exit code once it and its group have ended; negative: the signal that killed it."""
        return await asyncio.shield(self._ended)

    @property
    def code(self) -> int | None:
        """How it ended; None: it has not, as far as is known."""
        return self._ended.result() if self._ended.done() else None

    def when_over(self, call: Callable[[Running], object]) -> None:
        """Call something with it when it is over."""
        self._ended.add_done_callback(lambda _: call(self))

    def kill(self) -> None:
        """Kill its whole group; ``wait`` then tells when it is gone."""
        with suppress(OSError):
            self._control.write_eof()

    def terminate(self) -> None:
        """Ask its whole group to end."""
        if self.code is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGTERM)

    async def _end(self) -> int:
        try:
            line = await self._told.readline()
            return int(json.loads(line)["code"]) if line else -signal.SIGKILL
        except (OSError, ValueError):
            return -signal.SIGKILL  # the starter is gone, and all programs with it
        finally:
            self._control.close()


class Starter:
    """Starts programs.

    Args:
        place: Where they run.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._running: set[Running] = set()

    async def start(self) -> None:
        """Make ready; harmless if it is.

        Raises:
            NotConnected: No process can be started now, or their folder is not there.
        """
        if self._process is not None and self._process.poll() is None:
            return
        await self.close()
        ours, theirs = socket.socketpair()
        try:
            self._process = self._open(theirs)  # a few milliseconds; in a thread it could not be cancelled
        except OSError as error:
            ours.close()
            raise NotConnected(
                f"no program can be started in {self._place.folder}: {error.strerror}"
            ) from error
        finally:
            theirs.close()
        ours.settimeout(0)
        self._socket = ours

    async def run(self, program: str, arguments: Sequence[str], streams: Sequence[int]) -> Running:
        """Start a program in a session of its own.

        Args:
            program: Its path.
            arguments: Its own name first.
            streams: Descriptors of its standard input, output and error. They are closed here, whatever comes.

        Raises:
            NotConnected: It cannot be started.
            InvalidMessage: Its arguments are too long.
        """
        try:
            told, control = await self._ask(streams)
        finally:
            for stream in streams:
                os.close(stream)
        try:
            control.write(json.dumps({"program": program, "arguments": list(arguments)}).encode() + b"\n")
            line = await told.readline()
        except BaseException:
            with suppress(OSError):
                control.write_eof()
                await told.read()  # until it is gone, if it was started
            control.close()
            raise
        answer = json.loads(line) if line else {"errno": errno.ESRCH}
        if "errno" in answer:
            control.close()
            raise _refusal(program, answer["errno"])
        running = Running(answer["pid"], told, control)
        self._running.add(running)
        running.when_over(self._running.discard)
        return running

    async def close(self) -> None:
        """Kill all programs, and wait until they are gone."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._process is not None:
            process, self._process = self._process, None
            await asyncio.to_thread(_bury, process)
        await asyncio.gather(*(running.wait() for running in self._running))

    def _open(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        number = theirs.fileno()
        limits = json.dumps(dict(self._place.limits))
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-I", "-S", "-X", "utf8", str(_PROGRAM), str(number), str(os.getpid()), limits],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[number],
            cwd=self._place.folder,
            env=dict(self._place.environment),
            start_new_session=True,
        )

    async def _ask(self, streams: Sequence[int]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Hand the starter what a program needs, and return the stream that is about it."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                while not self._send([*streams, theirs.fileno()]):  # noqa: ASYNC110 - it cannot tell when
                    await asyncio.sleep(_PAUSE_S)
            except BaseException:
                ours.close()
                raise
        return await asyncio.open_connection(sock=ours)

    def _send(self, streams: Sequence[int]) -> bool:
        """Hand over descriptors; False: the starter has too much to do."""
        if self._socket is None:
            raise NotConnected("the process that starts programs is not there")
        try:
            socket.send_fds(self._socket, [b"+"], streams)
        except BlockingIOError:
            return False
        except OSError as error:
            raise NotConnected(f"the process that starts programs is gone: {error.strerror}") from error
        return True


def _refusal(program: str, number: int) -> Exception:
    words = f"{program} cannot be started: {os.strerror(number)}"
    if number == errno.E2BIG:
        return InvalidMessage(words, [("data", "makes arguments that are longer than the system takes")])
    if number == errno.ENOEXEC:
        return NotConnected(f"{words}; a script begins with a line such as #!/bin/sh")
    return NotConnected(words)


def _bury(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
