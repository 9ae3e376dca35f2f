"""``crossdock api`` and ``crossdock run`` with it: real processes on loopback."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from crossdock.api.exposure import exposure_problems
from crossdock.config.api_table import ApiTable
from tests.cli.command import Shell

PATIENCE_S = 60.0
ANY = "0.0.0.0"  # noqa: S104 - nothing listens there


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def ask(port: int, path: str, key: str | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    try:
        connection.request("GET", f"/api/v1{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


@contextmanager
def running(shell: Shell, command: str, *lines: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Let a command run that serves the API; the configuration has nothing else, but these lines."""
    port = free_port()
    (shell.folder / "crossdock.toml").write_text("\n".join(["[api]", f"port = {port}", *lines]) + "\n")
    process = shell.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(OSError):
                assert ask(port, "/health/live")[0] == 200
                break
            assert process.poll() is None, process.communicate()
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def key_of(shell: Shell) -> str:
    return (shell.folder / "crossdock.db.key").read_text().strip()


def test_the_first_run_makes_a_key_that_only_its_owner_can_read(shell: Shell) -> None:
    with running(shell, "api") as (process, port):
        assert stat.S_IMODE((shell.folder / "crossdock.db.key").stat().st_mode) == 0o600
        assert ask(port, "/queues", key_of(shell)) == (200, {"queues": []})
        assert ask(port, "/queues")[0] == 401
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert b"api.started" in told
    assert b"api.stopped" in told
    assert key_of(shell).split("_", 2)[2].encode() not in told


def test_run_serves_the_api_and_starts_it_again_when_it_dies(shell: Shell) -> None:
    with running(shell, "run") as (process, port):
        (child,) = [
            pid
            for pid in _children(process.pid)
            if b"api" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        ]
        os.kill(child, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with suppress(OSError, http.client.HTTPException):
                if ask(port, "/queues", key_of(shell))[0] == 200 and child not in _children(process.pid):
                    break
        else:
            pytest.fail("it was not started again")
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert b"worker.died" in told


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_port_that_is_taken_is_told_in_a_sentence(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (shell.folder / "crossdock.toml").write_text(f"[api]\nport = {listener.getsockname()[1]}\n")
        refused = shell("api")
    assert refused.code == 3
    assert "cannot listen on 127.0.0.1" in refused.err


@pytest.mark.parametrize(
    ("given", "has_keys", "count"),
    [
        ({}, False, 0),
        ({"host": "::1"}, False, 0),
        ({"host": ANY}, False, 3),
        ({"host": ANY, "tls_cert": "c.pem", "allowed_hosts": ["x"]}, True, 0),
        ({"host": ANY, "behind_proxy": True, "allowed_hosts": ["x"]}, True, 0),
        ({"host": "10.0.0.1", "behind_proxy": True}, True, 0),
        ({"host": "10.0.0.1"}, True, 1),
    ],
)
def test_an_open_address_needs_keys_names_and_tls(given: dict[str, Any], has_keys: bool, count: int) -> None:  # noqa: FBT001
    assert len(exposure_problems(ApiTable(**given), has_keys=has_keys)) == count


def test_a_key_file_that_others_can_read_is_refused(shell: Shell) -> None:
    (shell.folder / "crossdock.toml").write_text("[api]\nport = 0\n")
    (shell.folder / "crossdock.db.key").write_text("cdk_0123456789ab_" + "a" * 43)
    (shell.folder / "crossdock.db.key").chmod(0o644)
    refused = shell("api")
    assert refused.code == 3
    assert "others may read" in refused.err
