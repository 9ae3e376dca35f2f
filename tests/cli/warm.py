"""A warm process that forks commands: each is a process of its own, but need not import everything again.

That is most of what a command costs, and the same each time. What begins before the imports (the interpreter, the
version) or is about them is tested with a new process: ``Shell.start`` and ``Shell.in_terminal`` always make one.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
_REQUEST_BYTES = 1 << 20


class Warm:
    """The handle on the warm process; a context manager that ends it."""

    def __init__(self) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.cli.warm", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=REPOSITORY,
                env={**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'src'}"},
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._requests.close()  # it ends when nobody can ask any more
        self._process.wait(20)

    def run(  # noqa: PLR0913 - all by keyword
        self,
        arguments: Sequence[str],
        *,
        package: str,
        folder: Path,
        env: Mapping[str, str],
        stdin: bytes,
        timeout_s: float,
    ) -> tuple[int, bytes, bytes]:
        """Run a command with everything piped; return its exit code and what it wrote to both outputs.

        Raises:
            TimeoutError: It did not end in time, and was killed.
        """
        pipes = [
            os.pipe() for _ in range(4)
        ]  # standard input, output and error; its process id, then its status
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1], pipes[3][1]]
        request = {"package": package, "arguments": list(arguments), "folder": str(folder), "env": dict(env)}
        try:
            socket.send_fds(self._requests, [json.dumps(request).encode()], theirs)
        finally:
            for fd in theirs:
                os.close(fd)
        ours = [pipes[0][1], *(read for read, _ in pipes[1:])]
        return _converse(ours, stdin, timeout_s)


def _converse(ours: list[int], stdin: bytes, timeout_s: float) -> tuple[int, bytes, bytes]:
    """Feed a command, read what it writes until it ends, and kill it if that takes too long."""
    given, out, err, told = (
        os.fdopen(fd, mode) for fd, mode in zip(ours, ("wb", "rb", "rb", "rb"), strict=True)
    )

    def feed() -> None:
        with suppress(BrokenPipeError), given:  # it may end without reading everything
            given.write(stdin)

    wrote: list[bytes] = []
    feeding = threading.Thread(target=feed)
    listening = threading.Thread(target=lambda: wrote.append(err.read()))
    with out, err, told:
        pid = int(told.readline())
        watch = threading.Timer(timeout_s, _kill, [pid])
        for thread in (watch, feeding, listening):
            thread.start()
        printed, status = out.read(), int(told.readline())
        late = watch.finished.is_set()
        watch.cancel()
        for thread in (watch, feeding, listening):
            thread.join()
    if late:
        raise TimeoutError(f"still running after {timeout_s} s; it wrote {printed!r} and {wrote!r}")
    return status, printed, wrote[0]


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


# --- the warm process ---------------------------------------------------------------------------------------


def serve(requests: socket.socket) -> None:
    """Fork a command for each request, and report how it ended, until nobody can ask any more."""
    _import_all()
    gc.freeze()  # the collector of a command shall not touch, and so copy, what all share
    inbox, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup)
    alive: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests, inbox], [], [])
        if inbox in ready:
            os.read(inbox, 65536)
            _report_ended(alive)
        if requests in ready:
            message, fds, _, _ = socket.recv_fds(requests, _REQUEST_BYTES, 4)
            if not message:
                return
            pid = os.fork()
            if pid == 0:
                requests.close()
                for fd in (inbox, wakeup, fds[3], *alive.values()):
                    os.close(fd)
                _become_command(json.loads(message), fds[:3])
            alive[pid] = fds[3]
            for fd in fds[:3]:
                os.close(fd)
            os.write(fds[3], b"%d\n" % pid)


def _import_all() -> None:
    """Import every command, and what commands import when they do their work."""
    from crossdock.cli import commands, doctor, stdio
    from task_priority.cli import commands as own_commands

    for package in ("crossdock", "task_priority"):
        importlib.import_module(f"{package}.cli.application")
    for package in (commands, doctor, stdio, own_commands):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    for name in (
        "crossdock", "crossdock.config", "crossdock.store.sqlite.store", "crossdock.store.postgresql.store",
        "crossdock.synchronous.queue", "crossdock.app.hub", "rich.console", "rich.table", "rich.json",
        "crossdock.exporting", "task_priority.trying", "task_priority.changes", "task_priority.given_files",
        "task_priority.views.terminal", "task_priority.views.markdown", "task_priority.views.documents", "tzlocal",
    ):  # fmt: skip
        with suppress(ModuleNotFoundError):
            importlib.import_module(name)


def _report_ended(alive: dict[int, int]) -> None:
    for pid, told in list(alive.items()):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            del alive[pid]
            with suppress(BrokenPipeError):
                os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
            os.close(told)


def _become_command(request: dict[str, Any], fds: list[int]) -> None:
    """Be what ``python -m`` and the package would be with these arguments; does not return."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for target, fd in enumerate(fds):
            os.dup2(fd, target)
            os.close(fd)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["env"])
        time.tzset()
        main = importlib.import_module(f"{request['package']}.cli.main")
        sys.argv = [str(Path(str(main.__file__)).parents[1] / "__main__.py"), *request["arguments"]]
        sys.path[0] = request["folder"]
        sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
        main.main()
        sys.stdout.flush()
        status = 0
    except BaseException:  # noqa: BLE001 - the rim of the process
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
