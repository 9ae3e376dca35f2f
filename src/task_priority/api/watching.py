"""What is known now, looked up at most once a minute however many ask, and again as soon as anything has changed."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

from fastapi import Depends
from starlette.requests import Request

from crossdock.exporting import Exports
from task_priority.asked import LOOKED_AT, WRITER, pending_changes
from task_priority.looking import look
from task_priority.settings_file import read
from task_priority.sources import Sources

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock import AsyncQueue, Record
    from task_priority.api.rendering import Rendered
    from task_priority.home import Home
    from task_priority.overview import Overview

Clock: TypeAlias = Callable[[], datetime]
_KEPT: Final = 4
"""So many sights are kept, so that who goes through the pages of one can do so to the end."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What was known at an instant.

    Attributes:
        tag: Names it.
        whole: Answers that were made of all of it, by their form.
    """

    tag: str
    overview: Overview
    whole: dict[str, Rendered] = field(default_factory=dict)


class Watch:
    """Looks at the sources of a home.

    Args:
        home: Whose.
        clock: Tells the time, aware.
    """

    def __init__(self, home: Home, clock: Clock = lambda: datetime.now(UTC)) -> None:
        self.home = home
        self.clock = clock
        self._turn = asyncio.Lock()
        self._sights: dict[str, Sight] = {}

    async def sight(self, queue: AsyncQueue) -> Sight:
        """Return what is known now; of those who ask together one looks, and the others wait for it.

        Args:
            queue: On the store of the home.

        Raises:
            ConfigError: The settings are wrong.
            StoreError: The store cannot be read.
        """
        exports = Exports(queue)
        records = await queue.list(WRITER, limit=LOOKED_AT, newest_first=True)
        async with self._turn:
            now = self.clock()
            tag = await asyncio.to_thread(self._tag, exports, records, now)
            if tag not in self._sights:
                overview = await asyncio.to_thread(self._look, exports, records, now)
                self._sights[tag] = Sight(tag, overview)
                while len(self._sights) > _KEPT:
                    del self._sights[next(iter(self._sights))]
            return self._sights[tag]

    def earlier(self, tag: str) -> Sight | None:
        """Return an earlier sight; None: it is not kept any more."""
        return self._sights.get(tag)

    def _tag(self, exports: Exports, records: Sequence[Record], now: datetime) -> str:
        """Return what changes with whatever an overview depends on: the sources, the settings, and the minute."""
        told = hashlib.sha256()
        for fact in (*_facts_of(exports), *_facts_in(records), now.replace(second=0, microsecond=0)):
            told.update(f"{fact}\n".encode())
        for file in (self.home.settings, self.home.connections):
            told.update(_content(file))
        return told.hexdigest()[:16]

    def _look(self, exports: Exports, records: Sequence[Record], now: datetime) -> Overview:
        pending = pending_changes(records, exports)
        with Sources(self.home) as sources:
            return look(sources.stored(exports, pending), read(self.home.settings), now, pending)


async def watch_of(request: Request) -> Watch:
    """Return what all requests look through; not in another thread, as FastAPI calls a plain function."""
    found: Watch = request.state.watch
    return found


WatchOf = Annotated[Watch, Depends(watch_of)]


def _facts_of(exports: Exports) -> Iterator[Any]:
    yield exports.revision()
    for status in exports.statuses():
        run = status.last_run
        problem = run.error if run is not None and run.outcome == "failed" else None
        yield status.name, status.fetched_at, status.set_aside, problem


def _facts_in(records: Iterable[Record]) -> Iterator[Any]:
    for record in records:
        yield record.row_id, record.revision, record.status.value


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return b""
