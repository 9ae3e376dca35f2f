"""What this process has counted since it began to serve, from the store's own record, whoever did it.

Each look asks only for what came since the last. So nothing is scanned, and no counter goes backwards.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Final

from crossdock.domain.following import Place, Took
from crossdock.monitoring.exposition import Histogram

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.asynchronous.queue import AsyncQueue
    from crossdock.domain.record import QueueStats
    from crossdock.ports.store import Reading

_KEPT_S: Final = 1.0
_SAMPLE: Final = 1000
"""So many of the newest completed messages of an app are looked at."""
_BOUNDS_S: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0,
)  # fmt: skip


class Tally:
    """Counts what happens in a store.

    Attributes:
        stats: How the queues stood at the last look.
        now: When that was, by the clock of the store; None: there was none.
        sent: By sender and receiver.
        logged: By app, event and code.
        completed: By app.
        waits: By sender and receiver, from ready to claimed.
        works: Likewise, from claimed to completed.
    """

    def __init__(self, queue: AsyncQueue) -> None:
        self._queue = queue
        self._lock = asyncio.Lock()
        self._looked_at = 0.0
        self._place: Place | None = None
        self._seen: dict[str, set[int]] = {}
        self.stats: Mapping[str, QueueStats] = {}
        self.now: datetime | None = None
        self.sent: Counter[tuple[str, str]] = Counter()
        self.logged: Counter[tuple[str, str, str]] = Counter()
        self.completed: Counter[str] = Counter()
        self.waits: dict[tuple[str, str], Histogram] = {}
        self.works: dict[tuple[str, str], Histogram] = {}

    async def look(self) -> None:
        """Count what has happened since the last look, unless that was just now.

        Raises:
            StoreError: The store cannot be read.
        """
        async with self._lock:
            if self.now is None or time.monotonic() - self._looked_at >= _KEPT_S:
                now = self._queue._store.now()
                await self._queue._store.read_async(lambda reader: self._read(reader, now))
                self._looked_at = time.monotonic()

    def _read(self, reader: Reading, now: datetime) -> None:
        stats = reader.stats(None, now)
        fresh = {app: self._fresh(reader, app) for app in stats}
        archived = {} if self.now is None else {app: reader.archived_since(app, self.now) for app in stats}
        happened = None if self._place is None else reader.happened(self._place)
        place = reader.newest() if happened is None else happened.upto
        self._note(stats, fresh, archived)  # nothing is asked any more that could fail
        if happened is not None:
            self.sent.update(happened.sent)
            self.logged.update(happened.logged)
        self._place, self.stats, self.now = place, stats, now

    def _fresh(self, reader: Reading, app: str) -> tuple[set[int], list[Took]]:
        """Return the newest completed messages of an app, and how long those took that were not among them before."""
        newest = set(reader.newest_completed(app, _SAMPLE))
        if self.now is None:
            return newest, []
        new = newest - self._seen.get(app, set())
        return newest, reader.durations(new) if new else []

    def _note(
        self,
        stats: Mapping[str, QueueStats],
        fresh: Mapping[str, tuple[set[int], list[Took]]],
        archived: Mapping[str, int],
    ) -> None:
        for app, one in stats.items():
            self._seen[app], durations = fresh[app]
            for took in durations:
                route = (took.source_app, app)
                self.waits.setdefault(route, Histogram(_BOUNDS_S)).observe(took.wait_s)
                self.works.setdefault(route, Histogram(_BOUNDS_S)).observe(took.work_s)
            if self.now is not None:
                before = self.stats[app].completed if app in self.stats else 0
                self.completed[app] += max(0, one.completed - before + archived.get(app, 0))
