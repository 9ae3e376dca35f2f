"""Several hosts on one database: each has a folder of its own here, which is all that makes one."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crossdock import LeaseLost, Queue
from tests.pgbouncer import PgBouncer, sessions_differ
from tests.postgresql_databases import execute
from tests.postgresql_proxy import Proxy
from tests.store.postgresql.conftest import Open

LEASE = timedelta(seconds=1)
WAIT = timedelta(seconds=60)


def wait_and_take(queue: Queue) -> tuple[threading.Thread, list[Any]]:
    """Wait for a message in a thread."""
    taken: list[Any] = []

    def take() -> None:
        taken.extend(delivery.message.data for delivery in queue.claim("app", wait=WAIT))
        taken.append(time.monotonic())

    thread = threading.Thread(target=take)
    thread.start()
    return thread, taken


def test_message_sent_on_one_host_is_taken_on_another(postgresql_url: str, open_queue: Open) -> None:
    thread, taken = wait_and_take(open_queue(postgresql_url, host="b"))
    open_queue(postgresql_url, host="a").send("app", 7)
    thread.join(60)
    assert taken[:1] == [7]


def test_lease_of_another_host_is_left_alone_until_it_lapses(postgresql_url: str, open_queue: Open) -> None:
    here, there = (open_queue(postgresql_url, host=host, lease=LEASE) for host in "ab")
    here.send("app", 1)
    (delivery,) = here.claim("app", lease=timedelta(seconds=60))
    here._housekeeper.stop()
    there._housekeeper.run_once()
    assert there.claim("app") == []
    execute(postgresql_url, "UPDATE data_staging SET lease_until = now() - interval '1 second'")
    there._housekeeper.run_once()
    (again,) = there.claim("app", wait=WAIT)
    with pytest.raises(LeaseLost):
        delivery.ack()
    again.ack()
    assert [entry.event for entry in there.timeline(again.message.id)][2:3] == ["message.lapsed"]


def test_unheard_notifications_only_cost_time(postgresql_url: str, open_queue: Open) -> None:
    """Whoever is told nothing looks by himself: the row of a program that tells nobody is found as well."""
    queue = open_queue(postgresql_url)
    thread, taken = wait_and_take(queue)
    time.sleep(0.1)  # so that it most likely waits already; either way it must find it
    execute(
        postgresql_url, "INSERT INTO data_staging (source_app, target_app, data) VALUES ('x', 'app', '7')"
    )
    thread.join(60)
    assert taken[:1] == [7]


def test_slow_answer_is_not_taken_for_a_clock_that_goes_wrong(
    through: str, proxy: Proxy, open_queue: Open
) -> None:
    proxy.late_s = 0.2
    queue = open_queue(through)
    proxy.late_s = 0.0
    before = datetime.now(UTC)
    now = queue._store.now()
    assert before <= now <= datetime.now(UTC)


@pytest.mark.needs_pgbouncer
class TestBehindPgBouncer:
    """In transaction mode, where nothing of a session lasts: prepared statements, settings, LISTEN, locks."""

    @pytest.fixture
    def pooled(self, postgresql_url: str) -> Any:
        with PgBouncer(postgresql_url) as pooler:
            assert sessions_differ(pooler.url)
            yield pooler.url

    def test_messages_of_one_host_are_taken_on_another(self, pooled: str, open_queue: Open) -> None:
        thread, taken = wait_and_take(open_queue(pooled, host="b"))
        open_queue(pooled, host="a").send("app", 7)
        thread.join(60)
        assert taken[:1] == [7]

    def test_many_threads_send_and_take(self, pooled: str, open_queue: Open) -> None:
        senders = [open_queue(pooled, app=f"sender-{n}", host="a") for n in range(3)]
        takers = [open_queue(pooled, app=f"taker-{n}", host="b") for n in range(3)]
        seen: list[Any] = []
        failures: list[Exception] = []

        def send(queue: Queue, number: int) -> None:
            try:
                for n in range(20):
                    queue.send("app", [number, n], partition_key=f"key-{n % 3}")
                queue.send_many("app", [[number, n] for n in range(20, 420)])
            except Exception as error:  # noqa: BLE001 - told to the test
                failures.append(error)

        def take(queue: Queue) -> None:
            try:
                seen.extend(one.message.data for one in queue.consume("app", wait=timedelta(seconds=1)))
            except Exception as error:  # noqa: BLE001 - likewise
                failures.append(error)

        threads = [threading.Thread(target=send, args=(queue, n)) for n, queue in enumerate(senders)]
        threads += [threading.Thread(target=take, args=(queue,)) for queue in takers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert not failures
        rest = [one.message.data for one in takers[0].consume("app", wait=timedelta(0))]
        assert sorted(seen + rest) == sorted([number, n] for number in range(3) for n in range(420))

    def test_every_verb_works(self, pooled: str, open_queue: Open) -> None:
        queue = open_queue(pooled)
        queue.send_many("app", range(8))
        deliveries = queue.claim("app", limit=8)
        deliveries[0].ack({"ok": True})
        deliveries[1].nack("later", retry_in=timedelta(0))
        deliveries[2].fail("never")
        deliveries[3].extend(timedelta(seconds=90))
        deliveries[4].hand_back()
        with deliveries[5].transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE made_by_a_handler (n int)")
        queue.ack_many(deliveries[6:])
        queue.cancel(deliveries[3].message.id)
        queue.replay(deliveries[2].message.id)
        queue.edit(deliveries[2].message.id, priority=9)
        queue.pause("app")
        assert queue.claim("app") == []
        queue.resume("app")
        assert [one.message.data for one in queue.consume("app", wait=timedelta(0))] == [2, 1, 4]
        assert queue.stats("app")["app"].completed == 7
        assert len(queue.list("app")) == 8
        assert [entry.event for entry in queue.timeline(deliveries[1].message.id)][-1] == "message.completed"
