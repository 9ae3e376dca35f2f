"""Webhooks as apps of a hub: what the far side says is what becomes of the messages, and of their queue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crossdock import Hub, Queue
from tests.adapters.http.receiving import Receiver

SOON = timedelta(seconds=0.5)
JSON = {"Content-Type": "application/json"}
Configure = Callable[..., Hub]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def configure(tmp_path: Path, receiver: Receiver) -> Iterator[Configure]:
    """Make a hub whose app posts to the receiver; what it opened is closed."""
    made: list[Hub] = []

    def configure(path: str = "/hooks", more: str = "") -> Hub:
        (tmp_path / "crossdock.toml").write_text(
            f'[apps.warehouse]\noutbound = {{ http = "{receiver.url(path)}", allow = ["127.0.0.1"] }}\n'
            f'retry = {{ backoff = "10ms..20ms", max_attempts = 3 }}\n{more}'
        )
        made.append(Hub(tmp_path / "crossdock.toml"))
        return made[-1]

    yield configure
    for hub in made:
        hub.close()


def events(queue: Queue, message_id: str) -> list[tuple[str, str]]:
    return [(entry.event, str(entry.details.get("message", ""))) for entry in queue.timeline(message_id)]


def test_answer_goes_to_the_next_app(configure: Configure, receiver: Receiver) -> None:
    receiver.says.append((200, JSON, b'{"order": 17, "packed": true}'))
    hub = configure(more='next = ["ledger"]\n')
    sent = hub.queue.send("warehouse", {"order": 17})
    hub.run(wait=SOON)
    [record] = hub.queue.list("ledger")
    assert (record.message.data, record.message.correlationid) == ({"order": 17, "packed": True}, sent.id)


def test_answer_is_kept_as_the_result_where_nobody_receives_it(
    configure: Configure, receiver: Receiver
) -> None:
    receiver.says.append((200, JSON, b'{"packed": true}'))
    hub = configure()
    sent = hub.queue.send("warehouse", {"order": 17})
    hub.run(wait=SOON)
    assert hub.queue.get(sent.id).result == {"packed": True}


def test_endpoint_that_is_gone_pauses_its_queue_until_it_is_resumed(
    configure: Configure, receiver: Receiver
) -> None:
    receiver.says.append((410, {}, b""))
    hub = configure()
    hub.queue.send_many("warehouse", [{"n": n} for n in range(3)])
    hub.run(wait=SOON)
    stats = hub.queue.stats("warehouse")["warehouse"]
    assert (stats.paused, stats.ready, stats.failed) == (True, 3, 0)
    assert "answered 410 Gone; it wants nothing more: give 'warehouse' another URL" in (stats.note or "")
    assert len(receiver.arrived["/hooks"]) == 1
    hub.close()
    again = configure("/other")
    again.queue.resume("warehouse")
    again.run(wait=SOON)
    assert [event["data"]["n"] for event in receiver.arrived["/other"]] == [0, 1, 2]
    assert {record.attempts for record in again.queue.list("warehouse")} == {1}


def test_far_side_that_asks_to_wait_parks_the_whole_queue(configure: Configure, receiver: Receiver) -> None:
    receiver.says.append((503, {"Retry-After": "600"}, b""))
    hub = configure()
    hub.queue.send_many("warehouse", [{"n": n} for n in range(3)])
    hub.run(wait=SOON)
    stats = hub.queue.stats("warehouse")["warehouse"]
    assert stats.parked_until is not None
    assert timedelta(minutes=9) < stats.parked_until - datetime.now(UTC) < timedelta(minutes=11)
    assert "the queue waits 600 s" in (stats.note or "")
    assert len(receiver.arrived["/hooks"]) == 1
    assert {record.attempts for record in hub.queue.list("warehouse")} == {0}


def test_connection_that_dies_after_the_request_is_told_in_the_timeline(
    configure: Configure, receiver: Receiver
) -> None:
    """Nobody knows the end of the first attempt: the message comes again, under the same id."""
    receiver.says.append(None)
    hub = configure()
    sent = hub.queue.send("warehouse", {"order": 17})
    hub.run(wait=SOON)
    assert [event["id"] for event in receiver.arrived["/hooks"]] == [sent.id, sent.id]
    told = events(hub.queue, sent.id)
    assert [event for event, _ in told] == [
        "message.sent", "message.claimed", "message.nacked", "message.claimed", "message.completed",
    ]  # fmt: skip
    assert "closed by the far side; whether the message arrived is unknown, and it comes again" in told[2][1]


def test_message_that_is_refused_is_a_dead_letter_and_the_others_go_on(
    configure: Configure, receiver: Receiver
) -> None:
    receiver.says.extend(
        [(204, {}, b""), (422, JSON, b'{"error": "no such order"}'), (302, {"Location": "/new"}, b"")]
    )
    hub = configure()
    hub.queue.send_many("warehouse", [{"n": n} for n in range(4)])
    hub.run(wait=SOON)
    dead = hub.queue.list("warehouse", status="failed")
    assert [(one.message.data["n"], one.error.code) for one in dead if one.error] == [
        (1, "PERMANENT"),
        (2, "PERMANENT"),
    ]
    assert "no such order" in str(dead[0].error)
    assert "redirect to '/new', which is not followed" in str(dead[1].error)
    assert [event["data"]["n"] for event in receiver.arrived["/hooks"]] == [0, 1, 2, 3]


def test_address_that_may_not_be_reached_spends_nothing_and_is_told(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "crossdock.toml").write_text(
        f'[apps.warehouse]\noutbound = {{ http = "http://localhost:{receiver.port}/", allow = ["10.0.0.0/8"] }}\n'
    )
    with Hub(tmp_path / "crossdock.toml") as hub:
        hub.queue.send("warehouse", {"order": 17})
        hub.run(wait=SOON)
        [record] = hub.queue.list("warehouse")
        assert (record.status, record.attempts) == ("pending", 0)
    assert "which is loopback; it is reached only if allow names it" in caplog.text
    assert not receiver.arrived
