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
}

FLOORS = ("raw-minimal", "raw-minimal-pysqlite3", "raw-own-table")
PEERS = ("huey", "persist-queue", "litequeue", "dbos")


def load(name: str) -> Contender:
    """Import one contender. Raises ``ImportError`` if its package is not installed."""
    module, _, factory = MODULES[name].partition(":")
    contender: Contender = getattr(import_module(f"benchmarks.contenders.{module}"), factory)()
    return contender
