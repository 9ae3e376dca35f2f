"""Procrastinate: asyncio over psycopg, one job a statement, LISTEN/NOTIFY to wake."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from procrastinate import App, PsycopgConnector
from procrastinate.tasks import Task

from benchmarks.contenders import database
from benchmarks.contenders.contender import Durability, Handler, NotSupportedError
from benchmarks.contenders.database import PostgresContender
from benchmarks.contenders.loop import LoopSession
from benchmarks.payload import Payload

POOL = 10
CONCURRENCY = 20
"""Of those tried on an empty handler 1 was slow, and 10, 20 and 50 alike."""
UNFINISHED = "SELECT count(*) AS n FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"


class ProcrastinateSession(LoopSession):
    """One app with its pool of connections."""

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._handle: Handler = _ignore
        self._app = App(connector=PsycopgConnector(conninfo=database.url(directory)))

        @self._app.task(name="deliver")
        async def deliver(data: Payload) -> None:
            self._handle(data)

        self._task: Task[Any, Any, Any] = deliver
        self.run(self._app.open_async())

    def durability(self) -> Durability:
        return database.durability(self._ask)

    def _ask(self, statement: str) -> Any:
        row = self.run(self._app.connector.execute_query_one_async(statement))
        return next(iter(row.values()))

    def install(self) -> None:
        """Make its tables."""
        self.run(self._app.schema_manager.apply_schema_async())

    def send(self, data: Payload) -> None:
        self.run(self._task.defer_async(data=data))

    def send_many(self, batch: Sequence[Payload]) -> None:
        self.run(self._task.batch_defer_async(*({"data": data} for data in batch)))

    def take(self, handle: Handler) -> bool:
        raise NotSupportedError("takes messages only by its own worker")

    async def serve(self, handle: Handler, stop: asyncio.Event, poll_s: float) -> None:
        """Run its worker."""
        self._handle = handle
        running = asyncio.create_task(
            self._app.run_worker_async(
                concurrency=CONCURRENCY, fetch_job_polling_interval=poll_s, install_signal_handlers=False
            )
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        stopping.cancel()

    def unfinished(self) -> int:
        return int(self._ask(UNFINISHED))

    def close(self) -> None:
        self.run(self._app.close_async())
        self.close_loop()


class ProcrastinatePool:
    """For 64 coroutines: one app on its pool of connections.

    Args:
        url: The database's.
    """

    def __init__(self, url: str) -> None:
        self._app = App(connector=PsycopgConnector(conninfo=url, min_size=POOL, max_size=POOL))
        self._task = self._app.configure_task("deliver")

    async def __aenter__(self) -> Self:
        await self._app.open_async()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._app.close_async()

    async def send(self, app: str, data: Payload) -> None:
        """Defer one job; there is one task for all."""
        del app
        await self._task.defer_async(data=data)


class ProcrastinateQueue(PostgresContender):
    """Procrastinate at its best concurrency."""

    name = "procrastinate"
    package = "procrastinate"
    settings = f"over psycopg, concurrency {CONCURRENCY} (among the best tried), LISTEN/NOTIFY on; batch_defer for bulk"
    drain_messages = 3_000
    bulk_messages = 20_000

    def create(self, directory: Path) -> None:
        super().create(directory)
        session = self.open(directory)
        session.install()
        session.close()

    def open(self, directory: Path, *, worker: str | None = None) -> ProcrastinateSession:
        del worker
        return ProcrastinateSession(directory)

    def open_async(self, directory: Path) -> ProcrastinatePool:
        """Open it for coroutines."""
        return ProcrastinatePool(database.url(directory))


def _ignore(data: Payload) -> None:
    """Stand in until a worker runs."""
    del data
