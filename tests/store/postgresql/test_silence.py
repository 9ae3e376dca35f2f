"""A server that takes connections and then says nothing: every call ends in time, and all goes on when it speaks."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from crossdock import Queue, StoreUnavailable
from crossdock.store.postgresql import watch
from tests.pgbouncer import PgBouncer
from tests.postgresql_databases import connect, execute
from tests.postgresql_proxy import Proxy
from tests.postgresql_server import Server
from tests.store.postgresql.conftest import Open

PATIENCE = timedelta(seconds=1)
ENDS_WITHIN_S = PATIENCE.total_seconds() + 15
"""As the documents have it."""
pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def _shorter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the server less time to say whether it is at it, but for the slow tests."""
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(watch, "ANSWER_S", 2)


def in_thread(call: Callable[[], Any]) -> Callable[[], Any]:
    """Begin a call; the function that is returned waits for its result, or raises what it raised."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(call())
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            done.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> Any:
        thread.join(60)
        assert done, "it hangs"
        if isinstance(done[0], Exception):
            raise done[0]
        return done[0]

    return wait


def verbs(queue: Queue, delivery: Any) -> dict[str, Callable[[], Any]]:
    return {
        "send": lambda: queue.send("app", 2),
        "send with key": lambda: queue.send("app", 2, partition_key="k"),
        "send many": lambda: queue.send_many("app", range(100)),
        "claim": lambda: queue.claim("app"),
        "ack": delivery.ack,
        "stats": queue.stats,
        "transaction": lambda: write_in_transaction(delivery),
    }


def write_in_transaction(delivery: Any) -> None:
    with delivery.transaction() as connection:
        connection.exec_driver_sql("SELECT 1")


SLOWLY = [
    pytest.param(verb, marks=pytest.mark.slow) for verb in ("send with key", "send many", "claim", "ack")
]


@pytest.mark.parametrize("verb", ["send", "stats", "transaction", *SLOWLY])
def test_call_on_a_silent_server_ends_and_the_next_one_works(
    postgresql_url: str, through: str, proxy: Proxy, open_queue: Open, verb: str
) -> None:
    queue = open_queue(through, patience=PATIENCE)
    queue.send("app", 1)
    queue.send("app", 1)
    first, delivery = queue.claim("app", limit=2)
    with first.transaction():  # so that its connection is there already
        pass
    queue.stats()
    proxy.hang()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        in_thread(verbs(queue, delivery)[verb])()
    assert time.monotonic() - began < ENDS_WITHIN_S
    proxy.flow()
    queue.send("app", "after")
    assert queue.stats()["app"].ready >= 1


def test_silence_is_told_as_what_it_is(through: str, proxy: Proxy, open_queue: Open) -> None:
    queue = open_queue(through, patience=PATIENCE)
    queue.send("app", 1)
    proxy.hang()
    with pytest.raises(StoreUnavailable, match=r"the server has not answered for \d+ s"):
        queue.send("app", 2)
    proxy.flow()


def test_consumer_goes_on_when_the_server_speaks_again(
    postgresql_url: str, through: str, proxy: Proxy, open_queue: Open
) -> None:
    worker = open_queue(through, patience=PATIENCE)
    sender = open_queue(postgresql_url)
    sender.send("app", 1)
    taken: list[Any] = []
    stop = threading.Event()

    def consume() -> None:
        for delivery in worker.consume("app", stop=stop):
            taken.append(delivery.message.data)
            if delivery.message.data == 2:
                stop.set()

    wait = in_thread(consume)
    until(lambda: taken == [1])
    proxy.hang()
    until(lambda: proxy_was_tried_again(proxy))
    proxy.flow()
    sender.send("app", 2)
    wait()
    assert taken[-1] == 2


def proxy_was_tried_again(proxy: Proxy, after: list[int] = []) -> bool:  # noqa: B006 - what was there at first
    after.append(proxy.accepted)
    return proxy.accepted >= after[0] + 3


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.02)


SLOW = """CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN PERFORM pg_sleep(6); RETURN NEW; END';
CREATE TRIGGER slow BEFORE INSERT ON integration.data_staging FOR EACH STATEMENT EXECUTE FUNCTION slow()"""


@pytest.mark.parametrize("many", [1, 500])
def test_statement_that_takes_long_is_waited_for(postgresql_url: str, open_queue: Open, many: int) -> None:
    """Four times as long as would be waited for a silent server: it is asked, and says that it is at it."""
    queue = open_queue(postgresql_url, patience=PATIENCE)
    queue.send("app", 0)
    execute(postgresql_url, SLOW)
    began = time.monotonic()
    queue.send_many("app", range(many))
    assert time.monotonic() - began > 5
    assert queue.stats()["app"].ready == 1 + many


@pytest.mark.needs_pgbouncer
def test_statement_that_takes_long_behind_a_pooler_is_waited_for(
    postgresql_url: str, open_queue: Open
) -> None:
    with PgBouncer(postgresql_url) as pooler:
        queue = open_queue(pooler.url, patience=PATIENCE)
        queue.send("app", 0)
        execute(postgresql_url, SLOW)
        queue.send("app", 1)
        assert queue.stats()["app"].ready == 2
        queue.close()


def test_session_that_stands_still_is_no_working_one(open_queue: Open) -> None:
    """The server answers others; of this session it says that it is idle."""
    with Server() as server:
        queue = open_queue(server.url(), patience=PATIENCE)
        queue.send("app", 1)
        of_store = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'crossdock %'"
        pids = [pid for (pid,) in execute(server.url(), of_store)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(StoreUnavailable, match="has not answered"):
                in_thread(lambda: queue.send("app", 2))()
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)
        queue.send("app", 3)
        queue.close()


def test_send_waits_for_a_lock_no_longer_than_it_may(postgresql_url: str, open_queue: Open) -> None:
    """An open transaction of another program has sent a message of the same id."""
    queue = open_queue(postgresql_url, patience=PATIENCE)
    queue.send("app", 0)
    with connect(postgresql_url) as other:
        other.execute("BEGIN")
        other.execute(
            "INSERT INTO data_staging (source_app, target_app, message_id, data) VALUES ('tests', 'app', 'x', '1')"
        )
        with pytest.raises(StoreUnavailable, match="kept a row locked for too long"):
            in_thread(lambda: queue.send("app", 1, message_id="x"))()
        other.execute("ROLLBACK")
    assert not queue.send("app", 1, message_id="x").duplicate
