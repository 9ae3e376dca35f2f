"""Starts the worker processes of one machine, starts those that died again, and stops them all in good order."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from crossdock.domain.process_events import (
    SupervisorStarted,
    SupervisorStopped,
    WorkerDied,
    WorkerKilled,
    WorkerStuck,
)
from crossdock.supervisor.restart import Restarts

if TYPE_CHECKING:
    from crossdock.ports.notice import Notice

_LOOK_EVERY_S: Final = 0.05
_LOOK_FOR_STUCK_EVERY_S: Final = 0.5
_ASK_EVERY_S: Final = 0.5
"""So often it is asked whether a worker is wanted that is not there."""
_TO_KILL: Final = timedelta(seconds=0.6)
"""So long before its time to drain is over, but at most 6 % of it, a worker is killed that has not ended: that is no
later than it, what the worker held is given back, and this process has ended, too."""


class Custody(Protocol):
    """Knows what the workers hold, and takes it back."""

    def takes_from(self, pid: int) -> bool:
        """Tell whether a handler blocks a process; whatever that held was taken back then."""

    def give_up(self, pid: int) -> None:
        """Note that a process is about to be killed because it did not stop in time."""

    def take_back(self) -> None:
        """Take back what was held by those that were killed."""


class _NoCustody:
    """Where workers hold nothing that anybody could know of."""

    def takes_from(self, _pid: int) -> bool:
        return False

    def give_up(self, _pid: int) -> None:
        return

    def take_back(self) -> None:
        return


NO_CUSTODY: Final = _NoCustody()


class Demand(Protocol):
    """Says whether there is anything for a process to do."""

    def exists(self) -> bool:
        """Tell whether there is; asked again and again while no process is there."""

    def exists_now(self) -> bool:
        """Tell whether one that starts at this moment would find anything; asked after one found its start fatal."""


class _Always:
    """The demand for what has something to do at any time."""

    def exists(self) -> bool:
        return True

    exists_now = exists


ALWAYS: Final = _Always()


class Worker:
    """One place for a worker process, and whoever fills it now.

    Args:
        command: Starts one. Its standard input is a pipe that ends when this process does, however it ends.
        number: From 1; or the name of what is no worker.
        custody: Knows what it holds.
        demand: It is started only if there is any.
    """

    def __init__(
        self,
        command: Sequence[str],
        number: int | str,
        custody: Custody = NO_CUSTODY,
        demand: Demand = ALWAYS,
    ) -> None:
        self._command = command
        self.number = number
        self._custody = custody
        self.demand = demand
        self._look_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._restarts = Restarts()

    @property
    def pid(self) -> int | None:
        """Of the process; None: there is none now."""
        return None if self._process is None else self._process.pid

    def attend(self, notice: Notice, now: float) -> int | None:
        """Start the process if it is time to; return its exit code if it has just died.

        One that a handler blocks after its timeout is killed first; what it held was taken back already.

        Args:
            notice: Is told of a death.
            now: Monotonic seconds.
        """
        if self._process is None:
            if now >= self._start_at:
                self._start_if_wanted(now)
            return None
        code = self._process.poll()
        if code is None and now >= self._look_at:
            self._look_at = now + _LOOK_FOR_STUCK_EVERY_S
            if self._custody.takes_from(self._process.pid):
                notice(WorkerStuck(**self._facts(now)))
                self._process.kill()
        if code is not None:
            self._bury(code, notice, now)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        if self._process is not None:
            self._process.terminate()

    def has_ended(self) -> bool:
        """Tell whether there is no process any more."""
        return self._process is None or self._process.poll() is not None

    def kill(self, notice: Notice, *, within_s: float) -> None:
        """End it, since it did not do so in time; that is told, and is no crash of what it held."""
        if self._process is not None:
            self._custody.give_up(self._process.pid)
            self._process.kill()
            notice(WorkerKilled(**self._facts(time.monotonic()), within_s=within_s))

    def bury(self) -> None:
        """Let go of the process, which has ended or is about to."""
        if self._process is not None:
            self._process.wait()
            self._close()

    def _facts(self, now: float) -> dict[str, Any]:
        return {"worker": self.number, "worker_pid": self.pid, "duration_s": now - self._started_at}

    def _start_if_wanted(self, now: float) -> None:
        if self.demand.exists():
            self._start(now)
        else:
            self._start_at = now + _ASK_EVERY_S

    def _start(self, now: float) -> None:
        # A session of its own: Ctrl-C is for the one who started us, and we pass it on once.
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603 - our own command
        self._started_at = now

    def _bury(self, code: int, notice: Notice, now: float) -> None:
        lived_s = now - self._started_at
        self._restarts = self._restarts.died(lived_s)
        self._start_at = now + self._restarts.delay_s
        notice(WorkerDied(**self._facts(now), exit_code=code, restart_in_s=self._restarts.delay_s))
        self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


class Supervisor:
    """Keeps so many workers alive until told to stop.

    Args:
        command: Starts a worker.
        count: How many.
        drain: How long the end of the run may take.
        notice: Is told of deaths.
        custody: Knows what the workers hold.
        demand: For workers; none is started until there is any.
        others: What else is kept alive, by name: the command that starts each.
        fatal: Exit codes that no further start would change; one of them ends the whole run, unless it comes from a
            worker that had nothing to do any more.
    """

    def __init__(  # noqa: PLR0913 - all but two by keyword
        self,
        command: Sequence[str],
        count: int,
        *,
        drain: timedelta,
        notice: Notice,
        custody: Custody = NO_CUSTODY,
        demand: Demand = ALWAYS,
        others: Mapping[str, Sequence[str]] | None = None,
        fatal: frozenset[int] = frozenset(),
    ) -> None:
        self._workers = [Worker(command, number, custody, demand) for number in range(1, count + 1)]
        self._others = [Worker(other, name) for name, other in (others or {}).items()]
        self._kill_after_s = (drain - min(_TO_KILL, drain * 0.06)).total_seconds()
        self._notice = notice
        self._custody = custody
        self._fatal = fatal
        self._stop = threading.Event()
        self._told = 0

    @property
    def _all(self) -> list[Worker]:
        return [*self._workers, *self._others]

    def stop(self) -> None:
        """End all workers, and the run; called again, at once. May be called from a signal handler."""
        self._told += 1
        self._stop.set()

    def run(self) -> int:
        """Work until told to stop.

        Returns:
            0, or the exit code that ended the run.
        """
        code = 0
        began = time.monotonic()
        try:
            self._attend()
            self._notice(SupervisorStarted(workers=sum(one.pid is not None for one in self._workers)))
            while not self._stop.wait(_LOOK_EVERY_S) and not code:
                code = self._attend()
        finally:
            self._end()
            self._notice(SupervisorStopped(exit_code=code, duration_s=time.monotonic() - began))
        return code

    def _attend(self) -> int:
        """Look at each worker once; return a fatal exit code, else 0."""
        now = time.monotonic()
        codes = [(worker, worker.attend(self._notice, now)) for worker in self._all]
        fatal = (
            code for worker, code in codes if code in self._fatal and code and worker.demand.exists_now()
        )
        return next(fatal, 0)

    def _end(self) -> None:
        deadline = time.monotonic() + self._kill_after_s
        passed_on = 0
        while time.monotonic() < deadline:
            if passed_on < max(1, self._told):
                passed_on += 1
                for worker in self._all:
                    worker.terminate()
            if all(worker.has_ended() for worker in self._all):
                break
            time.sleep(_LOOK_EVERY_S)
        late = [worker for worker in self._all if not worker.has_ended()]
        for worker in late:
            worker.kill(self._notice, within_s=self._kill_after_s)
        for worker in self._all:
            worker.bury()
        if late:
            self._custody.take_back()
