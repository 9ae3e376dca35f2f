"""Messages that are gathered and handed over together, and the notes that are written before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from crossdock import Hub, InvalidMessage, NotConnected, PermanentError, Queue, RetryPolicy, Status
from crossdock.app.configured import PLAIN
from crossdock.app.registration import register_transport
from crossdock.app.reloading import Plan
from crossdock.app.running import Running
from crossdock.app.transport import Transport
from crossdock.asynchronous.queue import AsyncQueue
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes
from crossdock.ports.outbound import Batch, Delivered, Gather, OutboundCapabilities, Reply

APP = AppId("app")
LONG = timedelta(hours=1)
SHORT = timedelta(milliseconds=50)
ENOUGH = timedelta(seconds=10)


class Box:
    """Notes what it is handed."""

    def __init__(self, gather: Gather | None, *, notes: bool = False) -> None:
        self.capabilities = OutboundCapabilities(gather=gather, notes=notes, answers=True)
        self.batches: list[list[Any]] = []
        self.noted: list[list[Mapping[str, Any] | None]] = []
        self.errors: list[Exception] = []
        self.replies: dict[Any, Reply] = {}
        self.connects = 0
        self.note: Mapping[str, Any] | None = None
        self.places: list[int] | None = None
        self.running: Running | None = None

    def begun(self) -> int:
        """Return how many messages were begun so far."""
        at_work = [] if self.running is None else list(self.running._at_work.values())
        return sum(one.endpoint.looks for one in at_work)

    async def connect(self) -> None:
        self.connects += 1

    async def deliver(self, batch: Batch) -> Sequence[Reply]:
        self.batches.append([one.message.data for one in batch.handovers])
        self.noted.append([one.noted for one in batch.handovers])
        if self.note is not None:
            await batch.note(self.note, self.places)
        if self.errors:
            raise self.errors.pop(0)
        return [self.replies.get(one.message.data, Delivered()) for one in batch.handovers]

    async def close(self) -> None: ...


@pytest.fixture(params=["memory", "file"])
def queue(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Queue]:
    retry = RetryPolicy(max_attempts=3, backoff_min=timedelta(0), backoff_max=timedelta(0))
    with Queue(
        "sqlite://" if request.param == "memory" else f"sqlite:///{tmp_path}/w.db", retry=retry
    ) as opened:
        yield opened


def run(queue: Queue, box: Box, *, wait: timedelta | None = SHORT, stop: Any = None, **options: Any) -> None:
    transport = Transport("box", box, lambda settings, _: settings)
    registration = register_transport(APP, transport, {**PLAIN, **options})
    plan = Plan({APP: registration}, {}, Routes({APP: [AppId("out")]}, {}))
    running = Running(
        queue._on_same_store(AsyncQueue), plan, renew=None, stop=stop, drain=timedelta(seconds=5)
    )
    box.running = running
    asyncio.run(asyncio.wait_for(running.run(wait), 30))


def statuses(queue: Queue) -> list[Status]:
    return [record.status for record in queue.list("app", limit=1000)]


def test_gathered_by_count_in_order(queue: Queue) -> None:
    queue.send_many("app", range(25))
    box = Box(Gather(count=10, wait=SHORT))
    run(queue, box)
    assert [len(batch) for batch in box.batches] == [10, 10, 5]
    assert [n for batch in box.batches for n in batch] == list(range(25))
    assert set(statuses(queue)) == {Status.COMPLETED}


def test_gathered_by_time(queue: Queue) -> None:
    queue.send_many("app", range(3))
    box = Box(Gather(count=1000, wait=SHORT))
    run(queue, box, wait=timedelta(milliseconds=20))
    assert box.batches == [[0, 1, 2]]


def test_gathered_by_size_in_order(queue: Queue) -> None:
    """A text of n characters has n + 2 bytes as JSON."""
    texts = [letter * 38 for letter in "abcde"] + ["f" * 500] + [letter * 38 for letter in "ghijkl"]
    queue.send_many("app", texts)
    box = Box(Gather(count=10, wait=ENOUGH, max_bytes=100))
    run(queue, box)
    assert [text for batch in box.batches for text in batch] == texts
    assert ["".join(text[0] for text in batch) for batch in box.batches] == ["abc", "def", "ghi", "jkl"]
    assert set(statuses(queue)) == {Status.COMPLETED}


def test_message_as_large_as_the_bound_goes_alone(queue: Queue) -> None:
    queue.send_many("app", [letter * 200 for letter in "abc"])
    box = Box(Gather(count=10, wait=ENOUGH, max_bytes=200))
    run(queue, box)
    assert ["".join(text[0] for text in batch) for batch in box.batches] == ["a", "b", "c"]


def test_bytes_and_other_letters_are_counted_as_they_are_stored(queue: Queue) -> None:
    queue.send_many("app", [bytes(60), "ä" * 19, "b" * 58, "c" * 58])
    box = Box(Gather(count=10, wait=ENOUGH, max_bytes=100))
    run(queue, box)
    assert [len(batch) for batch in box.batches] == [2, 2]


@pytest.mark.parametrize("key", [None, "k"])
def test_no_more_is_fetched_ahead_than_the_bound(queue: Queue, key: str | None) -> None:
    """What one batch waits for is not held in memory meanwhile, nor kept from other workers."""
    for n in range(40):
        queue.send("app", str(n) * 100, partition_key=key)
    box = Box(Gather(count=1000, wait=SHORT, max_bytes=1000))
    held = []
    deliver = box.deliver

    async def look(batch: Batch) -> Sequence[Reply]:
        held.append(len(queue.list("app", status=Status.PROCESSING, limit=1000)))
        return await deliver(batch)

    box.deliver = look  # type: ignore[method-assign]
    run(queue, box)
    assert [text for batch in box.batches for text in batch] == [str(n) * 100 for n in range(40)]
    assert max(held) <= 20


def test_messages_of_one_key_go_together(queue: Queue) -> None:
    for n in range(10):
        queue.send("app", n, partition_key="k")
    box = Box(Gather(count=10, wait=SHORT))
    run(queue, box)
    assert box.batches == [list(range(10))]


def test_stopped_hands_over_what_it_has(queue: Queue) -> None:
    queue.send_many("app", range(3))
    box = Box(Gather(count=1000, wait=LONG))
    stop = threading.Event()
    hub = threading.Thread(target=run, args=(queue, box), kwargs={"wait": None, "stop": stop})
    hub.start()
    while box.begun() < 3:
        assert hub.is_alive()
    stop.set()
    hub.join(20)
    assert box.batches == [[0, 1, 2]]
    assert statuses(queue) == [Status.COMPLETED] * 3


def test_each_message_of_a_batch_ends_in_its_own_way(queue: Queue) -> None:
    queue.send_many("app", range(4))
    box = Box(Gather(count=4, wait=SHORT))
    box.replies = {
        1: InvalidMessage.of("n", "is odd"),
        2: Delivered(answer={"n": 2}),
        3: PermanentError("never"),
    }
    run(queue, box)
    assert statuses(queue) == [Status.COMPLETED, Status.FAILED, Status.COMPLETED, Status.FAILED]
    assert [record.message.data for record in queue.list("out")] == [{"n": 2}]
    assert queue.list("app")[1].error.details == (("n", "is odd"),)


def test_batch_that_fails_is_tried_again_whole(queue: Queue) -> None:
    queue.send_many("app", range(3))
    box = Box(Gather(count=3, wait=SHORT))
    box.errors = [RuntimeError("no")]
    run(queue, box)
    assert box.batches == [[0, 1, 2], [0, 1, 2]]
    assert [record.attempts for record in queue.list("app")] == [2, 2, 2]


def test_lost_link_spends_no_attempt_and_is_made_again(queue: Queue) -> None:
    queue.send_many("app", range(3))
    box = Box(Gather(count=3, wait=SHORT))
    box.errors = [NotConnected("gone")]
    run(queue, box, wait=timedelta(seconds=1))
    assert box.connects == 2
    assert [record.attempts for record in queue.list("app")] == [1, 1, 1]
    assert statuses(queue) == [Status.COMPLETED] * 3


@pytest.mark.parametrize("gather", [None, Gather(count=3, wait=SHORT)])
def test_what_was_noted_is_there_when_the_message_comes_again(queue: Queue, gather: Gather | None) -> None:
    queue.send_many("app", range(3))
    box = Box(gather, notes=True)
    box.note = {"file": "a_001.csv"}
    box.errors = [RuntimeError("killed after the note")] * (3 if gather is None else 1)
    run(queue, box)
    by_message: dict[int, list[Any]] = {}
    for batch, noted in zip(box.batches, box.noted, strict=True):
        for n, note in zip(batch, noted, strict=True):
            by_message.setdefault(n, []).append(note)
    assert by_message == {n: [None, {"file": "a_001.csv"}] for n in range(3)}
    assert [record.result for record in queue.list("app")] == [{"file": "a_001.csv"}] * 3


@pytest.mark.parametrize(("gather", "places"), [(Gather(count=3, wait=SHORT), [0, 2]), (None, [])])
def test_only_the_chosen_messages_get_the_note(
    queue: Queue, gather: Gather | None, places: list[int]
) -> None:
    queue.send_many("app", range(3))
    box = Box(gather, notes=True)
    box.note, box.places = {"file": "a_001.csv"}, places
    box.errors = [RuntimeError("killed after the note")] * (3 if gather is None else 1)
    run(queue, box)
    noted = {
        n: note
        for batch, notes in zip(box.batches, box.noted, strict=True)
        for n, note in zip(batch, notes, strict=True)
    }
    assert noted == {n: {"file": "a_001.csv"} if n in places else None for n in range(3)}


def test_suspect_goes_alone(queue: Queue) -> None:
    queue.send_many("app", range(4))
    (held,) = queue.claim("app")
    queue._store.write(lambda tx: tx.crash(queue._store.owner, max_crashes=3, limit=10))
    assert held.message.data == 0
    box = Box(Gather(count=10, wait=LONG))
    stop = threading.Event()
    hub = threading.Thread(target=run, args=(queue, box), kwargs={"wait": None, "stop": stop})
    hub.start()
    while box.begun() < 4:
        assert hub.is_alive()
    stop.set()
    hub.join(20)
    assert box.batches == [[0], [1, 2, 3]]


def test_hub_says_which_apps_have_a_transport(tmp_path: Path) -> None:
    file = tmp_path / "crossdock.toml"
    file.write_text(
        f'[store]\nurl = "sqlite:///{tmp_path}/w.db"\n[apps.a]\noutbound = {{ python = "json:dumps" }}\n'
    )
    with Hub(file) as hub:
        assert hub.names() == ["a"]
