"""The stream of events: nothing is left out or repeated, whoever goes and comes again."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crossdock.domain.key import Scope
from tests.api.served import Served

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
