"""Crossdock itself on PostgreSQL: the same session, another URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contenders import database
from benchmarks.contenders.contender import Durability
from benchmarks.contenders.crossdock_queue import Crossdock, CrossdockSession
from benchmarks.contenders.database import PostgresContender
from crossdock import AsyncQueue, Queue, StoreSettings


class CrossdockPostgresSession(CrossdockSession):
    """One ``Queue`` on PostgreSQL."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, Queue(**place(directory)))

    def durability(self) -> Durability:
        return database.durability(self._ask)

    def _ask(self, statement: str) -> Any:
        """Ask the connection that the queue writes with: it shows it to nobody."""
        store = self.queue._store  # noqa: SLF001 - as above
        return store.open_store.exclusive(
            lambda connection: connection.execute(statement.encode()).fetchone()[0]
        )


class CrossdockPostgres(Crossdock, PostgresContender):
    """Crossdock on PostgreSQL."""

    name = "crossdock-postgresql"
    settings = "Queue(url) on PostgreSQL with every setting at its default; drains through consume()"

    def create(self, directory: Path) -> None:
        database.make(directory)
        self.open(directory).close()

    def open(self, directory: Path, *, worker: str | None = None) -> CrossdockSession:
        del worker
        return CrossdockPostgresSession(directory)

    def remove(self, directory: Path) -> None:
        database.drop(directory)

    def open_async(self, directory: Path) -> AsyncQueue:
        return AsyncQueue(**place(directory))


def place(directory: Path) -> dict[str, Any]:
    """Return what opens the store; its folder on this machine vanishes with the directory."""
    url = database.url(directory).replace("postgresql://", "postgresql+psycopg://", 1)
    return {"url": url, "settings": StoreSettings(host_folder=directory / "host")}
