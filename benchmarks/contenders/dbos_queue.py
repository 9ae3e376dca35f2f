"""DBOS Transact: durable workflows started from a queue, on its SQLite system database.

It leaves the journal mode to the file, so the file is put into WAL mode before DBOS sees it; ``synchronous``
stays at SQLite's compiled default, which is FULL and is checked. Senders use ``DBOSClient``, as a program
outside the workers would. The queue has no limits, so that DBOS runs as many workflows at a time as it can.
``polling_interval_sec`` is lowered from 1 s to what every polling peer gets. Each process has an executor id
of its own, and a restarted one has the id of the dead, as its documents ask for; that is what its recovery
goes by.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSClient, DBOSConfig

from benchmarks.contenders.contender import (
    POLL_S,
    Contender,
    Drained,
    Durability,
    Handler,
    NotSupportedError,
    Session,
    pragmas,
)
from benchmarks.payload import Payload

QUEUE = "bench"
WORKFLOW = "deliver"
DRAIN_POLL_S = 0.01
UNFINISHED = "SELECT count(*) FROM workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED')"
STATUS = {"pending": "ENQUEUED", "completed": "SUCCESS"}


class DbosSession(Session):
    """A client for sending; DBOS itself is launched by the first call that takes messages."""

    def __init__(self, url: str, worker: str | None) -> None:
        self._url = url
        self._worker = worker
        self._client = DBOSClient(system_database_url=self._url)
        self._options: Any = {"queue_name": QUEUE, "workflow_name": WORKFLOW}
        self._launched = False

    def durability(self) -> Durability:
        with self._engine().connect() as connection:
            return pragmas(connection.connection.dbapi_connection, "sqlite3", sqlite3.sqlite_version)

    def send(self, data: Payload) -> None:
        self._client.enqueue(self._options, data)

    def send_many(self, batch: Sequence[Payload]) -> None:
        with self._engine().begin() as connection:
            for data in batch:
                self._client.enqueue_in_transaction(connection, self._options, data)

    def take(self, handle: Handler) -> bool:
        raise NotSupportedError("takes messages only by its own threads")

    def drain(self, handle: Handler, *, count: int, seconds: float) -> Drained:
        """Launch DBOS and time until its last workflow. It knows the queue, so it starts on it at once."""
        arrivals: list[float] = []

        def arrive(data: Payload) -> None:
            handle(data)
            arrivals.append(time.perf_counter())

        start = time.perf_counter()
        self._launch(arrive, DRAIN_POLL_S)
        while len(arrivals) < count and time.perf_counter() - start < (seconds if arrivals else 5 * seconds):
            time.sleep(0.005)
        end = time.perf_counter()
        return Drained(len(arrivals), end - start)

    def work(self, handle: Handler, stop: threading.Event, poll_s: float) -> None:
        self._launch(handle, poll_s)
        stop.wait()

    def unfinished(self) -> int:
        with self._engine().connect() as connection:
            count: int = connection.exec_driver_sql(UNFINISHED).scalar_one()
            return count

    def close(self) -> None:
        if self._launched:
            DBOS.destroy(workflow_completion_timeout_sec=2)
        self._client.destroy()

    def _engine(self) -> Any:
        return self._client._sys_db.engine  # noqa: SLF001 - it shows its connection nowhere else

    def _launch(self, handle: Handler, poll_s: float) -> None:
        launch(self._url, self._worker or "local", handle)
        self._launched = True
        DBOS.register_queue(QUEUE, polling_interval_sec=poll_s, on_conflict="always_update")


class DbosQueue(Contender):
    """A DBOS queue."""

    name = "dbos"
    package = "dbos"
    settings = (
        "DBOS queue without limits on SQLite, file in WAL, FULL (default, checked), polling interval 0.1 s"
    )
    drain_messages = 1_500
    bulk_messages = 4_000

    def create(self, directory: Path) -> None:
        with closing(sqlite3.connect(directory / "dbos.db")) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        launch(f"sqlite:///{directory / 'dbos.db'}", "maker", _ignore)
        DBOS.register_queue(QUEUE, polling_interval_sec=POLL_S)
        DBOS.destroy()

    def open(self, directory: Path, *, worker: str | None = None) -> DbosSession:
        return DbosSession(f"sqlite:///{directory / 'dbos.db'}", worker)

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Copy a row that DBOS itself wrote, with new ids: its bulk send makes about 4,000 in a second."""
        with closing(self.open(directory)) as session:
            session.send({"order": 0})
        with closing(sqlite3.connect(directory / "dbos.db")) as connection:
            names = [row[1] for row in connection.execute("PRAGMA table_info(workflow_status)")]
            new = {"workflow_uuid": "printf('filled-%012d', i)", "status": f"'{STATUS[state]}'"}
            values = ", ".join(new.get(name, f'"{name}"') for name in names)
            connection.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
                f" INSERT INTO workflow_status SELECT {values} FROM workflow_status, n",
                (count,),
            )
            connection.commit()


def launch(url: str, executor: str, handle: Handler) -> None:
    """Start DBOS in this process, with the one workflow that the queue starts."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": url,
        "executor_id": executor,
        "application_version": "1",
        "log_level": "ERROR",
    }
    DBOS(config=config)

    @DBOS.workflow(name=WORKFLOW)
    def deliver(data: Payload) -> None:
        handle(data)

    DBOS.launch()


def _ignore(data: Payload) -> None:
    """Stand in while a store is made."""
    del data
