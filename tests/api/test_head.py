"""HEAD: wherever GET is, the same without the body."""

from __future__ import annotations

import http.client
import time

import pytest

from crossdock.api.documentation import PREFIX
from tests.api.served import Served


@pytest.mark.parametrize(
    "path", ["/health/live", "/queues", "/docs", "/openapi.json", "/nothing", "/queues/a%20b"]
)
def test_head_is_answered_as_get_is_without_the_body(shared_api: Served, path: str) -> None:
    full, head = (shared_api.ask(method, path) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (full.status, b"")
    lasting = {name for name in full.headers if name not in {"x-request-id", "date", "ratelimit"}}
    assert {name: head.headers.get(name) for name in lasting if name != "content-length"} == {
        name: full.headers[name] for name in lasting if name != "content-length"
    }
    assert "content-length" in head.headers


def test_head_changes_nothing_needs_a_key_and_does_not_wait_for_what_goes_on(api: Served) -> None:
    assert api.ask("HEAD", "/queues/app/pause").header("Allow") == "POST"
    assert not api.queue.stats("app")["app"].paused
    assert api.ask("HEAD", "/queues", key=None).status == 401
    stream = api.ask("HEAD", "/events/stream")
    assert (stream.status, stream.body) == (200, b"")
    deadline = time.monotonic() + 20
    while api.server.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not api.server.server_state.tasks, "nobody goes on writing what nobody reads"


def test_a_kept_connection_goes_on_after_head(shared_api: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared_api.port, timeout=30)
    for method in ("HEAD", "GET", "HEAD", "GET"):
        connection.request(method, f"{PREFIX}/health/live")
        answer = connection.getresponse()
        assert (answer.status, len(answer.read()) > 0) == (200, method == "GET")
    connection.close()
