"""Both clients follow what happens, and go on where they were."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import pytest

from crossdock import InvalidMessage, StoreUnavailable
from tests.api.served import Served
from tests.client.conftest import Connect

EVENT = b'id: %d-0\nevent: message.sent\ndata: {"row_id":%d}\n\n'
BEGINNING = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


def test_what_happens_is_told_from_the_beginning_and_as_it_happens(client: Any, api: Served) -> None:
    first = api.queue.send("app", 1)
    api.queue.send("other", 1)
    with closing(client.events("app", types=["message.sent", "message.cancelled"], after="0-0")) as events:
        event = next(events)
        assert (event.name, event.data["message_id"], event.data["app"]) == ("message.sent", first.id, "app")
        api.queue.cancel(first.id)
        told = next(events)
        assert (told.name, told.data["code"]) == ("message.cancelled", "CANCELLED")
    with closing(client.events(types=["message.sent"], after=event.place)) as events:
        assert next(events).data["app"] == "other"


def test_figures_come_without_a_place_of_their_own(client: Any, api: Served) -> None:
    api.queue.send("app", 1)
    with closing(client.events("app", types=["queue.stats"])) as events:
        assert next(events).data["ready"] == 1


def test_a_place_that_is_none_is_refused(client: Any) -> None:
    with pytest.raises(InvalidMessage, match="after"):
        next(client.events(after="yesterday"))


@pytest.mark.parametrize(
    "first",
    [
        BEGINNING + b"\r\n" + EVENT % (1, 1) + b'id: 2-0\nevent: message.sent\ndata: {"row',
        BEGINNING
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"%x\r\n%s\r\n" % (len(EVENT) - 2, EVENT % (1, 1)),
        BEGINNING + b"Content-Length: 9000\r\n\r\n: \nid: 1-0\n\n" + EVENT % (1, 1),
    ],
    ids=["until the end", "chunked", "shorter than it said"],
)
def test_a_stream_that_breaks_off_goes_on_behind_the_last_event(connect: Connect, first: bytes) -> None:
    second = BEGINNING + b"Content-Length: 500\r\n\r\n" + EVENT % (2, 2)
    with streaming(first, second) as (url, asked), connect(url, key="cdk_x") as client:
        with closing(client.events()) as events:
            found = [(one.place, one.data["row_id"]) for one in (next(events), next(events))]
        assert found == [("1-0", 1), ("2-0", 2)]
        assert asked == ["/api/v1/events/stream", "/api/v1/events/stream?after=1-0"]


def test_a_server_that_stays_away_ends_it(connect: Connect) -> None:
    with (
        streaming(BEGINNING + b"\r\n" + EVENT % (1, 1)) as (url, _),
        connect(url, key="cdk_x", patience=timedelta(0)) as client,
        closing(client.events()) as events,
    ):
        next(events)
        with pytest.raises(StoreUnavailable):
            next(events)


@contextmanager
def streaming(*answers: bytes) -> Iterator[tuple[str, list[str]]]:
    """Answer each request with bytes as they stand, and hang up; give the address, and what was asked."""
    asked: list[str] = []
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if left:
                asked.append(self.path)
                self.wfile.write(left.pop(0))

        def log_message(self, *told: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()
