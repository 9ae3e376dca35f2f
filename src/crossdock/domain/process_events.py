"""What happens to the processes that work, and to their configuration; a part of the catalogue of events."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain import control_events, door_events, events, examiner_events, exporter_events
from crossdock.domain.events import Event, Level, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorStarted(Event):
    """``crossdock run`` has started its workers."""

    name = "supervisor.started"
    workers: int

    @property
    def text(self) -> str:
        """Say how many, and how to stop them."""
        return f"{self.workers} worker{'' if self.workers == 1 else 's'} started; stop with Ctrl-C or SIGTERM"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorStopped(Event):
    """``crossdock run`` has ended, and so have its workers."""

    name = "supervisor.stopped"
    exit_code: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted(Event):
    """A worker process works for apps."""

    name = "worker.started"
    worker_pid: int
    owner: str
    apps: tuple[str, ...]

    @property
    def text(self) -> str:
        """Say for whom."""
        return f"process {self.worker_pid} works for {', '.join(self.apps)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStopped(Event):
    """A worker process ended as it was told to."""

    name = "worker.stopped"
    worker_pid: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFailed(Told):
    """A worker process ended by itself, since it cannot go on; ``crossdock run`` starts it again."""

    name = "worker.failed"
    level = Level.ERROR
    worker_pid: int
    code: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWorker(Event):
    """Something that the supervisor sees of a worker process, or does to it; that of the API is called ``api``."""

    level = Level.WARNING
    worker: int | str
    worker_pid: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDied(OfWorker):
    """A worker process of ``crossdock run`` ended by itself, and is started again."""

    name = "worker.died"
    exit_code: int
    restart_in_s: float

    @property
    def text(self) -> str:
        """Say how it ended, and what comes of it."""
        ending = (
            f"killed by signal {-self.exit_code}" if self.exit_code < 0 else f"exit code {self.exit_code}"
        )
        return (
            f"worker {self.worker} (process {self.worker_pid}) ended after {self.duration_s:.1f} s, {ending}; what it "
            f"held goes back to its queues; it is started again in {self.restart_in_s:g} s"
        )


class WorkerStuck(OfWorker):
    """A handler blocked a worker process after its timeout; it was killed, and is started again."""

    name = "worker.stuck"

    @property
    def text(self) -> str:
        """Say what is done about it."""
        return (
            f"worker {self.worker} (process {self.worker_pid}) is blocked by a handler whose timeout is over, and is "
            f"killed; what it held went back to its queues"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerKilled(OfWorker):
    """A worker process did not end in time when it was told to stop, and was killed."""

    name = "worker.killed"
    within_s: float

    @property
    def text(self) -> str:
        """Say what comes of it."""
        return (
            f"worker {self.worker} (process {self.worker_pid}) did not end within {self.within_s:g} s and is killed; "
            f"what it held is handed back, nothing spent"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigReloaded(Event):
    """A worker process works by the changed configuration."""

    name = "config.reloaded"
    generation: int
    remark: str
    duration_s: float

    @property
    def text(self) -> str:
        """Say what takes effect only later."""
        return self.remark


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigRefused(Told):
    """The changed configuration is wrong; a worker process goes on by the old one."""

    name = "config.refused"
    level = Level.ERROR
    generation: int
    duration_s: float


def catalogue() -> dict[str, type[Event]]:
    """Return every event by its name, in the order of their modules."""
    found = [
        *vars(events).values(),
        *globals().values(),
        *vars(door_events).values(),
        *vars(control_events).values(),
        *vars(exporter_events).values(),
        *vars(examiner_events).values(),
    ]
    return {one.name: one for one in found if isinstance(one, type) and issubclass(one, Event) and one.name}
