"""Databases for tests: new ones, made from a template that holds the store's tables, or emptied ones."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Self

import psycopg
from psycopg import sql

from tests.postgresql_server import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

_LEAVING_S = 20.0
_USES = 25
"""How often a database is emptied and lent again: that takes a tenth of the time that a new one does, but what was
deleted stays in the tables until they are vacuumed."""
_KEPT = ("crossdock_schema", "alembic_version")
_NUMBERS = itertools.count()


class Databases:
    """Makes databases on one server and drops them.

    Args:
        url: Of any database there, with the right to make others.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.Connection | None = None
        self._template: str | None = None
        self._made: list[str] = []
        self._clean: list[str] = []
        self._uses: Counter[str] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        for name in self._made:
            self._drop(name)
        self.hang_up()

    @property
    def _admin(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(plain(self._url), autocommit=True, connect_timeout=10)
        return self._connection

    def hang_up(self) -> None:
        """Leave the server alone until it is needed again, as before it is stopped."""
        if self._connection is not None:
            self._connection.close()

    def empty(self) -> str:
        """Make an empty database and return its URL."""
        return self._make("template0")

    def prepared(self) -> str:
        """Make a database with a store's tables, which hold nothing, and return its URL."""
        if self._template is None:
            self._template = name_of(self._prepare())
        return self._make(self._template)

    def borrow(self) -> str:
        """Return the URL of a database with a store's tables, which hold nothing; it may have been used before."""
        url = self._clean.pop() if self._clean else self.prepared()
        self._uses[url] += 1
        return url

    def give_back(self, url: str) -> None:
        """Empty a borrowed database for the next.

        Raises:
            AssertionError: Somebody is still connected, and does not leave.
        """
        if self._uses[url] >= _USES or self._wait_until_left(name_of(url)):
            self.drop(url)
            return
        with connect(url) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'integration'")
            tables = [str(name) for (name,) in found if name not in _KEPT]
            found = connection.execute(
                "SELECT sequencename FROM pg_sequences WHERE schemaname = 'integration'"
            )
            statements = [
                *(f'DELETE FROM "{table}"' for table in tables),
                *(f'ALTER SEQUENCE "{name}" RESTART' for (name,) in found),
                "DROP SCHEMA public CASCADE",
                "CREATE SCHEMA public",
            ]
            connection.execute("; ".join(statements).encode())
        self._clean.append(url)

    def drop(self, url: str, *, quietly: bool = False) -> None:
        """Drop a database that was made here.

        Args:
            quietly: Drop it although somebody is still connected.

        Raises:
            AssertionError: Somebody is still connected, and does not leave.
        """
        name = name_of(url)
        still = [] if quietly else self._wait_until_left(name)
        self._made.remove(name)
        self._drop(name)
        assert not still, f"connections were left open: {still}"

    def connected(self, url: str) -> list[tuple[Any, ...]]:
        """Return who is connected to a database: process id, application, state and last statement."""
        return self._admin.execute(
            "SELECT pid, application_name, state, query FROM pg_stat_activity WHERE datname = %s",
            [name_of(url)],
        ).fetchall()

    def disconnect(self, url: str) -> int:
        """End all connections to a database, as a restart or a failover would; return how many."""
        return len(
            self._admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name_of(url)]
            ).fetchall()
        )

    def refuse(self, url: str, *, refused: bool) -> None:
        """Let no new connection into a database, or let them in again."""
        self._admin.execute(
            sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(
                sql.Identifier(name_of(url)), sql.SQL("false" if refused else "true")
            )
        )

    def _prepare(self) -> str:
        from crossdock import Queue

        url = self.empty()
        with Queue(url, app="prepare") as queue:
            queue.stats()
        self._wait_until_left(name_of(url))
        return url

    def _make(self, template: str) -> str:
        name = f"crossdock_test_{os.getpid()}_{next(_NUMBERS)}"
        self._made.append(name)
        self._admin.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} ENCODING 'UTF8'").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self._url.replace(f"/{name_of(self._url)}", f"/{name}")

    def _drop(self, name: str) -> None:
        self._admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _wait_until_left(self, name: str) -> list[tuple[Any, ...]]:
        """Wait for all to be gone (the server notices a closed connection a little later); return who is not."""
        deadline = time.monotonic() + _LEAVING_S
        while (still := self.connected(f"/{name}")) and time.monotonic() < deadline:
            time.sleep(0.005)
        return still


def is_postgresql(url: str) -> bool:
    """Tell whether a store's URL names a database on a PostgreSQL server."""
    return url.startswith("postgresql")


def name_of(url: str) -> str:
    """Return the name of the database in a URL."""
    return url.rpartition("/")[2].partition("?")[0]


def connect(url: str, options: str = "") -> psycopg.Connection:
    """Connect as another program does, which names our tables without their schema; transactions are its own."""
    options = f"-c search_path=integration,public {options}"
    return psycopg.connect(plain(url), autocommit=True, connect_timeout=10, options=options)


def execute(url: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a statement of another program, written as for SQLite: ``?`` for a parameter, tables without schema."""
    with connect(url) as connection:
        cursor = connection.execute(statement.replace("?", "%s"), parameters or None)
        return cursor.fetchall() if cursor.description else []
