"""The stream of events: nothing is left out or repeated, whoever goes and comes again."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from crossdock import Message
from crossdock.domain.key import Scope
from tests.api.served import Served

PATIENCE_S = 60.0
BATCH = 500
READS = frozenset({Scope.EVENTS_READ})


class Stream:
    """One connection that follows.

    Attributes:
        last_id: What a client would show when it comes again.
    """

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.answer = answer
        self.last_id = ""

    def events(self) -> Iterator[tuple[str, Any]]:
        """Give (event, data) until the end."""
        event = ""
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if name == "id":
                self.last_id = value
            elif name == "event":
                event = value
            elif name == "data":
                yield event, json.loads(value)

    def rows(self, count: int) -> list[int]:
        """Return the rows of the next events that are about messages."""
        found = []
        for event, data in self.events():
            if event.startswith("message."):
                found.append(data["row_id"])
            if len(found) == count:
                break
        return found


@contextmanager
def stream(api: Served, query: str = "", *, key: str | None = None, last_id: str = "") -> Iterator[Stream]:
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    headers = {"Authorization": f"Bearer {key or api.key()}"}
    try:
        connection.request(
            "GET",
            f"/api/v1/events/stream{query}",
            headers=headers | ({"Last-Event-ID": last_id} if last_id else {}),
        )
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Content-Type")) == (200, "text/event-stream; charset=utf-8")
        yield Stream(answer)
    finally:
        connection.close()


def test_whoever_comes_again_misses_nothing_and_gets_nothing_twice(api: Served) -> None:
    api.queue.send_many("validator", [0, 1])
    with stream(api, "?after=0-0") as first:
        assert first.rows(1) == [1]
    api.queue.send("validator", 2)
    with stream(api, last_id=first.last_id) as second:
        assert second.rows(2) == [2, 3]
        api.queue.send("validator", 3)
        assert second.rows(1) == [4]
        (one,) = api.queue.claim("validator")
        one.nack("again")
        assert next(data for event, data in second.events() if event == "message.nacked")["attempt"] == 1
    api.queue.send("validator", 4)
    with stream(api, last_id=second.last_id) as third:
        assert third.rows(1) == [5]


def test_filters_choose_by_queue_and_by_kind(api: Served) -> None:
    for app in ("validator", "warehouse", "validator"):
        api.queue.send(app, 0)
    with stream(api, "?after=0-0&app=warehouse") as found:
        assert found.rows(1) == [2]
    (one,) = api.queue.claim("warehouse")
    one.nack("again")
    with stream(api, "?after=0-0&type=message.nacked&type=queue.stats&app=warehouse") as found:
        heard = set()
        for event, data in found.events():
            assert data["app"] == "warehouse"
            heard.add(event)
            if event == "queue.stats" and data["depth"] == 1 and "message.nacked" in heard:
                break
        assert heard == {"message.nacked", "queue.stats"}


def test_what_is_done_to_queues_and_keys_is_told_to_those_who_may_know(api: Served) -> None:
    api.queue.pause("validator")
    made, _ = api.made_key("late", READS)
    with stream(api, "?after=0-0&type=queue.paused&type=key.created") as found:
        told = [next(found.events()) for _ in range(2)]
    assert [(event, data["app"], data["message_id"], data["row_id"]) for event, data in told] == [
        ("queue.paused", "validator", None, None),
        ("key.created", "", None, None),
    ]
    assert made.name == "late"
    bound = api.key("bound", READS, app="validator")
    with stream(api, "?after=0-0", key=bound) as found:
        assert next(found.events())[0] == "queue.paused"
        api.queue.resume("validator")
        heard = (event for event, _ in found.events() if event != "queue.stats")
        assert next(heard) == "queue.resumed"


def test_a_key_of_one_app_hears_of_its_own_queue_alone(api: Served) -> None:
    api.queue.send("validator", 0)
    api.queue.send("warehouse", 1)
    key = api.key("bound", READS, app="warehouse")
    with stream(api, "?after=0-0", key=key) as found:
        event, data = next(found.events())
        assert (event, data["app"]) == ("message.sent", "warehouse")
    assert api.ask("GET", "/events/stream?app=validator", key=key).code == "FORBIDDEN"


def test_an_id_that_is_none_is_refused(api: Served) -> None:
    for path in ("/events/stream?after=1", "/events/stream?after=x-1"):
        assert api.ask("GET", path).code == "VALIDATION_ERROR"


def test_a_stream_ends_in_good_order_when_the_process_is_to_stop(api: Served) -> None:
    with stream(api) as found:
        next_line = found.answer.readline()
        threading.Thread(target=api.server.stop).start()
        began = time.monotonic()
        rest = found.answer.read()  # to the end of the last chunk; an answer that is cut raises
        assert next_line.startswith(b":")
        assert time.monotonic() - began < 5
        assert b"data: {" in rest or b"id: " in rest


def test_a_slow_reader_is_cut_off_and_the_others_go_on(api: Served) -> None:
    feed = api.application.state.crossdock.feed
    with stream(api) as idle:
        idle.answer.readline()
        feed.max_buffer = 2000
        with stream(api) as slow:
            slow.answer.readline()
            (listener,) = [one for one in feed._present if one._max_buffer == 2000]
            feed.max_buffer = 1024 * 1024
            api.queue.send_many("validator", list(range(100)))
            assert idle.rows(100) == list(range(1, 101))
            deadline = time.monotonic() + 10
            while listener in feed._present:
                assert time.monotonic() < deadline
            assert not listener._chunks
        api.queue.send("validator", 100)
        assert idle.rows(1) == [101]


def test_a_slow_reader_that_was_cut_off_goes_on_without_a_loss_or_a_repetition(api: Served) -> None:
    """It comes again with the last id that it has read whole, as a browser does."""
    feed = api.application.state.crossdock.feed
    key = api.key()
    reader = SlowReader(api.port, key)
    api.queue.send("validator", "the first")
    with reader.connected(last_id="0-0"):
        reader.read_until_row(1)
        sent = 1
        deadline = time.monotonic() + PATIENCE_S
        while feed._present:  # nothing is read: what waits fills the system's buffers first, then its own
            assert time.monotonic() < deadline
            api.queue.send_many("validator", [message(f"{n:0200}") for n in range(sent, sent + BATCH)])
            sent += BATCH
        reader.read_until_cut_off()
    assert 0 < len(reader.rows) < sent
    with reader.connected(last_id=reader.last_id):
        api.queue.send("validator", "the last")
        reader.read_until_row(sent + 1)
    assert reader.rows == list(range(1, sent + 2))


def message(id: str) -> Message:
    return Message(id=id, source="shop", type="order.placed", time=datetime.now(UTC), data=None)


class SlowReader:
    """A client that reads when it likes.

    Attributes:
        rows: Of the events that it has read whole.
        last_id: That of the last one.
    """

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._key = key
        self._lines: Iterator[bytes] = iter(())
        self.rows: list[int] = []
        self.last_id = ""

    @contextmanager
    def connected(self, *, last_id: str) -> Iterator[None]:
        """Ask for the stream behind an id; the system holds little of it."""
        with socket.socket() as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            link.settimeout(PATIENCE_S)
            link.connect(("127.0.0.1", self._port))
            link.sendall(
                b"GET /api/v1/events/stream?type=message.sent HTTP/1.1\r\nHost: localhost\r\n"
                b"Authorization: Bearer %b\r\nLast-Event-ID: %b\r\n\r\n"
                % (self._key.encode(), last_id.encode())
            )
            answer = http.client.HTTPResponse(link)
            answer.begin()
            self._lines = iter(answer.readline, b"")
            with answer:
                yield

    def read_until_cut_off(self) -> None:
        """Read what has come until the connection ends in the middle of something."""
        with pytest.raises((http.client.HTTPException, OSError)):
            self.read_until_row(0)

    def read_until_row(self, row: int) -> None:
        """Read whole events; one whose end did not come was not read."""
        id_, data = self.last_id, b""
        for line in self._lines:
            match line.rstrip(b"\n").split(b": ", 1):
                case [b"id", value]:
                    id_ = value.decode()
                case [b"data", value]:
                    data = value
                case [b""]:
                    self.last_id = id_
                    if data:
                        self.rows.append(json.loads(data)["row_id"])
                        data = b""
                        if self.rows[-1] == row:
                            return
        raise http.client.IncompleteRead(b"")
