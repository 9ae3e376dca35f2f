"""Dead versions of rows are removed sooner than by autovacuum, and in vain only once."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from crossdock import Queue
from crossdock.store.postgresql.vacuuming import Vacuuming
from tests.postgresql_databases import connect
from tests.store.postgresql.conftest import Open

WITHIN_S = 30.0


@pytest.fixture
def queue(postgresql_url: str, open_queue: Open) -> Queue:
    opened = open_queue(postgresql_url)
    with connect(postgresql_url) as connection:
        connection.execute("ALTER TABLE data_staging SET (autovacuum_enabled = false)")
    return opened


@pytest.fixture
def vacuuming(queue: Queue) -> Vacuuming:
    opened = queue._store.open_store
    return Vacuuming(opened.connections, opened.location.folder, least=500)


def let_die(queue: Queue, url: str, count: int) -> int:
    """Complete so many messages; return how many versions are dead when the server has counted them."""
    queue.send_many("app", range(count))
    queue.ack_many(queue.claim("app", limit=count))
    queue._store.write(lambda tx: tx._database.execute("SELECT pg_stat_force_next_flush()").fetchall())
    return dead(url, at_least=count // 2)


def dead(url: str, *, at_least: int = 0) -> int:
    until = time.monotonic() + WITHIN_S
    with connect(url) as connection:
        while True:
            ((count,),) = connection.execute(
                "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'data_staging'"
            ).fetchall()
            if count >= at_least:
                return int(count)
            assert time.monotonic() < until
            connection.execute("SELECT pg_sleep(0.05)")


def test_many_dead_versions_are_removed(queue: Queue, vacuuming: Vacuuming, postgresql_url: str) -> None:
    assert let_die(queue, postgresql_url, 1000) > 500
    assert vacuuming.run_once()
    assert dead(postgresql_url) < 500
    assert not vacuuming.run_once()  # there just was one


def test_few_are_left_to_autovacuum(queue: Queue, vacuuming: Vacuuming, postgresql_url: str) -> None:
    let_die(queue, postgresql_url, 100)
    assert not vacuuming.run_once()


def test_one_process_of_a_host_does_it(queue: Queue, vacuuming: Vacuuming, postgresql_url: str) -> None:
    let_die(queue, postgresql_url, 1000)
    with queue._store.alone("vacuum"):
        assert not vacuuming.run_once()


def test_what_somebody_still_looks_at_is_not_tried_again(
    queue: Queue, vacuuming: Vacuuming, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crossdock.store.postgresql import vacuuming as module

    monkeypatch.setattr(module, "_DEAD", module._DEAD.replace("'5 seconds'", "'0 seconds'"))
    with connect(postgresql_url) as reader, reader.transaction():
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM data_staging")
        let_die(queue, postgresql_url, 1000)
        assert vacuuming.run_once()
        assert dead(postgresql_url) > 500
        assert not vacuuming.run_once()


def test_close_breaks_it_off(
    queue: Queue, vacuuming: Vacuuming, postgresql_url: str, monkeypatch: Any
) -> None:
    from crossdock.store.postgresql import vacuuming as module

    monkeypatch.setattr(module, "_VACUUM", "SELECT pg_sleep(60)")
    let_die(queue, postgresql_url, 1000)
    vacuuming.begin()
    until = time.monotonic() + WITHIN_S
    with connect(postgresql_url) as connection:
        while not connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'"
        ).fetchall():
            assert time.monotonic() < until
    vacuuming.close()
    assert "crossdock-vacuum" not in {thread.name for thread in threading.enumerate()}
