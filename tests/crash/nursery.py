"""A warm parent that forks workers quickly, in a process of its own, so that the test's process never forks.

The nursery imports everything once and opens no store; each child opens the store after its fork. The test
talks to it in lines of JSON, kills the children itself by their pids, and hears how each of them ended.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.crash.history import Kind, Recorder

if TYPE_CHECKING:
    from types import TracebackType

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Child:
    """One forked worker; ``status`` is None while it lives, then as ``subprocess`` counts it."""

    pid: int
    role: str
    status: int | None = None
    stderr: Path = field(default_factory=Path)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives."""
        if self.status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def complaint(self) -> str:
        """What it wrote to its standard error."""
        return self.stderr.read_text() if self.stderr.exists() else ""


class Nursery:
    """The test's handle on the warm parent; a context manager that leaves no process behind.

    Args:
        folder: Where histories and the children's standard errors go.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: dict[int, Child] = {}
        self.recorder = Recorder(folder / f"nursery-{os.getpid()}-{time.monotonic_ns()}.history")
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.crash.nursery", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'src'}"},
            start_new_session=True,
        )
        self._unread = b""
        self._answers: list[int] = []
        self._ended: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fork(self, role: str, **arguments: object) -> Child:
        """Start a worker of this role; its arguments must be JSON values."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"role": role, **arguments}).encode() + b"\n")
        self._process.stdin.flush()
        deadline = time.monotonic() + 60
        while not self._answers:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("the nursery does not answer; see its standard error")
            self._listen(1.0)
        pid = self._answers.pop(0)
        child = Child(
            pid, role, status=self._ended.pop(pid, None), stderr=self.folder / f"{role}-{pid}.stderr"
        )
        self.children[pid] = child
        return child

    def kill(self, *children: Child) -> None:
        """Kill -9; the histories hear of it first."""
        for child in children:
            self.recorder.saw(Kind.KILLED, pid=child.pid)
            child.signal(signal.SIGKILL)

    def wait(self, *children: Child, timeout_s: float = 60.0) -> None:
        """Wait until these have ended.

        Raises:
            TimeoutError: One of them has not.
        """
        deadline = time.monotonic() + timeout_s
        while any(child.status is None for child in children):
            if time.monotonic() > deadline:
                running = [f"{child.role} {child.pid}" for child in children if child.status is None]
                raise TimeoutError(f"still running after {timeout_s} s: {running}")
            self.attend(0.05)

    def attend(self, seconds: float) -> None:
        """Hear what became of the children, for so long."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._listen(left)

    def complaints(self, *, notices: bool = False) -> list[str]:
        """What children that were not killed wrote to their standard errors, or how they ended.

        Args:
            notices: Leave out what those wrote that did not fail.
        """
        found = []
        for child in self.children.values():
            failed = child.status not in (0, None, -signal.SIGKILL)
            if failed or (child.complaint() and not notices):
                found.append(f"{child.role} {child.pid} ended with {child.status}:\n{child.complaint()}")
        return found

    def strays(self) -> list[int]:
        """Processes of the nursery's session that are neither it nor a living child: left behind."""
        known = {self._process.pid, *(pid for pid, child in self.children.items() if child.status is None)}
        return [pid for pid in _session_members(self._process.pid) if pid not in known]

    def close(self) -> None:
        """End everything that was started here."""
        if self._process.poll() is None and self._process.stdin is not None:
            self._process.stdin.close()  # the nursery kills its children at end of file
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for pid in _session_members(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self.recorder.close()

    def _listen(self, timeout_s: float) -> None:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        if not select.select([fd], [], [], timeout_s)[0]:
            return
        received = os.read(fd, 65536)
        if not received:
            raise RuntimeError("the nursery has ended; see its standard error")
        *lines, self._unread = (self._unread + received).split(b"\n")
        for line in lines:
            self._hear(json.loads(line))

    def _hear(self, message: dict[str, Any]) -> None:
        if "forked" in message:
            self._answers.append(message["forked"])
            return
        pid, status = message["ended"], message["status"]
        self.recorder.saw(Kind.REAPED, pid=pid, note=str(status))
        if pid in self.children:
            self.children[pid].status = status
        else:
            self._ended[pid] = status  # it ended before we had read that it was forked


def _session_members(session: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with suppress(OSError):
                state, _, _, its_session = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                if int(its_session) == session and state != "Z":
                    found.append(int(entry.name))
    return found


# --- the nursery's own process ------------------------------------------------------------------------------


def serve(folder: Path) -> None:
    """Fork what standard input asks for, report what ends, kill the rest at end of input."""
    from tests.crash import roles  # warm: the library and its SQLite are imported, no store is open

    logging.getLogger("crossdock").addFilter(lambda record: not _is_expected(record))
    inbox, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup)
    alive: set[int] = set()
    unread = b""
    while True:
        ready, _, _ = select.select([0, inbox], [], [])
        if inbox in ready:
            os.read(inbox, 65536)
            _report_ended(alive)
        if 0 in ready:
            received = os.read(0, 65536)
            if not received:
                break
            *lines, unread = (unread + received).split(b"\n")
            for line in lines:
                pid = _fork(roles.ROLES, json.loads(line), folder)
                alive.add(pid)
                _tell({"forked": pid})
    for pid in alive:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _is_expected(record: logging.LogRecord) -> bool:
    """Tell whether it is only what the tests do to their workers."""
    from crossdock.domain.events import LeaseTakenBack, MessageFailed, StoreNotDurable

    event = getattr(record, "crossdock_event", None)
    return isinstance(event, (StoreNotDurable, LeaseTakenBack, MessageFailed))


def _fork(known: dict[str, Any], request: dict[str, Any], folder: Path) -> int:
    role = request.pop("role")
    signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGTERM}
    )  # it must not meet a child that cannot handle it
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        return pid
    status = 1
    try:
        _become_child(folder / f"{role}-{os.getpid()}.stderr")
        known[role](folder, **request)
        status = 0
    except BaseException:  # noqa: BLE001 - the rim of the process
        import traceback

        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _become_child(stderr: Path) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # until the role has a wish to stop of its own
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    nothing = os.open(os.devnull, os.O_RDWR)
    complaint = os.open(stderr, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for fd, target in ((nothing, 0), (nothing, 1), (complaint, 2)):
        os.dup2(fd, target)


def _report_ended(alive: set[int]) -> None:
    for pid in list(alive):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            alive.discard(pid)
            _tell({"ended": pid, "status": os.waitstatus_to_exitcode(status)})


def _tell(message: dict[str, Any]) -> None:
    os.write(1, json.dumps(message).encode() + b"\n")


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
