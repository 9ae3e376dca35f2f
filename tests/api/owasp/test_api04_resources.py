"""API4:2023, unrestricted resource consumption: what a client can ask for is bounded in size, depth, number and time.

Sizes of bodies, depth and rates are in ``tests/api/test_door.py``.
"""

from __future__ import annotations

import http.client
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest

from crossdock.api.connection import Connection
from crossdock.api.settings import ApiSettings
from tests.api.served import Served, served


def say(api: Served, text: bytes) -> bytes:
    """Say something, and return all that is answered until the connection ends."""
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(text)
        heard = b""
        while more := connection.recv(65536):
            heard += more
        return heard


def test_huge_headers_end_the_connection(shared_api: Served) -> None:
    taken = 0
    with (
        socket.create_connection(("127.0.0.1", shared_api.port), timeout=20) as connection,
        suppress(OSError),
    ):
        connection.sendall(b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n")
        while taken < 100_000_000:
            connection.sendall(b"X-%d: %s\r\n" % (taken, b"x" * 1000))
            taken += 1000
    assert taken < 100_000_000, "it was ended long before"


def test_what_is_no_http_is_answered_in_the_envelope(shared_api: Served) -> None:
    heard = say(shared_api, b"\x16\x03\x01 hello\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b'"code": "BAD_REQUEST"' in heard


def test_headers_that_do_not_come_end_the_connection(
    shared_api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "headers_within_s", 0.2)
    began = time.monotonic()
    assert say(shared_api, b"GET /api/v1/health HTTP/1.1\r\nHost: loc") == b""
    assert say(shared_api, b"") == b""
    assert time.monotonic() - began < 10


def test_an_answer_that_nobody_takes_is_not_held_for_ever(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "taken_every_s", 0.5)
    size = 20_000_000  # more than the buffers of the system hold
    api.queue.send("app", "x" * size, message_id="large")
    key = api.key()
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", api.port))
        slow.settimeout(60)
        head = (
            f"GET /api/v1/messages/large HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\n\r\n"
        )
        slow.sendall(head.encode())
        taken = len(slow.recv(1))
        with suppress(ConnectionError):
            deadline = time.monotonic() + 60
            while api.server.server_state.connections and time.monotonic() < deadline:
                taken += len(slow.recv(1))
                time.sleep(0.01)  # byte by byte without a pause it may be 128 KiB until a late look
            assert not api.server.server_state.connections
            while more := slow.recv(1_000_000):
                taken += len(more)
    assert taken < size
    assert len(api.ask("GET", "/messages/large", key=key).body) > size, "whoever takes it gets it"


def test_a_body_that_is_cut_off_stores_nothing(api: Served) -> None:
    head = (
        f"POST /api/v1/messages?to=app HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api.key()}\r\n"
        "ce-id: 1\r\nce-source: s\r\nce-type: t\r\nce-specversion: 1.0\r\nContent-Type: application/json\r\n"
        "Content-Length: 100\r\n\r\n[1"
    )
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(head.encode())
    assert api.ask("GET", "/messages").json["messages"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/queues/app/claim", {"limit": 1001}),
        ("/queues/app/claim", {"wait_s": 3601}),
        ("/queues/app/claim", {"lease_s": 1e300}),
        ("/queues/app/ack", {"deliveries": [{"delivery": "x"}] * 1001}),
        ("/queues/app/nack", {"deliveries": [{"delivery": "x", "error": "x" * 4001}]}),
    ],
)
def test_numbers_and_texts_are_bounded(shared_api: Served, path: str, body: dict[str, object]) -> None:
    assert shared_api.ask("POST", path, body).code == "VALIDATION_ERROR"


def test_a_page_of_large_messages_is_cut_to_a_bearable_size(tmp_path: Path) -> None:
    with served(tmp_path, ApiSettings(max_body_bytes=100_000)) as api:
        for number in range(5):
            api.queue.send("app", "x" * 60_000, message_id=str(number))
        page = api.ask("GET", "/messages")
        assert len(page.body) < 130_000
        assert len(page.json["messages"]) == 1
        rest = api.ask("GET", f"/messages?cursor={page.json['next']}").json["messages"]
        assert rest[0]["message"]["id"] == "1"


def head_of(size: int) -> bytes:
    """Return the head of a request without a key, whose body is so large."""
    return (
        b"POST /api/v1/queues/app/claim HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % size
    )


@pytest.mark.parametrize("has_key", [False, True], ids=["no key", "too large"])
def test_whoever_is_refused_while_sending_sees_why(api: Served, has_key: bool) -> None:  # noqa: FBT001
    size = 30_000_000  # more than is taken, and more than the buffers of the system hold
    head = head_of(size)
    if has_key:
        head = head.replace(b"Host:", b"Authorization: Bearer %s\r\nHost:" % api.key().encode())
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(head)
        connection.sendall(b" " * size)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 " if has_key else b"HTTP/1.1 401 ")


def test_a_connection_goes_on_behind_the_body_of_what_was_refused(api: Served) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(head_of(1000))
        refused = http.client.HTTPResponse(connection)
        refused.begin()
        assert (refused.status, len(refused.read()) > 0) == (401, True)
        connection.sendall(b" " * 1000 + b"GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_goes_on_behind_its_answer_ends_the_connection(
    api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "rest_within_s", 0.2)
    assert say(api, head_of(1_000_000)).startswith(b"HTTP/1.1 401 ")  # returns when the connection has ended
    monkeypatch.setattr(Connection, "rest_within_s", 60)
    monkeypatch.setattr(Connection, "rest_bytes", 100_000)
    with socket.create_connection(("127.0.0.1", api.port), timeout=20) as connection:
        connection.sendall(head_of(50_000_000))
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
        with pytest.raises(ConnectionError):
            connection.sendall(b" " * 50_000_000)
