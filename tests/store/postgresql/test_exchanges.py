"""What is done most, or for very many messages, takes few exchanges with the server, which read what they need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from crossdock import Queue
from crossdock.store.group_commit import Unit
from crossdock.store.postgresql.connections import ONE_PLAN, PLANS
from crossdock.store.postgresql.driver import Database
from crossdock.store.postgresql.statements import claim_at_once
from crossdock.store.statements import complete, extend, fail_held, give_back
from tests.postgresql_databases import connect
from tests.store.postgresql.conftest import Open

HELD: list[tuple[Any, dict[str, Any]]] = [
    (complete, {"with_result": False, "heard": False}),
    (extend, {}),
    (give_back, {}),
    (fail_held, {}),
]


@pytest.fixture
def queue(postgresql_url: str, open_queue: Open) -> Queue:
    return open_queue(postgresql_url)


@pytest.fixture
def exchanges(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """Counts the statements of the writing connection while something is done."""
    counted: list[str] = []
    execute = Database.execute
    writing = queue._store.write(lambda tx: tx._database)

    def counting(self: Database, sql: str, parameters: Any = ()) -> Database:
        if self is writing:
            counted.append(sql)
        return execute(self, sql, parameters)

    def count(action: Callable[[], object]) -> int:
        counted.clear()
        action()
        return len(counted)

    monkeypatch.setattr(Database, "execute", counting)
    return count


def test_claim_and_settling_are_one_statement_each(queue: Queue, exchanges: Callable[..., int]) -> None:
    queue.send_many("app", range(20))
    taken: list[Any] = []
    assert exchanges(lambda: taken.extend(queue.claim("app", limit=10))) == 1
    assert [one.message.data for one in taken] == list(range(10))
    assert exchanges(lambda: queue.ack_many(taken)) == 1
    queue.claim("app", limit=10)
    assert exchanges(lambda: queue.claim("app", limit=10)) == 1  # there is nothing


def test_the_lock_of_a_key_is_asked_for_once(queue: Queue, exchanges: Callable[..., int]) -> None:
    queue.send("app", 1, partition_key="k")  # the first of a process looks for limits, too
    assert exchanges(lambda: queue.send("app", 2, partition_key="k")) == 2  # the lock, the release
    assert exchanges(lambda: queue.ack_many(queue.claim("app"))) == 4  # the claim, the settling, likewise


def test_lock_of_a_key_that_was_undone_is_taken_again(queue: Queue) -> None:
    def fail(tx: Any) -> None:
        tx.lock_keys([("app", "k")])
        raise ValueError

    def hold(tx: Any) -> int:
        tx.lock_keys([("app", "k")])
        counted = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
        count: int = tx._database.execute(counted).fetchone()[0]
        return count

    units = [Unit(fail), Unit(hold)]
    queue._store.open_store._writer.commit(units)  # in one transaction, each in a savepoint
    assert isinstance(units[0].error, ValueError)
    assert (units[1].error, units[1].result) == (None, 1)


@pytest.mark.parametrize("many", [10, 200], ids=["one step", "two steps"])
def test_many_are_cancelled_and_replayed_by_a_fixed_number_of_statements(
    queue: Queue, exchanges: Callable[..., int], many: int
) -> None:
    queue.send_many("app", range(many))
    queue.send_many("app", range(many), partition_key="k")
    queue.send_many("app", range(many), partition_key="l")
    steps = 1 + 3 * many // 500  # the last statement of each says in the audit log what was done to the queue
    assert exchanges(lambda: queue.cancel_many("app")) <= 6 * steps
    assert exchanges(lambda: queue.replay_many("app", rate=1000.0)) <= 8 * steps


def plan_of(url: str, queue: Queue, build: Any, options: dict[str, Any]) -> str:
    """How the server executes a statement of a connection of ours, whatever its parameters are."""
    sql = queue._store._prepared.get(build, **options).sql
    with connect(url) as connection:
        connection.execute("ANALYZE data_staging")
        connection.execute(f"{PLANS.replace('SET LOCAL', 'SET')}; {ONE_PLAN}")
        connection.execute(f"PREPARE ours AS {sql}".encode())
        (count,) = connection.execute(
            "SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'ours'"
        ).fetchone() or (0,)
        plan = connection.execute(f"EXPLAIN EXECUTE ours ({', '.join(['NULL'] * count)})".encode()).fetchall()
    return "\n".join(line for (line,) in plan)


@pytest.mark.parametrize(("build", "options"), HELD, ids=[build.__name__ for build, _ in HELD])
def test_held_messages_are_found_by_their_ids(
    postgresql_url: str, queue: Queue, build: Any, options: dict[str, Any]
) -> None:
    """The index of what is processing holds all that ever was, until the next vacuum; statistics call it empty."""
    queue.send_many("app", range(300))
    told = plan_of(postgresql_url, queue, build, options)
    assert "pk_data_staging" in told
    assert "idx_status_created" not in told


def test_a_claim_reads_no_more_of_a_deep_queue_than_it_takes(postgresql_url: str, queue: Queue) -> None:
    """A plan that does not know how many are wanted takes them for a tenth of the queue."""
    queue.send_many("app", range(5000))
    told = plan_of(postgresql_url, queue, claim_at_once, {"kept": True})
    assert "Index Scan using idx_claim" in told
    assert "Index Scan using pk_data_staging" in told
    assert not [way for way in ("Hash Join", "Merge Join", "Seq Scan on data_staging") if way in told]


@pytest.mark.parametrize("depth", [1, 5000])
def test_what_is_prepared_is_planned_once(queue: Queue, depth: int) -> None:
    queue.send_many("app", range(depth))
    for number in range(3):
        queue.send("app", number)
        queue.ack_many(queue.claim("app"))
    asked = "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements"
    custom, generic = queue._store.write(lambda tx: tx._database.execute(asked).fetchone())
    assert custom == 0
    assert generic >= 9
