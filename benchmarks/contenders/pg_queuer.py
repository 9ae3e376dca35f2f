"""PgQueuer: asyncio over asyncpg, jobs taken in batches and settled in batches.

Its batch size decides its speed: of those tried on an empty handler 10 was slow, and 100, 500 and 1,000 alike.
Its tables are logged ones, which is its default and is checked.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Self

import asyncpg
from pgqueuer import AsyncpgDriver, AsyncpgPoolDriver, Job, PgQueuer, Queries

from benchmarks.contenders import database
from benchmarks.contenders.contender import Durability, Handler, NotSupportedError
from benchmarks.contenders.database import PostgresContender
from benchmarks.contenders.loop import LoopSession
from benchmarks.payload import Payload

BATCH = 500
POOL = 10
ENTRYPOINT = "deliver"
UNFINISHED = "SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')"


class PgQueuerSession(LoopSession):
    """One connection for sending; a worker opens one more."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._url = database.url(directory)
        self._connection = self.run(asyncpg.connect(self._url))
        self._queries = Queries(AsyncpgDriver(self._connection))

    def durability(self) -> Durability:
        return database.durability(lambda ask: self.run(self._connection.fetchval(ask)))

    def install(self) -> None:
        """Make its tables."""
        self.run(self._queries.install())

    def send(self, data: Payload) -> None:
        self.run(self._queries.enqueue(ENTRYPOINT, json.dumps(data).encode()))

    def send_many(self, batch: Sequence[Payload]) -> None:
        payloads = [json.dumps(data).encode() for data in batch]
        self.run(self._queries.enqueue([ENTRYPOINT] * len(batch), payloads, [0] * len(batch)))

    def take(self, handle: Handler) -> bool:
        raise NotSupportedError("takes messages only by its own worker")

    async def serve(self, handle: Handler, stop: asyncio.Event, poll_s: float) -> None:
        """Run its worker on a connection of the worker's own."""
        connection = await asyncpg.connect(self._url)
        worker = PgQueuer(AsyncpgDriver(connection))

        @worker.entrypoint(ENTRYPOINT)
        async def deliver(job: Job) -> None:
            handle(json.loads(job.payload or b"null"))

        running = asyncio.create_task(worker.run(dequeue_timeout=timedelta(seconds=poll_s), batch_size=BATCH))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        worker.shutdown.set()
        await running
        stopping.cancel()
        with suppress(asyncpg.InterfaceError):  # the worker may have closed it
            await connection.close()

    def unfinished(self) -> int:
        return int(self.run(self._connection.fetchval(UNFINISHED)))

    def close(self) -> None:
        self.run(self._connection.close())
        self.close_loop()


class PgQueuerPool:
    """For 64 coroutines: one queue on a pool of connections.

    Args:
        url: The database's.
    """

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        self._pool = await asyncpg.create_pool(self._url, min_size=POOL, max_size=POOL)
        self._queries = Queries(AsyncpgPoolDriver(self._pool))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._pool.close()

    async def send(self, app: str, data: Payload) -> None:
        """Enqueue one job; there is one entrypoint for all."""
        del app
        await self._queries.enqueue(ENTRYPOINT, json.dumps(data).encode())


class PgQueuerQueue(PostgresContender):
    """PgQueuer at its best batch size."""

    name = "pgqueuer"
    package = "pgqueuer"
    settings = (
        f"over asyncpg, batch size {BATCH} (among the best tried), LISTEN/NOTIFY on; drains by its worker"
    )
    drain_messages = 50_000

    def create(self, directory: Path) -> None:
        super().create(directory)
        session = self.open(directory)
        session.install()
        session.close()

    def open(self, directory: Path, *, worker: str | None = None) -> PgQueuerSession:
        del worker
        return PgQueuerSession(directory)

    def open_async(self, directory: Path) -> PgQueuerPool:
        """Open it for coroutines."""
        return PgQueuerPool(database.url(directory))
