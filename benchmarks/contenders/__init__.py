"""The contenders by name. A module is imported only when its contender runs: some are heavy, none is ours."""

from __future__ import annotations

from importlib import import_module

from benchmarks.contenders.contender import Contender

MODULES = {
    "raw-minimal": "raw_minimal:Stdlib",
    "raw-minimal-pysqlite3": "raw_minimal:Pysqlite3",
    "raw-minimal-fused": "raw_minimal:Fused",
    "raw-own-table": "raw_own_table:RawOwnTable",
    "huey": "huey_sqlite:HueySqlite",
    "persist-queue": "persist_queue:PersistQueue",
    "litequeue": "lite_queue:LiteQueue",
    "dbos": "dbos_queue:DbosQueue",
    "crossdock": "crossdock_queue:Crossdock",
    "psycopg": "raw_postgresql:RawPostgres",
    "procrastinate": "procrastinate_queue:ProcrastinateQueue",
    "pgqueuer": "pg_queuer:PgQueuerQueue",
    "dbos-postgresql": "dbos_postgresql:DbosPostgres",
    "crossdock-postgresql": "crossdock_postgresql:CrossdockPostgres",
}

FLOORS = ("raw-minimal", "raw-minimal-pysqlite3", "raw-own-table")
PEERS = ("huey", "persist-queue", "litequeue", "dbos")
ON_POSTGRESQL = ("psycopg", "procrastinate", "pgqueuer", "dbos-postgresql", "crossdock-postgresql")
PEERS_ON_POSTGRESQL = ("procrastinate", "pgqueuer", "dbos-postgresql")
OURS = ("crossdock", "crossdock-postgresql")


def load(name: str) -> Contender:
    """Import one contender. Raises ``ImportError`` if its package is not installed."""
    module, _, factory = MODULES[name].partition(":")
    contender: Contender = getattr(import_module(f"benchmarks.contenders.{module}"), factory)()
    return contender
