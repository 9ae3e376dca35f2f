"""What is prepared on the connection of a store outlives whatever else happens on it."""

from __future__ import annotations

from typing import Any

import pytest

from crossdock import Queue
from tests.store.postgresql.conftest import Open

OURS = "SELECT name FROM pg_prepared_statements WHERE name LIKE 'crossdock%'"


def roll_back(queue: Queue) -> None:
    """Let a transaction of the writing connection be rolled back."""
    with pytest.raises(ZeroDivisionError):
        queue._store.write(lambda tx: tx.now and 1 / 0)


def prepared(queue: Queue) -> list[Any]:
    """The names of the statements that the store has prepared itself."""
    names: list[Any] = queue._store.write(lambda tx: tx._database.execute(OURS).fetchall())
    return names


def test_lone_sends_go_on_after_transactions_were_rolled_back(postgresql_url: str, open_queue: Open) -> None:
    """psycopg removes all that is prepared after a rollback, with its next statement: what we prepared, too."""
    queue = open_queue(postgresql_url)
    for number in range(10):  # so often that psycopg prepares what goes through it
        queue.send("app", number)
        queue.claim("app", limit=1)
    for number in range(3):
        roll_back(queue)
        queue.claim("app", limit=1)
        queue.send("app", number)
        roll_back(queue)
        queue.send("app", number)
        queue.claim("app", limit=1)
        queue.send("app", number)
    assert len(queue.list("app", limit=100)) == 19


def test_rollbacks_do_not_pile_up_statements(postgresql_url: str, open_queue: Open) -> None:
    queue = open_queue(postgresql_url)
    for number in range(20):
        roll_back(queue)
        queue.send("app", number)
    assert len(prepared(queue)) <= 2
