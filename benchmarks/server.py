"""The one PostgreSQL server of a run, on the disk of the stores, with everything on that durability needs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.contenders import ON_POSTGRESQL
from benchmarks.contenders.database import SERVER
from tests.postgresql_server import Server, plain, programs

SETTINGS: Final = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "log_min_duration_statement": "-1",
}
"""Beyond the defaults, so that no checkpoint of one contender falls into the measurement of the next."""


@contextmanager
def server_for(contenders: Sequence[str], directory: Path) -> Iterator[str]:
    """Run a server, if a contender wants one; yields how it is described in the report."""
    named = os.environ.get("CROSSDOCK_TEST_POSTGRESQL")
    if not set(ON_POSTGRESQL) & set(contenders) or (named is None and programs() is None):
        yield ""
    elif named is not None:
        yield _announce(named, "a server of the machine")
    else:
        with Server(parent=directory, **SETTINGS) as server:
            yield _announce(server.url(), "a server of the run's own on the same disk")


def _announce(url: str, whose: str) -> str:
    address = plain(url).rpartition("/")[0]
    os.environ[SERVER] = address
    with psycopg.connect(f"{address}/postgres", connect_timeout=10) as connection:
        shown = (
            "server_version",
            "shared_buffers",
            "max_wal_size",
            "fsync",
            "synchronous_commit",
            "wal_sync_method",
        )
        values = {name: connection.execute(f"SHOW {name}".encode()).fetchone() for name in shown}
    told = ", ".join(f"{name} {value[0]}" for name, value in values.items() if value is not None)
    return f" PostgreSQL is {whose}, over TCP on the loopback interface: {told}."
