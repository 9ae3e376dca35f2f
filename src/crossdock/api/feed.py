"""The stream of events: one look at the store for all who listen, and a bounded buffer for each.

While nobody listens the store is left alone. Listeners that want the same share what is sent to them, so that many idle
ones cost nothing but their connections.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.domain.cloudevent import instant_text
from crossdock.domain.errors import StoreError
from crossdock.domain.following import Occurrence, Page, Place, Settled
from crossdock.domain.json_form import queue_document

if TYPE_CHECKING:
    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.record import QueueStats
    from crossdock.ports.store import Reading

EVERY_S: Final = 0.25
PAGE: Final = 500
QUEUE_STATS: Final = "queue.stats"
_HEARTBEAT_S: Final = 15.0
_AT_A_TIME: Final = 100
"""So many listeners are given something before the loop turns to others: each takes a tenth of a millisecond."""
_AHEAD_S: Final = 5.0
"""So long a listener that is ahead of this process is waited for; an id from further ahead is none of this store."""
_STATS_EVERY_S: Final = 1.0
_STATS_SHARE: Final = 20
"""Figures are read again only after so many times as long as it took."""


class Wanted(NamedTuple):
    """What a listener wants.

    Attributes:
        app: Only of this queue; None: of all.
        types: Only these; None: all.
    """

    app: str | None
    types: frozenset[str] | None

    def takes(self, event: str, app: str) -> bool:
        """Tell whether an event is wanted."""
        return self.app in {None, app} and (self.types is None or event in self.types)


class Listener:
    """One connection that follows.

    Args:
        wanted: What it wants.
        cut: Ends the connection at once.
        max_buffer: So many bytes may wait for it; then it is cut.
    """

    def __init__(self, wanted: Wanted, cut: Callable[[], None], max_buffer: int) -> None:
        self.wanted = wanted
        self.is_over = False
        self._cut = cut
        self._max_buffer = max_buffer
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ready = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()

    def put(self, chunk: bytes) -> None:
        """Let it be sent; a listener that reads too slowly is cut off, and may come again where it was."""
        if self.is_over or not chunk:
            return
        self._drained.clear()
        self._chunks.append(chunk)
        self._size += len(chunk)
        self._ready.set()
        if self._size > self._max_buffer:
            self._chunks.clear()
            self.end()
            self._cut()

    def end(self) -> None:
        """Let nothing follow what is there."""
        self.is_over = True
        self._ready.set()
        self._drained.set()

    async def drained(self) -> None:
        """Wait until nothing waits for it any more."""
        await self._drained.wait()

    async def next(self) -> bytes | None:
        """Wait for what is to be sent; None: nothing more."""
        while not self._chunks:
            if self.is_over:
                return None
            self._ready.clear()
            self._drained.set()
            await self._ready.wait()
        chunk = self._chunks.popleft()
        self._size -= len(chunk)
        return chunk


class Feed:
    """Tells all listeners what happens in a store.

    Args:
        queue: On that store.
        stopping: Ends it, and every listener.
    """

    def __init__(self, queue: AsyncQueue, stopping: asyncio.Event) -> None:
        self.max_buffer = 1024 * 1024
        self._store = queue._store
        self._stats_of = queue.stats
        self._stopping = stopping
        self._present: set[Listener] = set()
        self._listeners: dict[Wanted, set[Listener]] = {}
        self._place: Place | None = None
        self._settled = Settled()
        self._looked = asyncio.Condition()
        self._awake = asyncio.Event()
        self._figures: dict[str, QueueStats] = {}
        self._figures_due = 0.0
        self._heartbeat_due = 0.0

    async def run(self) -> None:
        """Look again and again for as long as anybody listens, until the process is to end."""
        while not self._stopping.is_set():
            if not self._awake.is_set():
                self._place, self._settled = None, Settled()
                self._figures, self._figures_due = {}, 0.0
                await _either(self._stopping, self._awake)
                continue
            with suppress(StoreError):  # it is tried again; every other request tells of it
                await self.run_once()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), EVERY_S)
        self._end_all()

    async def run_once(self) -> None:
        """Look once, and tell whoever listens."""
        newest, horizon = await self._store.read_async(lambda reader: (reader.newest(), reader.horizon()))
        settled = self._settled.look(newest, horizon)
        if settled is not None:
            if self._place is None:
                self._place = settled
            while _is_behind(self._place, settled):
                page = await self._store.read_async(partial(_page, after=self._place, upto=settled))
                self._place = page.upto
                await self._tell(page.occurrences)
        await self._tell_figures()
        await self._beat()
        async with self._looked:
            self._looked.notify_all()

    async def follow(self, listener: Listener, after: Place | None) -> None:
        """Give a listener what happened behind a place, and whatever happens from then on.

        Raises:
            StoreError: The store cannot be read.
        """
        self._present.add(listener)
        self._awake.set()
        while self._place is None and not self._stopping.is_set():
            await self._look()
        due = time.monotonic() + _AHEAD_S
        # Another process may have told it already what this one has yet to see.
        while after is not None and _is_behind(self._place or after, after) and time.monotonic() < due:
            await self._look()
        place = after
        while place is not None and self._place is not None and _is_behind(place, self._place):
            page = await self._store.read_async(partial(_page, after=place, upto=self._place))
            place = page.upto
            listener.put(_text_of(page.occurrences, listener.wanted))
            await listener.drained()
        # Since the last page nothing was awaited: nothing is missed, and nothing told twice.
        self._listeners.setdefault(listener.wanted, set()).add(listener)
        if self._place is not None:
            listener.put(_mark(self._place))
        listener.put(_text_of_figures(self._figures.values(), listener.wanted))
        if self._stopping.is_set():
            listener.end()

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._present.discard(listener)
        group = self._listeners.get(listener.wanted, set())
        group.discard(listener)
        if not group:
            self._listeners.pop(listener.wanted, None)
        if not self._present:
            self._awake.clear()

    async def _look(self) -> None:
        """Wait for the next look."""
        async with self._looked:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._looked.wait(), EVERY_S)

    async def _tell(self, occurrences: list[Occurrence]) -> None:
        await self._put(partial(_text_of, occurrences))

    async def _tell_figures(self) -> None:
        now = time.monotonic()
        if now < self._figures_due:
            return
        figures = await self._stats_of()
        took_s = time.monotonic() - now
        self._figures_due = now + max(_STATS_EVERY_S, _STATS_SHARE * took_s)
        changed = [one for app, one in figures.items() if self._figures.get(app) != one]
        self._figures = figures
        await self._put(partial(_text_of_figures, changed))

    async def _beat(self) -> None:
        """Show that the connection lives, and where the stream is."""
        now = time.monotonic()
        if now >= self._heartbeat_due and self._place is not None:
            self._heartbeat_due = now + _HEARTBEAT_S
            mark = _mark(self._place)
            await self._put(lambda _: mark)

    async def _put(self, text_for: Callable[[Wanted], bytes]) -> None:
        """Give all that listen now what they want, some at a time, so that other requests come in between.

        Whoever joins meanwhile begins behind it.
        """
        present = [(wanted, list(listeners)) for wanted, listeners in self._listeners.items()]
        for wanted, listeners in present:
            if not (chunk := text_for(wanted)):
                continue
            for begin in range(0, len(listeners), _AT_A_TIME):
                for listener in listeners[begin : begin + _AT_A_TIME]:
                    listener.put(chunk)
                await asyncio.sleep(0)

    def _end_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()


def _page(reader: Reading, after: Place, upto: Place) -> Page:
    return reader.occurrences(after, upto, PAGE)


def _is_behind(place: Place, other: Place) -> bool:
    return place.row < other.row or place.line < other.line


def _mark(place: Place) -> bytes:
    """Return a comment that moves the id on without an event."""
    return f": \nid: {place}\n\n".encode()


def _text_of(occurrences: Iterable[Occurrence], wanted: Wanted) -> bytes:
    return b"".join(
        _event(one.event, _document(one), one.place)
        for one in occurrences
        if wanted.takes(one.event, one.app)
    )


def _text_of_figures(figures: Iterable[QueueStats], wanted: Wanted) -> bytes:
    return b"".join(
        _event(QUEUE_STATS, queue_document(one), None)
        for one in figures
        if wanted.takes(QUEUE_STATS, one.app)
    )


def _document(one: Occurrence) -> dict[str, Any]:
    return {**asdict(one), "place": str(one.place), "at": instant_text(one.at)}


def _event(name: str, document: dict[str, Any], place: Place | None) -> bytes:
    data = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    mark = "" if place is None else f"id: {place}\n"
    word = " ".join(name.split())  # another program may have written any text
    return f"{mark}event: {word}\ndata: {data}\n\n".encode("utf-8", "replace")


async def _either(*events: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(event.wait()) for event in events]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
