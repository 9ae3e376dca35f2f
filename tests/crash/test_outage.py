"""A PostgreSQL that vanishes and returns under load: nothing is lost, and the workers heal by themselves."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Self

import pytest

from crossdock import Queue, StoreSettings, StoreUnavailable
from tests.crash.case import Case
from tests.crash.checker import explain
from tests.crash.history import Kind, read_histories
from tests.crash.nursery import Nursery
from tests.crash.places import place_of
from tests.crash.probe import Play
from tests.postgresql_databases import Databases
from tests.postgresql_proxy import Proxy
from tests.postgresql_server import SUPERUSER, Server

pytestmark = [pytest.mark.needs_linux, pytest.mark.needs_postgresql]

Outage = Callable[[Server, Databases, str], None]
HEALED = 40
"""Messages that must come through after each outage."""


def broken_connections(_: Server, databases: Databases, url: str) -> None:
    databases.disconnect(url)


def immediate_restart(server: Server, databases: Databases, _: str) -> None:
    databases.hang_up()
    server.stop(signal.SIGQUIT)
    server.start()


def long_stop(server: Server, databases: Databases, _: str) -> None:
    databases.hang_up()
    server.stop(signal.SIGINT)
    time.sleep(2.5)  # longer than a lease
    server.start()


def frozen_server(server: Server, _: Databases, __: str) -> None:
    with server.frozen():
        time.sleep(2.5)  # longer than a lease


def refused_connections(_: Server, databases: Databases, url: str) -> None:
    databases.refuse(url, refused=True)
    databases.disconnect(url)
    time.sleep(1.5)
    databases.refuse(url, refused=False)


def outages(full: bool) -> list[Outage]:  # noqa: FBT001 - one of two lengths
    kinds: list[Outage] = [
        broken_connections,
        immediate_restart,
        refused_connections,
        frozen_server,
        long_stop,
    ]
    return kinds if not full else kinds * 6


@pytest.mark.timeout(600)
@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["brief", "long"])
def test_nothing_is_lost_and_everybody_heals(tmp_path: Path, *, full: bool) -> None:
    with Server() as server, Databases(server.url()) as databases, Nursery(tmp_path) as nursery:
        url = databases.empty()
        play = Play(nursery, tmp_path, place_of("postgresql", tmp_path, url), notices=True)
        load = Load(play)
        chance = random.Random(11)
        for outage in outages(full):
            load.wait_for_more()
            nursery.attend(chance.random() * 0.3)
            outage(server, databases, url)
        load.wait_for_more()
        load.end_and_explain()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", ["one address", "hosts of the URL"])
def test_failover_to_a_standby_loses_nothing(tmp_path: Path, way: str) -> None:
    """The server dies under load, and its synchronous standby takes over: at its address, or as the next in the URL."""
    with (
        Server() as server,
        Server(follows=server) as standby,
        Proxy(server.port) as proxy,
        Nursery(tmp_path) as nursery,
    ):
        server.wait_for_standby()
        hosts, ports = ("127.0.0.1", f"{proxy.port}")
        if way == "hosts of the URL":
            hosts, ports = ("127.0.0.1,127.0.0.1", f"{server.port},{standby.port}")
        url = f"postgresql+psycopg://{SUPERUSER}@/postgres?host={hosts}&port={ports}&target_session_attrs=read-write"
        load = Load(Play(nursery, tmp_path, place_of("postgresql", tmp_path, url), notices=True))
        load.wait_for_more()
        server.stop(signal.SIGQUIT)
        standby.promote()
        proxy.turn_to(standby.port)
        load.wait_for_more()
        load.end_and_explain()


class Load:
    """Senders that send again what was not acknowledged, and workers; all of them must heal by themselves."""

    def __init__(self, play: Play) -> None:
        self._play = play
        self._senders = [
            play.fork("send_stubbornly", app="bulk", name=f"sender-{n}", seed=n) for n in range(2)
        ]
        self._workers = [play.fork("work", app="bulk", name=f"worker-{n}", handler_s=0.002) for n in range(2)]
        self._workers.append(play.fork("work", app="bulk", name="worker-of-one", handler_s=0.002, batch=1))

    def wait_for_more(self) -> None:
        """Wait until messages come through again."""
        done = len(self._play.saw(Kind.ENDED))
        self._play.wait_for(Kind.ENDED, count=done + HEALED, timeout_s=60)

    def end_and_explain(self) -> None:
        """Let all that was sent be worked off, and see that every message is explained."""
        play = self._play
        for group in (self._senders, self._workers):
            if group is self._workers:
                play.once("wait_until_empty", patience_s=60, timeout_s=90)
            for child in group:
                child.signal(signal.SIGTERM)
            play.nursery.wait(*group, timeout_s=60)
        play.check()
        report = explain(Case(read_histories(play.folder), play.account(), lapses_allowed=True))
        print(report)  # noqa: T201 - pytest shows it with a failure
        assert not report.violations, str(report)


def test_server_that_is_away_is_not_run_over(tmp_path: Path, databases: Databases) -> None:
    """While it refuses, and when it is back: a few connections, however many threads want one."""
    url = databases.prepared()
    port = int(url.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as proxy, Crowd(url.replace(f":{port}/", f":{proxy.port}/"), tmp_path) as threads:
        threads.until(lambda: threads.done >= 20)
        proxy.refusing = True
        before = proxy.accepted
        proxy.break_all()
        time.sleep(3)
        during = proxy.accepted - before
        proxy.refusing = False
        done = threads.done
        threads.until(lambda: threads.done >= done + 100)
        after = proxy.accepted - before - during
    assert 1 <= during <= 40, f"{during} attempts in 3 s"
    assert after <= 40, f"{after} connections when it was back"
    assert not threads.failures
    databases.drop(url, quietly=True)


class Crowd:
    """Sixteen threads of one process that send, and one that consumes."""

    def __init__(self, url: str, folder: Path) -> None:
        settings = StoreSettings(host_folder=folder / "host", lock_timeout=timedelta(seconds=60))
        self._queue = Queue(url, app="tests", settings=settings)
        self._stop = threading.Event()
        self.done = 0
        self.failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._send) for _ in range(16)]
        self._threads.append(threading.Thread(target=self._consume))

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        self._queue.close()

    def until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < deadline, "it does not happen"
            assert not self.failures, self.failures
            time.sleep(0.01)

    def _send(self) -> None:
        try:
            while not self._stop.is_set():
                self._queue.send("app", 1)
        except Exception as error:  # noqa: BLE001 - told to the test
            self.failures.append(error)

    def _consume(self) -> None:
        try:
            for _ in self._queue.consume("app", stop=self._stop):
                self.done += 1
        except Exception as error:  # noqa: BLE001 - likewise
            self.failures.append(error)


def test_calls_end_when_patience_does(tmp_path: Path, databases: Databases) -> None:
    """No call hangs for ever on a server that is gone for good."""
    url = databases.prepared()
    port = int(url.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as proxy:
        settings = StoreSettings(host_folder=tmp_path / "host", lock_timeout=timedelta(seconds=1))
        queue = Queue(url.replace(f":{port}/", f":{proxy.port}/"), app="tests", settings=settings)
        queue.send("app", 1)
        (delivery,) = queue.claim("app")
        proxy.refusing = True
        proxy.break_all()
        for verb in (
            lambda: queue.send("app", 2),
            lambda: queue.send_many("app", range(100)),
            lambda: queue.claim("app"),
            delivery.ack,
            queue.stats,
            lambda: queue.get(delivery.message.id),
        ):
            with pytest.raises(StoreUnavailable):
                verb()
        proxy.refusing = False
        delivery.ack()
        queue.close()
    databases.drop(url, quietly=True)
