"""A worker process: it runs the apps of a configuration, and ends in time whatever its handlers do."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from crossdock.app.ending import Deadline
from crossdock.app.hub import Hub
from crossdock.app.signals import at_end_of_input, on_hangup, until_signalled
from crossdock.domain.errors import CrossdockError
from crossdock.domain.process_events import WorkerFailed, WorkerStarted, WorkerStopped

if TYPE_CHECKING:
    from crossdock.config import Loaded
    from crossdock.domain.record import HubProcess
    from crossdock.ports.store import Transaction
    from crossdock.synchronous.queue import Queue


class WorkerEnded(Exception):
    """The work ended by an error that was told already.

    Attributes:
        error: What it was.
    """

    def __init__(self, error: CrossdockError) -> None:
        super().__init__(str(error))
        self.error = error


def run_worker(
    loaded: Loaded,
    apps: Sequence[str],
    *,
    drain: timedelta,
    until_eof: bool,
) -> None:
    """Work until a signal says stop; the process is over when the time to drain is, even if a handler blocks it.

    Args:
        loaded: The configuration.
        apps: Only these; none: all that have a handler.
        drain: How long the end may take.
        until_eof: Stop at the end of standard input, too.

    Raises:
        ConfigError: There is no such app, or a handler cannot be found.
        StoreError: The store cannot be opened.
        WorkerEnded: The store cannot be used any more.
    """
    with Hub(loaded) as hub:
        hub.check()
        deadline = Deadline(hub.queue, drain)  # the store may know of more apps
        names = tuple(hub.names(*apps))
        if until_eof:
            at_end_of_input(deadline.set)
        with (
            until_signalled(deadline.set),
            on_hangup(partial(ask_for_reload, hub.queue)),
            _told(hub.queue, names),
        ):
            asyncio.run(hub.serve(*apps, stop=deadline, drain=drain))


@contextmanager
def _told(queue: Queue, apps: tuple[str, ...]) -> Iterator[None]:
    """Say that the work begins, and how it ended."""
    notice, pid, began = queue._gateway.notice, os.getpid(), time.monotonic()
    notice(WorkerStarted(worker_pid=pid, owner=queue._store.owner, apps=apps))
    try:
        yield
    except CrossdockError as error:
        took_s = time.monotonic() - began
        notice(WorkerFailed(worker_pid=pid, code=error.code, reason=str(error), duration_s=took_s))
        raise WorkerEnded(error) from error
    notice(WorkerStopped(worker_pid=pid, duration_s=time.monotonic() - began))


def ask_for_reload(queue: Queue) -> int:
    """Let every process of the store read its configuration again; return the generation that it then reports."""
    dead = [one.owner for one in _listed(queue) if not _lives(queue, one)]
    generation: int = queue._store.write(partial(_next_generation, dead=dead))
    return generation


def _next_generation(tx: Transaction, dead: Sequence[str]) -> int:
    for owner in dead:
        tx.forget_process(owner)
    return tx.next_generation()


def lagging(queue: Queue, generation: int) -> list[HubProcess]:
    """Return the processes that live and have not applied a generation yet."""
    return [one for one in processes_of(queue) if one.generation < generation]


def processes_of(queue: Queue) -> list[HubProcess]:
    """Return the processes that live and work by a configuration."""
    return [one for one in _listed(queue) if _lives(queue, one)]


def _listed(queue: Queue) -> list[HubProcess]:
    listed: list[HubProcess] = queue._store.read(lambda reader: reader.processes())
    return listed


def _lives(queue: Queue, process: HubProcess) -> bool:
    peers = queue._store.peers
    return peers is None or peers.condition(process.owner) != "gone"


class Custody:
    """What worker processes hold of a store, in the hands of whoever supervises them.

    Args:
        queue: On that store.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def takes_from(self, pid: int) -> bool:
        """Take back what a process holds if a handler blocks it; tell whether that is so."""
        peers = self._queue._store.peers
        if peers is None or not peers.stuck_process(pid):
            return False
        self._queue._housekeeper.run_once()
        return True

    def give_up(self, pid: int) -> None:
        """Note that a process is about to be killed, since it did not stop in time: that is no crash of its own."""
        if self._queue._store.peers is not None:
            self._queue._store.peers.give_up(pid)

    def take_back(self) -> None:
        """Take back what the dead held; what fails, the next process of the store does."""
        self._queue._housekeeper.run_once()
