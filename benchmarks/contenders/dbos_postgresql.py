"""DBOS Transact on PostgreSQL, set up as on SQLite: see ``dbos_queue``."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from dbos import DBOS

from benchmarks.contenders import database
from benchmarks.contenders.contender import POLL_S, Durability
from benchmarks.contenders.database import PostgresContender
from benchmarks.contenders.dbos_queue import QUEUE, STATUS, DbosSession, launch
from benchmarks.payload import Payload


class DbosPostgresSession(DbosSession):
    """The same client and the same workers."""

    def durability(self) -> Durability:
        with self._engine().connect() as connection:
            return database.durability(lambda ask: connection.exec_driver_sql(ask).scalar_one())

    def unfinished(self) -> int:
        with self._engine().connect() as connection:
            return int(connection.exec_driver_sql(UNFINISHED).scalar_one())


UNFINISHED = "SELECT count(*) FROM dbos.workflow_status WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED')"


class DbosPostgres(PostgresContender):
    """A DBOS queue on PostgreSQL."""

    name = "dbos-postgresql"
    package = "dbos"
    settings = "DBOS queue without limits on PostgreSQL, polling interval 0.1 s, LISTEN/NOTIFY at its default"
    drain_messages = 1_500
    bulk_messages = 4_000

    def create(self, directory: Path) -> None:
        super().create(directory)
        launch(address(directory), "maker", _ignore)
        DBOS.register_queue(QUEUE, polling_interval_sec=POLL_S)
        DBOS.destroy()

    def open(self, directory: Path, *, worker: str | None = None) -> DbosPostgresSession:
        return DbosPostgresSession(address(directory), worker)

    def fill(self, directory: Path, state: str, count: int) -> None:
        """Copy a row that DBOS itself wrote, with new ids: its bulk send makes about 4,000 in a second."""
        with closing(self.open(directory)) as session:
            session.send({"order": 0})
        with database.connect(directory) as connection:
            table = "dbos.workflow_status"
            found = connection.execute(f"SELECT * FROM {table} LIMIT 0".encode())
            names = [column.name for column in found.description or ()]
            new = {"workflow_uuid": "'filled-' || n", "status": f"'{STATUS[state]}'"}
            values = ", ".join(new.get(name, f'"{name}"') for name in names)
            connection.execute(
                f"INSERT INTO {table} SELECT {values} FROM {table}, generate_series(1, {count}) AS n".encode()
            )


def address(directory: Path) -> str:
    """Return the URL of a directory's database, as DBOS takes it."""
    return database.url(directory).replace("postgresql://", "postgresql+psycopg://", 1)


def _ignore(data: Payload) -> None:
    """Stand in while a store is made."""
    del data
