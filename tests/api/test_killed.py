"""The server is killed under load: whatever was answered with 2xx is in the store, once."""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from crossdock import Queue
from tests.cli.command import COMMAND, environment
from tests.cli.test_api import free_port

CLIENTS = 8
KILLS = 3
LOAD_S = 0.7
PATIENCE_S = 60.0


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*COMMAND, "api"], cwd=folder, env=environment(), **quiet)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while not answers(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
        yield process
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    with (
        suppress(OSError),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)) as connection,
    ):
        connection.request("GET", "/api/v1/health/live")
        return connection.getresponse().status == 200
    return False


def send_until_cut_off(port: int, key: str, name: str, stored: set[str]) -> None:
    """Send batches and single events until the connection breaks; note those that were answered with 202."""
    headers = {"Authorization": f"Bearer {key}"}
    link = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with suppress(OSError, http.client.HTTPException), closing(link) as connection:
        for number in range(1_000_000):
            ids = [f"{name}-{number}-{place}" for place in range(1 + number % 3 * 10)]
            events = [
                {"specversion": "1.0", "id": one, "source": "s", "type": "t", "data": one} for one in ids
            ]
            kind = "application/cloudevents-batch+json" if len(ids) > 1 else "application/cloudevents+json"
            body = json.dumps(events if len(ids) > 1 else events[0])
            connection.request("POST", "/api/v1/messages?to=app", body, {**headers, "Content-Type": kind})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 202:
                stored.update(ids)


@pytest.mark.slow
def test_what_was_answered_is_stored_when_the_server_is_killed_under_load(tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "crossdock.toml").write_text(f'[api]\nport = {port}\nrate = "1000000/s"\n')
    stored: set[str] = set()
    for kill in range(KILLS):
        with serving(tmp_path, port) as process:
            key = (tmp_path / "crossdock.db.key").read_text().strip()
            clients = [
                threading.Thread(target=send_until_cut_off, args=(port, key, f"{kill}-{client}", stored))
                for client in range(CLIENTS)
            ]
            for client in clients:
                client.start()
            threading.Event().wait(LOAD_S)  # the load itself, nothing is waited for
            process.kill()
            for client in clients:
                client.join()
    assert stored
    with Queue(f"sqlite:///{tmp_path}/crossdock.db") as queue:
        held = [record.message.id for record in queue.list("app", limit=1_000_000)]
    assert len(held) == len(set(held))
    assert stored <= set(held), f"{len(stored - set(held))} of {len(stored)} are lost"
