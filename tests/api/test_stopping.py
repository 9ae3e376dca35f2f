"""The end of a process of the API: whoever is connected is answered once more, and nobody is turned away."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest

from tests.api.served import Served
from tests.cli.command import COMMAND, environment
from tests.cli.test_api import free_port

PREFIX = "/api/v1"
PATIENCE_S = 60.0
CLIENTS = 4
PAUSE_S = 0.005


@contextmanager
def kept(api: Served) -> Iterator[http.client.HTTPConnection]:
    """Give a connection that has carried a request, and is kept."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=30)
    try:
        connection.request("GET", f"{PREFIX}/health/live")
        answer = connection.getresponse()
        answer.read()
        assert answer.getheader("Connection") is None
        yield connection
    finally:
        connection.close()


def stop(api: Served) -> None:
    """Let a server end, and return when it is about to."""
    api.server.stop()
    until(api.application.state.crossdock.stopping.is_set)


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


def test_a_request_over_a_kept_connection_is_answered_while_the_server_ends(api: Served) -> None:
    with kept(api) as connection:
        stop(api)
        connection.request("GET", f"{PREFIX}/health/live")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
        assert answer.read()
        assert connection.sock is None, "the client has seen that it was the last"


def test_a_request_that_has_come_in_part_is_answered_when_the_rest_has_come(api: Served) -> None:
    with kept(api) as connection:
        connection.sock.sendall(b"GET /api/v1/health/live HTTP/1.1\r\nHost: loc")
        until(lambda: any(one.conn.trailing_data[0] for one in api.server.server_state.connections))
        stop(api)
        connection.sock.sendall(b"alhost\r\n\r\n")
        answer = http.client.HTTPResponse(connection.sock)
        answer.begin()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")


def test_whoever_has_connected_and_said_nothing_yet_is_answered_too(api: Served) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as connection:
        until(lambda: len(api.server.server_state.connections) == 1)
        stop(api)
        connection.sendall(b"GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK")


def test_a_claim_that_waits_is_answered_at_once_and_told_that_it_is_the_last(api: Served) -> None:
    with kept(api) as connection:
        headers = {"Authorization": f"Bearer {api.key()}", "Content-Type": "application/json"}
        connection.request("POST", f"{PREFIX}/queues/app/claim", json.dumps({"wait_s": 50}), headers)
        until(lambda: bool(api.server.server_state.tasks))
        stop(api)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")
        assert json.loads(answer.read()) == {"deliveries": []}


def test_a_stream_of_events_ends_and_its_connection_takes_one_more_request(api: Served) -> None:
    with kept(api) as connection:
        headers = {"Authorization": f"Bearer {api.key()}"}
        connection.request("GET", f"{PREFIX}/events/stream?after=0-0", headers=headers)
        stream = connection.getresponse()
        assert stream.status == 200
        stop(api)
        while stream.read(1000):  # raises IncompleteRead if it just breaks off
            pass
        connection.request("GET", f"{PREFIX}/health/live")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (200, "close")


def test_a_connection_that_stays_idle_is_closed_and_the_server_ends(api: Served) -> None:
    with kept(api) as connection:
        stop(api)
        assert connection.sock.recv(100) == b""
        until(lambda: not api.server.server_state.connections)


class Clients:
    """Programs that send over kept connections again and again, and take nothing but an answer for one.

    Attributes:
        answered: How many requests were.
        dropped: What became of those that were not.
    """

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(one,)) for one in range(CLIENTS)]
        self.answered = [0] * CLIENTS
        self.dropped: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def have_each_been_answered(self, times: int) -> None:
        """Return when each has been answered so often from now on."""
        goal = [one + times for one in self.answered]
        until(lambda: bool(self.dropped) or all(map(int.__ge__, self.answered, goal)))

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)
        while not self._ended.is_set():
            self._ended.wait(PAUSE_S)  # so that the connection is idle now and then
            if connection.sock is None and not self._connect(connection):
                continue
            try:
                self._ask(connection, number)
            except (OSError, http.client.HTTPException) as error:
                self.dropped.append(f"{type(error).__name__}: {error}")
                connection.close()
        connection.close()

    def _connect(self, connection: http.client.HTTPConnection) -> bool:
        """Connect; nothing has been asked yet, so that nothing is dropped if nobody listens."""
        with suppress(ConnectionRefusedError):
            connection.connect()
            return True
        return False

    def _ask(self, connection: http.client.HTTPConnection, number: int) -> None:
        body = json.dumps({"app": "app", "config": self.answered[number]})
        connection.request("POST", f"{PREFIX}/jobs", body, self._headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202
        self.answered[number] += 1
        if self.answered[number] % 50 == number:
            connection.close()  # one that has not been closed is a new one now and then, too


def start(folder: Path, stack: ExitStack) -> subprocess.Popen[bytes]:
    """Return a server that listens, and ends with the stack at the latest."""
    with (folder / "log").open("ab") as log:
        known = log.tell()
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": log}
        process = subprocess.Popen([*COMMAND, "api"], cwd=folder, env=environment(), **quiet)
    stack.callback(process.wait)
    stack.callback(process.kill)
    while b"api.started" not in (folder / "log").read_bytes()[known:]:
        assert process.poll() is None, (folder / "log").read_text()
        threading.Event().wait(0.01)
    return process


def end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("shares", [False, True], ids=["one after the other", "side by side"])
def test_no_request_is_dropped_when_a_server_under_load_is_replaced(tmp_path: Path, shares: bool) -> None:  # noqa: FBT001
    port = free_port()
    (tmp_path / "crossdock.toml").write_text(
        f'[api]\nport = {port}\nrate = "1000000/s"\nshare_port = {str(shares).lower()}\n'
    )
    with ExitStack() as stack:
        servers = [start(tmp_path, stack) for _ in range(2 if shares else 1)]
        with Clients(port, (tmp_path / "crossdock.db.key").read_text().strip()) as clients:
            for _ in range(2):
                clients.have_each_been_answered(20)
                if shares:
                    servers.append(start(tmp_path, stack))
                    end(servers.pop(0))
                else:
                    end(servers.pop(0))
                    servers.append(start(tmp_path, stack))
            clients.have_each_been_answered(20)
        assert clients.dropped == []
        for server in servers:
            end(server)
