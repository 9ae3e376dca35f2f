"""Starts programs for one hub process, and lets none of them outlive it. It is a small process of its own.

Being small, it forks quickly, and nothing of the hub waits for that. Having no threads, it may set limits between fork
and exec. And as the one who reaps, it kills a program's group while nobody else can have got its number.

It is run as a file, with nothing but the standard library. Its arguments: the descriptor of a socket to the hub, the
hub's process id, and the limits as JSON, a number for each name of ``resource``. On the socket each byte asks for a
program and brings four descriptors: its standard input, output and error, and a socket that is about it alone. There
the hub says in a line of JSON which (``{"program": path, "arguments": [name, …]}``), and is told ``{"pid": …}`` or
``{"errno": …}``, and at the end ``{"code": …}``, negative for a signal. When the hub closes its side, the program is
killed; when the socket to the hub closes, all are.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, Final

_PR_SET_PDEATHSIG: Final = 1
_PR_SET_CHILD_SUBREAPER: Final = 36
"""Source: prctl(2)."""
_LOOK_EVERY_MS: Final = 1000
_GONE_WITHIN_S: Final = 1.0
_PAUSE_S: Final = 0.0005
_DEFAULT_AGAIN: Final = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM)


class Program:
    """A program that is asked for, runs, or has ended.

    Attributes:
        control: The socket that is about it.
        pid: And its group; None: it does not run.
    """

    def __init__(self, control: socket.socket, streams: list[int]) -> None:
        control.settimeout(0)
        self.control = control
        self.pid: int | None = None
        self._streams = streams
        self._asked = b""
        self._family: list[int] = []

    def hear(self, starter: Starter) -> bool:
        """Take what the hub says; False: it says no more."""
        try:
            said = self.control.recv(1 << 16)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._asked += said
        if said.endswith(b"\n"):
            self._start(json.loads(self._asked), starter)
        return bool(said)

    def tell(self, **what: int) -> None:
        """Tell the hub; one that has gone needs to know nothing."""
        with suppress(OSError):
            self.control.send(json.dumps(what).encode() + b"\n")

    def kill(self) -> None:
        """Kill its group, and what has left it and still descends from it."""
        if self.pid is None:
            return
        family = [self.pid]
        for member in family:
            family += children_of(member)
        with suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)
        for member in family[1:]:
            with suppress(OSError):
                os.kill(member, signal.SIGKILL)
        self._family += family[1:]

    def bury(self) -> int:
        """Reap it, and wait until those who were killed with it are gone, too; return its exit code.

        They become ours at once when their own parents end.
        """
        assert self.pid is not None  # noqa: S101 - it has ended
        _, status = os.waitpid(self.pid, 0)
        deadline = time.monotonic() + _GONE_WITHIN_S
        for which in (-self.pid, *self._family):
            while _is_there(which) and time.monotonic() < deadline:
                time.sleep(_PAUSE_S)
        self.pid = None
        return os.waitstatus_to_exitcode(status)

    def forget(self) -> None:
        """Release what belongs to it."""
        self.control.close()
        self._close_streams()

    def _start(self, what: dict[str, Any], starter: Starter) -> None:
        heard, told = os.pipe()
        pid = os.fork()
        if pid == 0:
            starter.become(what["program"], what["arguments"], streams=self._streams, told=told)
        os.close(told)
        self._close_streams()
        with open(heard, "rb") as failed:  # noqa: PTH123 - a descriptor
            number = failed.read()
        if number:
            os.waitpid(pid, 0)
            self.tell(errno=int(number))
        else:
            self.pid = pid
            self.tell(pid=pid)

    def _close_streams(self) -> None:
        while self._streams:
            os.close(self._streams.pop())


class Starter:
    """Starts, watches and kills.

    Args:
        hub: Asks for programs.
        parent: The hub's process.
        limits: For each of them.
    """

    def __init__(self, hub: socket.socket, parent: int, limits: dict[str, int]) -> None:
        self._hub = hub
        self._parent = parent
        self._limits = [(getattr(resource, name), value) for name, value in limits.items()]
        self._own_pid = os.getpid()
        self._libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
        self._programs: dict[int, Program] = {}
        self._poll = select.poll()
        self._deaths, wakes = os.pipe()
        for end in (self._deaths, wakes):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGINT, signal.SIGTERM):  # the hub decides when we end
            signal.signal(number, signal.SIG_IGN)
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1)
        hub.set_inheritable(False)
        for source in (self._deaths, hub.fileno()):
            self._poll.register(source, select.POLLIN)

    def run(self) -> None:
        """Do what the hub asks until it is gone, then kill everything."""
        while os.getppid() == self._parent:
            ready = [number for number, _ in self._poll.poll(_LOOK_EVERY_MS)]
            if self._hub.fileno() in ready and not self._take():
                break
            for number in ready:
                if number in self._programs:
                    self._serve(number)
            if self._deaths in ready:
                os.read(self._deaths, 4096)
                self._reap()
        self._end_all()

    def become(self, program: str, arguments: list[str], *, streams: list[int], told: int) -> None:
        """Turn this child into a program; what hinders it is told as its number."""
        try:
            os.setsid()
            self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self._own_pid:  # we died before it was asked
                os._exit(1)
            for number, stream in enumerate(streams):
                os.dup2(stream, number, inheritable=True)
            for number in _DEFAULT_AGAIN:
                signal.signal(number, signal.SIG_DFL)
            for kind, value in self._limits:
                _limit(kind, value)
            os.execve(program, arguments, os.environ)  # noqa: S606 - there is no shell, as it should be
        except OSError as error:
            os.write(told, str(error.errno).encode())
        except MemoryError:
            os.write(told, str(errno.ENOMEM).encode())
        finally:
            os._exit(127)

    def _take(self) -> bool:
        """Take what a new program needs; False: the hub is gone."""
        try:
            _, (control, *streams), *_ = _received(self._hub)
        except (OSError, ValueError):
            return False
        self._programs[control] = Program(socket.socket(fileno=control), streams)
        self._poll.register(control, select.POLLIN)
        return True

    def _serve(self, number: int) -> None:
        program = self._programs[number]
        if program.hear(self):
            return
        self._poll.unregister(number)
        if program.pid is None:
            self._drop(number)
        else:
            program.kill()

    def _reap(self) -> None:
        """Bury the dead; while one of them is not, its number is nobody else's."""
        running = {program.pid: number for number, program in self._programs.items()}
        while (dead := _next_dead()) is not None:
            number = running.get(dead)
            if number is None:
                os.waitpid(dead, 0)  # one that its own parent left behind
                continue
            program = self._programs[number]
            program.kill()
            program.tell(code=program.bury())
            self._drop(number)

    def _drop(self, number: int) -> None:
        with suppress(KeyError):
            self._poll.unregister(number)
        self._programs.pop(number).forget()

    def _end_all(self) -> None:
        """Kill every program, and then what they left behind, which is ours by now."""
        for program in self._programs.values():
            program.kill()
        with suppress(ChildProcessError):
            while True:
                for orphan in children_of(self._own_pid):
                    with suppress(OSError):
                        os.kill(orphan, signal.SIGKILL)
                os.waitpid(-1, 0)

    def _prctl(self, option: int, value: int) -> None:
        if self._libc is not None:
            self._libc.prctl(option, value)


def children_of(pid: int) -> list[int]:
    """Return the children of a process, where the system tells them."""
    found: list[int] = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 - pathlib would slow the start
            with open(f"/proc/{pid}/task/{thread}/children", encoding="ascii") as file:  # noqa: PTH123 - likewise
                found += map(int, file.read().split())
    return found


def _is_there(which: int) -> bool:
    """Reap a child, or those of a group; tell whether there are more to come."""
    try:
        while os.waitpid(which, os.WNOHANG) != (0, 0):
            pass
    except ChildProcessError:
        return False
    return True


def _limit(kind: int, value: int) -> None:
    """Limit this process; past its time it is told before it is killed."""
    _, most = resource.getrlimit(kind)
    hard = value + (kind == resource.RLIMIT_CPU)
    if most != resource.RLIM_INFINITY:
        value, hard = min(value, most), min(hard, most)
    resource.setrlimit(kind, (value, hard))


def _received(hub: socket.socket) -> tuple[bytes, list[int]]:
    said, found, *_ = socket.recv_fds(hub, 1, 4)
    for number in found:
        os.set_inheritable(number, False)  # noqa: FBT003 - it takes no name
    return said, [*found[3:], *found[:3]]


def _next_dead() -> int | None:
    """Return a child that has ended, and leave it unburied."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT | os.WNOHANG)
    except ChildProcessError:
        return None
    return None if found is None else found.si_pid


if __name__ == "__main__":
    Starter(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), json.loads(sys.argv[3])).run()
