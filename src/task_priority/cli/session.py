"""What a command line chose, and the way from there to an overview."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crossdock.command import ExitCode, Refusal
from task_priority.cli.options import From
from task_priority.connections import Connections
from task_priority.home import Home
from task_priority.looking import look
from task_priority.overview import Overview
from task_priority.ranking.rank import Ranked
from task_priority.references import candidates
from task_priority.settings_file import read
from task_priority.sources import Sources
from task_priority.views.texts import CONNECT_HINT, title_of

if TYPE_CHECKING:
    from crossdock import Queue
    from task_priority.settings import Settings

_SHOWN_CANDIDATES = 8


class Session:
    """The owner's home as one command sees it."""

    def __init__(self) -> None:
        self.home = Home.of_owner()

    def settings(self) -> Settings:
        """Read the settings.

        Raises:
            ConfigError: Something in them is wrong.
        """
        return read(self.home.settings)

    @property
    def is_connected(self) -> bool:
        """Whether any source is connected."""
        return bool(Connections(self.home.connections).all())

    def demand_connected(self) -> None:
        """Make sure that a source is connected.

        Raises:
            Refusal: None is.
        """
        if not self.is_connected:
            raise Refusal(CONNECT_HINT, ExitCode.NOT_FOUND)

    @contextmanager
    def queue(self) -> Iterator[Queue]:
        """Open the store of the home; home and store are made if they are not there."""
        from crossdock import Queue

        gc.enable()
        logging.getLogger("crossdock").setLevel(logging.CRITICAL)  # what matters is said in words of our own
        self.home.make()
        with Queue.from_config(self.home.configuration, app="task-priority") as queue:
            yield queue

    def overview(self, given: From) -> Overview:
        """Look at what the command line names, else at the connected sources.

        Raises:
            Refusal: Several things are named that exclude each other.
            CrossdockError: A file cannot be read, the settings are wrong, or the store fails.
        """
        if given.sandbox and (given.ics or given.csv):
            raise Refusal("--sandbox excludes --ics and --csv; give one or the other", ExitCode.USAGE)
        settings, now = self.settings(), given.now or datetime.now(UTC)
        gc.enable()
        if given.sandbox:
            from task_priority.trying import sandbox_sources

            with sandbox_sources(now, str(settings.zone)) as found:
                return look(found, settings, now)
        if given.ics or given.csv:
            from task_priority.given_files import file_sources

            return look(file_sources(given.ics or (), given.csv or (), now), settings, now)
        if not self.is_connected:
            return look((), settings, now)
        with self.queue() as queue:
            return self.overview_of(queue, settings, now)

    def overview_of(self, queue: Queue, settings: Settings, now: datetime) -> Overview:
        """Look at the connected sources as they are stored."""
        from crossdock.exporting import Exports
        from task_priority.changes import Changes

        exports = Exports(queue)
        pending = Changes(queue, exports).pending()
        with Sources(self.home) as sources:
            return look(sources.stored(exports, pending), settings, now, pending)


def find(overview: Overview, reference: str) -> Ranked:
    """Return the task that is meant.

    Raises:
        Refusal: None is, or several are; they are named.
    """
    found = candidates(overview.plan.ranked, reference)
    if len(found) == 1:
        return found[0]
    if not found:
        raise Refusal(
            f"no open task is meant by {reference!r}; 'task-priority list' shows all of them",
            ExitCode.NOT_FOUND,
        )
    named = [f"#{one.place} {title_of(one.task)} ({one.task.id})" for one in found[:_SHOWN_CANDIDATES]]
    more = len(found) - len(named)
    rest = f", and {more} more" if more else ""
    raise Refusal(
        f"{len(found)} tasks are meant by {reference!r}: {', '.join(named)}{rest}; say which by its place or id",
        ExitCode.NOT_FOUND,
    )
