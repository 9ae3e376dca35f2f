"""The endpoint that takes messages in: what it stores, what it refuses, and when it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from crossdock import EndOfInput, Message, NotConnected, Queue
from crossdock.domain import message
from crossdock.domain.json_texts import JsonTexts
from crossdock.domain.message import AppId, MessageId
from crossdock.domain.routing import Routes, Subscription
from crossdock.hub import received
from crossdock.hub.inbound_endpoint import InboundEndpoint
from crossdock.ports.inbound import InboundCapabilities, Position, Refusal

APP, OUT, OTHER = AppId("app"), AppId("out"), AppId("other")


class Parcel:
    """A receipt that notes what became of it."""

    def __init__(self, items: Sequence[Any], *positions: Position, **options: Any) -> None:
        self.items = items
        self.options = options
        self.positions = positions
        self.refused: Sequence[Refusal] | None = None
        self.error: Exception | None = None

    async def ack(self, refused: Sequence[Refusal] = ()) -> None:
        self.refused = refused

    async def nack(self, error: Exception) -> None:
        self.error = error


class Adapter:
    """Gives what is in a list: receipts, and errors that it raises; then it has ended."""

    def __init__(self, *script: Any, positions: bool = False, redelivers: bool = True) -> None:
        self.capabilities = InboundCapabilities(positions=positions, redelivers=redelivers)
        self.script = list(script)
        self.connected_with: list[Mapping[str, Any]] = []
        self.closed = 0
        self.finished = 0
        self.done = False

    async def connect(self, positions: Mapping[str, Any]) -> None:
        self.connected_with.append(positions)

    async def receive(self) -> Parcel:
        if not self.script:
            self.done = True
            raise EndOfInput("that was all")
        found = self.script.pop(0)
        if isinstance(found, Exception):
            raise found
        if found is None:
            self.done = True
            await asyncio.Event().wait()
        return found

    async def finish(self) -> None:
        self.finished += 1

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def queue() -> Iterator[Queue]:
    with Queue.testing() as opened:
        yield opened


def routes(**following: list[str]) -> Routes:
    return Routes({AppId(app): [AppId(one) for one in next_] for app, next_ in following.items()}, {})


def run(
    queue: Queue,
    adapter: Adapter,
    chosen: Routes | Callable[[], Routes] | None = None,
    stop: Callable[[InboundEndpoint], bool] | None = None,
) -> None:
    """Let an endpoint work until its adapter has nothing more, or until it is told to stop."""
    given = chosen or routes(app=["out"])
    endpoint = InboundEndpoint(
        APP,
        adapter,
        kind="test",
        gateway=queue._gateway,
        routes=given if callable(given) else lambda: given,
        stopping=lambda: adapter.done if stop is None else stop(endpoint),
    )
    asyncio.run(asyncio.wait_for(endpoint.run(), 20))


def data_of(queue: Queue, app: str = "out") -> list[Any]:
    return [record.message.data for record in queue.list(app, limit=1000)]


def test_new_data_and_whole_messages_are_stored_in_order(queue: Queue) -> None:
    whole = Message(
        id=MessageId("m-1"), source="/far", type="order.placed", data={"n": 2}, time=queue._store.now()
    )
    parcel = Parcel([{"n": 1}, whole], subject="orders.csv", type="order")
    run(queue, Adapter(parcel))
    first, second = queue.list("out")
    assert (first.message.data, first.message.subject, first.message.type) == (
        {"n": 1},
        "orders.csv",
        "order",
    )
    assert (second.message.id, second.message.source, second.message.type) == ("m-1", "/far", "order.placed")
    assert {first.source_app, second.source_app} == {"app"}
    assert parcel.refused == []


def test_each_receiver_gets_the_same_message(queue: Queue) -> None:
    run(queue, Adapter(Parcel([1, 2])), routes(app=["out", "other"]))
    assert [one.message.id for one in queue.list("out")] == [one.message.id for one in queue.list("other")]
    assert data_of(queue, "other") == [1, 2]


def test_same_message_twice_is_stored_once(queue: Queue) -> None:
    whole = Message(id=MessageId("m-1"), source="/far", type="t", data=1, time=queue._store.now())
    run(queue, Adapter(Parcel([whole]), Parcel([whole])))
    assert data_of(queue) == [1]


def test_position_is_stored_with_what_it_stands_for(queue: Queue) -> None:
    adapter = Adapter(Parcel([1], Position("file", {"row": 1})), NotConnected("gone"), positions=True)
    run(queue, adapter)
    assert adapter.connected_with == [{}, {"file": {"row": 1}}]


def test_position_can_be_forgotten(queue: Queue) -> None:
    adapter = Adapter(
        Parcel([1], Position("file", 1)),
        Parcel([], Position("file", None)),
        NotConnected("gone"),
        positions=True,
    )
    run(queue, adapter)
    assert adapter.connected_with[-1] == {}


def test_item_that_is_no_message_is_refused_and_the_others_are_stored(queue: Queue) -> None:
    parcel = Parcel([{"n": 1}, {"n": float("nan")}, {"n": 3}, {"n": {4}}])
    run(queue, Adapter(parcel))
    assert data_of(queue) == [{"n": 1}, {"n": 3}]
    assert parcel.refused is not None
    assert [one.place for one in parcel.refused] == [1, 3]
    assert all("not a JSON value" in str(one.error) for one in parcel.refused)


def test_data_that_is_encoded_already_is_stored_as_it_is(queue: Queue) -> None:
    texts = JsonTexts([f'{{"n":"{n}"}}' for n in range(1030)])
    run(queue, Adapter(Parcel(texts, type="row"), Parcel(JsonTexts())))
    assert data_of(queue) == [{"n": str(n)} for n in range(1000)]
    assert (queue.stats("out")["out"].ready, len({one.message.id for one in queue.list("out")})) == (
        1030,
        100,
    )


def test_encoded_data_that_is_too_large_is_refused_and_the_others_are_stored(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (message, received):
        monkeypatch.setattr(module, "MAX_DATA_BYTES", 20)
    parcel = Parcel(JsonTexts(['{"n":"1"}', f'{{"n":"{"x" * 20}"}}', '{"n":"3"}']))
    run(queue, Adapter(parcel))
    assert data_of(queue) == [{"n": "1"}, {"n": "3"}]
    assert parcel.refused is not None
    assert [one.place for one in parcel.refused] == [1]


def test_message_that_nobody_receives_is_refused(queue: Queue) -> None:
    chosen = Routes({}, {OUT: [Subscription(type="order.*")]})
    bill = Message(id=MessageId("m-1"), source="/far", type="bill.sent", data=1, time=queue._store.now())
    parcel = Parcel([bill])
    run(queue, Adapter(parcel), chosen)
    assert parcel.refused is not None
    assert "no app receives 'bill.sent'" in str(parcel.refused[0].error)


def test_without_a_route_everything_waits_until_there_is_one(queue: Queue) -> None:
    looks = iter([routes(), routes()])
    run(queue, Adapter(Parcel([1])), lambda: next(looks, routes(app=["out"])))
    assert data_of(queue) == [1]


def test_full_queue_keeps_everything_out_until_there_is_room(queue: Queue) -> None:
    queue.set_rules("out", max_depth=1)
    queue.send("out", "before")
    parcel = Parcel(["after"])
    adapter = Adapter(parcel)

    def make_room(endpoint: InboundEndpoint) -> bool:
        if endpoint.is_idle and not adapter.script and parcel.refused is None:
            for delivery in queue.claim("out"):
                delivery.ack()
        return adapter.done

    run(queue, adapter, stop=make_room)
    assert data_of(queue) == ["before", "after"]


def test_stopped_while_there_is_no_room_gives_it_back(queue: Queue) -> None:
    queue.set_rules("out", max_depth=1)
    queue.send("out", "before")
    parcel = Parcel(["after"])
    told: list[bool] = []

    def is_held_up(endpoint: InboundEndpoint) -> bool:
        told.append(endpoint.looks == 1 and endpoint.is_idle)
        return any(told)

    run(queue, Adapter(parcel), stop=is_held_up)
    assert isinstance(parcel.error, InterruptedError)
    assert data_of(queue) == ["before"]


def test_stopped_while_it_waits_for_the_far_side(queue: Queue) -> None:
    adapter = Adapter(None)
    run(queue, adapter)
    assert adapter.closed == 1


def test_what_would_not_come_again_is_taken_in_before_the_end(queue: Queue) -> None:
    adapter = Adapter(Parcel([1]), None, Parcel([2]), Parcel([3]), redelivers=False)
    run(queue, adapter)
    assert data_of(queue) == [1, 2, 3]
    assert (adapter.finished, adapter.closed) == (1, 1)


def test_what_would_not_come_again_is_stored_at_the_end_even_without_room(queue: Queue) -> None:
    queue.set_rules("out", max_depth=1)
    queue.send("out", "before")
    parcel = Parcel(["after"])
    looked: list[list[Any]] = []

    def is_held_up(endpoint: InboundEndpoint) -> bool:
        if endpoint.looks == 1:
            looked.append(data_of(queue))
        return len(looked) > 1

    run(queue, Adapter(parcel, redelivers=False), stop=is_held_up)
    assert looked[:2] == [["before"], ["before"]]
    assert (parcel.error, parcel.refused) == (None, [])
    assert data_of(queue) == ["before", "after"]


def test_adapter_that_is_replaced_finishes_what_it_has_begun(queue: Queue) -> None:
    adapter = Adapter(None, Parcel([1]), Parcel([2]))
    endpoint = InboundEndpoint(
        APP,
        adapter,
        kind="test",
        gateway=queue._gateway,
        routes=lambda: routes(app=["out"]),
        stopping=lambda: False,
        leaving=lambda: adapter.done,
    )
    asyncio.run(asyncio.wait_for(endpoint.run(), 20))
    assert data_of(queue) == [1, 2]
    assert (adapter.finished, adapter.closed) == (1, 1)


def test_any_error_of_the_adapter_connects_it_anew(queue: Queue) -> None:
    adapter = Adapter(NotConnected("gone"), RuntimeError("a fault"), Parcel([1]))
    run(queue, adapter)
    assert len(adapter.connected_with) == 3
    assert data_of(queue) == [1]


def test_one_process_of_a_host_drives_an_adapter(tmp_path: Path) -> None:
    with Queue(f"sqlite:///{tmp_path}/work.db") as first, Queue(f"sqlite:///{tmp_path}/work.db") as second:
        adapter = Adapter(Parcel([1]))
        with first._store.alone("inbound-app") as ours:
            assert ours
            run(second, adapter, stop=lambda endpoint: endpoint.is_idle)
            assert adapter.connected_with == []
        run(second, adapter)
        assert data_of(second) == [1]
