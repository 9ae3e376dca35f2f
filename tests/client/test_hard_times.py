"""Servers that die, refuse and ask to wait; keys that open nothing and are never shown."""

from __future__ import annotations

import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from crossdock import Client, ConfigError, CredentialError, RateLimited, Status, StoreError, StoreUnavailable
from crossdock.domain.key import Scope
from tests.api.served import Served
from tests.api.test_killed import serving
from tests.cli.test_api import free_port
from tests.client.conftest import Connect

KEY = "cdk_0123456789ab_planted-secret"
SENT = {"id": "1", "source_app": "shop", "rows": [{"app": "app", "row_id": 7, "duplicate": False}]}
BUSY = {"error": {"code": "RATE_LIMITED", "message": "the key has used up its 1/s", "details": []}}


class Script:
    """Answers that a server gives in turn, each (status, headers, document); None: it hangs up."""

    def __init__(self, *answers: tuple[int, dict[str, str], Any] | None) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []


@contextmanager
def scripted(connect: Connect, script: Script, **options: Any) -> Iterator[Any]:
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            script.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            answer = script.answers.pop(0)
            if answer is None:
                self.close_connection = True
                return
            status, headers, document = answer
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *told: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            with connect(url, key=KEY, app="shop", **options) as client:
                yield client
        finally:
            server.shutdown()
            thread.join()


def test_a_send_is_repeated_as_the_same_event_until_it_is_answered(connect: Connect) -> None:
    script = Script(
        None, (503, {}, "a proxy"), (502, {}, None), (429, {"Retry-After": "0"}, BUSY), (202, {}, SENT)
    )
    with scripted(connect, script) as client:
        assert client.send("app", 1).row_id == 7
    assert len(set(script.bodies)) == 1
    assert len(script.bodies) == 5


def test_a_server_that_asks_to_wait_is_left_alone_for_as_long(connect: Connect) -> None:
    import time

    with scripted(connect, Script((429, {"Retry-After": "1"}, BUSY), (202, {}, SENT))) as client:
        began = time.monotonic()
        client.send("app", 1)
        assert time.monotonic() - began >= 1


def test_if_that_is_longer_than_the_patience_the_caller_is_told(connect: Connect) -> None:
    script = Script((429, {"Retry-After": "3600"}, BUSY))
    with scripted(connect, script) as client, pytest.raises(RateLimited) as caught:
        client.send("app", 1)
    assert caught.value.retry_after == timedelta(hours=1)


@pytest.mark.parametrize("status", [429, 503])
def test_a_proxy_that_asks_to_wait_is_left_alone_for_as_long_too(connect: Connect, status: int) -> None:
    import time

    script = Script((status, {"Retry-After": "1"}, "slow down"), (202, {}, SENT))
    with scripted(connect, script) as client:
        began = time.monotonic()
        assert client.send("app", 1).row_id == 7
        assert time.monotonic() - began >= 1
    assert len(script.bodies) == 2
    assert len(set(script.bodies)) == 1


def test_a_proxy_that_asks_to_wait_for_longer_than_the_patience_is_told_of(connect: Connect) -> None:
    script = Script((429, {"Retry-After": "3600"}, "slow down"))
    with scripted(connect, script) as client, pytest.raises(RateLimited, match="proxy") as caught:
        client.send("app", 1)
    assert caught.value.retry_after == timedelta(hours=1)


def test_a_redirect_is_not_followed_and_the_error_says_where_it_leads(connect: Connect) -> None:
    there = {"Location": "https://user:planted@crossdock.example/behind/api/v1/messages?key=planted"}
    script = Script((302, there, None))
    with scripted(connect, script) as client, pytest.raises(StoreError) as caught:
        client.send("app", 1)
    words = str(caught.value)
    assert "http://127.0.0.1:" in words
    assert (
        "/api/v1/messages answered 302, which leads to https://crossdock.example/behind/api/v1/messages;"
        in words
    )
    assert words.endswith("give the client the URL https://crossdock.example/behind")
    assert "planted" not in words
    assert len(script.bodies) == 1


def test_a_redirect_that_leads_nowhere_is_told_as_such(connect: Connect) -> None:
    with (
        scripted(connect, Script((304, {}, None))) as client,
        pytest.raises(StoreError, match="answered 304"),
    ):
        client.send("app", 1)


def test_it_may_name_the_moment_too(connect: Connect) -> None:
    script = Script(
        (429, {"Retry-After": format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)}, BUSY)
    )
    with scripted(connect, script) as client, pytest.raises(RateLimited) as caught:
        client.send("app", 1)
    assert caught.value.retry_after is not None
    assert timedelta(minutes=50) < caught.value.retry_after <= timedelta(hours=1)


@pytest.mark.parametrize("answer", [None, (503, {}, None), (504, {}, None)])
def test_a_claim_that_may_have_been_carried_out_is_not_repeated(connect: Connect, answer: Any) -> None:
    script = Script(answer)
    with scripted(connect, script) as client, pytest.raises(StoreUnavailable) as caught:
        client.claim("app")
    assert len(script.bodies) == 1
    assert "planted" not in str(caught.value)


def test_a_wrong_key_and_a_key_that_may_not_are_told_and_not_repeated(connect: Connect, api: Served) -> None:
    url = f"http://127.0.0.1:{api.port}"
    with connect(url, key=KEY) as client, pytest.raises(CredentialError) as caught:
        client.stats()
    assert "planted" not in str(caught.value) + repr(client) + repr(vars(client))
    reader = api.key("reader", frozenset({Scope.QUEUE_READ}))
    with connect(url, key=reader) as client, pytest.raises(CredentialError, match="messages:send"):
        client.send("app", 1)


def test_the_key_comes_from_the_environment(
    connect: Connect, api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{api.port}"
    monkeypatch.delenv("CROSSDOCK_KEY", raising=False)
    with pytest.raises(ConfigError, match="CROSSDOCK_KEY"):
        Client(url)
    monkeypatch.setenv("CROSSDOCK_KEY", api.key())
    with connect(url) as client:
        assert client.stats() == {}


@pytest.mark.parametrize(
    "url", ["http://crossdock.example", "http://10.0.0.1:80", "ftp://localhost", "localhost:1", "http://u:pw@127.0.0.1",
            "http://127.0.0.1:99999", "http://localhost.evil.example"],
)  # fmt: skip
def test_an_address_that_would_show_the_key_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Client(url, key=KEY)
    assert "planted" not in str(caught.value)
    assert "pw" not in str(caught.value)


def test_an_open_way_can_be_asked_for() -> None:
    Client("http://crossdock.example", key=KEY, plain_http=True).close()
    Client("http://[::1]:8765/behind/a/proxy/", key=KEY).close()


def test_what_is_held_at_the_end_goes_back(connect: Connect, api: Served) -> None:
    sent = api.queue.send("app", 1)
    with connect(f"http://127.0.0.1:{api.port}", key=api.key()) as client:
        assert len(client.claim("app", lease=timedelta(hours=1))) == 1
    record = api.queue.get(sent.id)
    assert (record.status, record.attempts) == (Status.PENDING, 0)


def test_threads_share_a_client(client: Any, api: Served) -> None:
    threads = [threading.Thread(target=lambda: [client.send("app", n) for n in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert api.queue.stats("app")["app"].ready == 160


def test_a_lease_is_kept_while_the_body_works(client: Any, api: Served) -> None:
    sent = client.send("app", 1)
    lease = timedelta(seconds=0.6)
    with client.consume_one("app", lease=lease) as delivery:
        assert delivery is not None
        first = api.queue.get(sent.id).lease_until
        while api.queue.get(sent.id).lease_until == first:
            threading.Event().wait(0.02)  # the test's own timeout ends it
    assert api.queue.get(sent.id).status is Status.COMPLETED


@pytest.mark.slow
def test_a_server_that_is_killed_and_started_again_is_not_noticed(connect: Connect, tmp_path: Path) -> None:
    port = free_port()
    (tmp_path / "crossdock.toml").write_text(f"[api]\nport = {port}\n")
    with serving(tmp_path, port):
        key = (tmp_path / "crossdock.db.key").read_text().strip()
    with connect(f"http://127.0.0.1:{port}", key=key, app="shop", patience=timedelta(minutes=1)) as client:
        sent: list[str] = []
        sender = threading.Thread(target=lambda: sent.extend(client.send("app", n).id for n in range(300)))
        with serving(tmp_path, port) as process:
            sender.start()
            while len(sent) == 0 and client.stats("app")["app"].depth < 50:
                threading.Event().wait(0.01)
            kill(process)
        with serving(tmp_path, port):
            sender.join(60)
            (delivery,) = client.claim("app")
        with serving(tmp_path, port):
            delivery.ack("done")
            held = [one.message.id for one in client.list("app", limit=1000)]
            assert len(held) == len(set(held)) == 300
            assert set(sent) == set(held)


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
