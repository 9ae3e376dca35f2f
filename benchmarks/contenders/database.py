"""A contender's database: one for each store directory, on the one server of the run."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.contenders.contender import Contender, Durability

SERVER: Final = "CROSSDOCK_BENCH_SERVER"
"""The environment variable that tells children the server: a URL as libpq takes it, without a database."""
_NAME: Final = "database"
_SETTINGS: Final = ("server_version", "fsync", "synchronous_commit", "full_page_writes")
_UNLOGGED: Final = "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relpersistence <> 'p'"


@dataclass(frozen=True, slots=True)
class ServerDurability(Durability):
    """What a contender's own connection answers about its server and its tables."""

    server_version: str
    fsync: str
    synchronous_commit: str
    full_page_writes: str
    unlogged_tables: int

    @property
    def is_equal(self) -> bool:
        """Whether each commit is on the disk when it returns, and every table is as durable as its commits."""
        settings = (self.fsync, self.synchronous_commit, self.full_page_writes)
        return settings == ("on", "on", "on") and self.unlogged_tables == 0


class PostgresContender(Contender):
    """Anything that keeps its queue in PostgreSQL."""

    bulk_messages = 50_000

    def create(self, directory: Path) -> None:
        make(directory)

    def remove(self, directory: Path) -> None:
        drop(directory)


def make(directory: Path) -> str:
    """Make an empty database for a directory and return its URL."""
    name = f"bench_{os.getpid()}_{directory.name.replace('-', '_')}"
    (directory / _NAME).write_text(name)
    _administer(f'CREATE DATABASE "{name}" TEMPLATE template0')
    return url(directory)


def url(directory: Path) -> str:
    """Return the URL of a directory's database, as libpq takes it."""
    return f"{os.environ[SERVER]}/{(directory / _NAME).read_text()}"


def drop(directory: Path) -> None:
    """Drop a directory's database, whoever uses it."""
    if (directory / _NAME).exists():
        _administer(f'DROP DATABASE IF EXISTS "{(directory / _NAME).read_text()}" WITH (FORCE)')


def connect(directory: Path, *, autocommit: bool = True) -> psycopg.Connection:
    """Connect to a directory's database."""
    return psycopg.connect(url(directory), autocommit=autocommit, connect_timeout=10)


def durability(ask: Callable[[str], Any]) -> ServerDurability:
    """Make the report of a contender.

    Args:
        ask: Runs a statement on the connection that the contender writes with and returns the one value.
    """
    settings = [str(ask(f"SHOW {name}")) for name in _SETTINGS]
    return ServerDurability(*settings, int(ask(_UNLOGGED)))


def _administer(statement: str) -> None:
    with psycopg.connect(f"{os.environ[SERVER]}/postgres", autocommit=True, connect_timeout=10) as connection:
        connection.execute(statement.encode())
