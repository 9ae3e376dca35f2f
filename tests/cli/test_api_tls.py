"""``crossdock api`` with a certificate: whatever loop serves it, answers are whole, and come at once."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.adapters.http.certificates import Authority
from tests.cli.command import Shell
from tests.cli.test_api import PATIENCE_S, free_port

AT_ONCE_S = 20.0
"""Less than anything is waited for that does not come."""


@pytest.fixture
def port(shell: Shell, trust: ssl.SSLContext) -> Iterator[int]:
    found = free_port()
    (shell.folder / "crossdock.toml").write_text(f'[api]\nport = {found}\ntls_cert = "server.pem"\n')
    process = shell.start("api")
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert process.poll() is None
            with suppress(OSError), connected(found, trust):
                break
        yield found
    finally:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


@pytest.fixture
def trust(shell: Shell) -> ssl.SSLContext:
    authority = Authority(shell.folder)
    authority.server("127.0.0.1")
    return ssl.create_default_context(cafile=authority.file)


def connected(port: int, trust: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), timeout=AT_ONCE_S)
    return trust.wrap_socket(plain, server_hostname="127.0.0.1")


@pytest.mark.parametrize("size", [100_000, 200_000, 1_000_000, 30_000_000])
def test_whoever_is_refused_while_sending_sees_why_at_once(
    shell: Shell, port: int, trust: ssl.SSLContext, size: int
) -> None:
    key = (shell.folder / "crossdock.db.key").read_text().strip()
    for shown, expected in (("wrong", 401), (key, 413 if size > 2**23 else 415)):
        with connected(port, trust) as connection:
            connection.sendall(
                f"POST /api/v1/messages?to=app HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shown}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode()
            )
            connection.sendall(b" " * size)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            assert answer.status == expected
            assert json.loads(answer.read())["error"]["message"]
