"""What every outbound adapter must do; subclasses supply the fixture ``far_side`` and nothing else."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from crossdock.app.configured import transport_of
from crossdock.domain.errors import ConfigError
from crossdock.domain.lifecycle import Status
from crossdock.synchronous.queue import Queue
from crossdock.testing.far_side import APP, OutboundFarSide, configured, run

ODD: Final[list[Any]] = [
    {"text": "plain"},
    {"text": ""},
    {"text": "Zoë, „quoted“ \"twice\" 'once'"},
    {"text": "two\nlines\r\nand\ttabs"},
    {"text": "🚚 → ½", "number": 12.5},
    {"number": -9007199254740993, "flag": True, "none": None},
    {"nested": {"list": [1, [2, {"three": 3}]], "empty": {}}},
    {"text": "x" * 5000},
]
"""Data that transports have trouble with."""
_PATIENCE_S: Final = 20.0
_MANY: Final = 60


class OutboundContract:
    """The contract of ``OutboundAdapter``, tried through a hub on a store of its own."""

    def test_adapter_opens_and_closes(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """Connecting, and closing before, after and twice."""
        loaded = configured(tmp_path, {"outbound": far_side.table})
        with Queue.from_config(loaded) as queue:
            adapter = transport_of(loaded, APP, "outbound").adapter(queue._gateway.app, queue._gateway)

            async def open_and_close() -> None:
                await adapter.close()
                await adapter.connect()
                await adapter.close()
                await adapter.close()

            asyncio.run(open_and_close())

    def test_adapter_hands_over_whole_data_once(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """Odd data arrives as it was sent, in order, and no message twice."""
        loaded = configured(tmp_path, {"outbound": far_side.table})
        with Queue.from_config(loaded) as queue:
            queue.send_many(APP, ODD)
        run(loaded)
        assert far_side.received() == ODD
        assert _statuses(loaded) == {Status.COMPLETED: len(ODD)}

    def test_adapter_carries_attributes(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """Whatever the envelope says arrives, if the far side sees envelopes."""
        if not far_side.carries_attributes:
            return
        loaded = configured(tmp_path, {"outbound": far_side.table})
        envelope: dict[str, Any] = {"source": "/shop", "type": "order.placed", "subject": "order/17"}
        with Queue.from_config(loaded) as queue:
            sent = queue.send(
                APP, {"n": 1}, **envelope, correlation_id="c-1", extensions={"tenant": "blue", "level": 3}
            )
        run(loaded)
        (event,) = far_side.events()
        expected = {**envelope, "id": sent.id, "correlationid": "c-1", "tenant": "blue", "level": 3}
        assert {name: event.get(name) for name in expected} == expected

    def test_adapter_carries_bytes(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """Data that is bytes arrives as it is, if the far side can see bytes."""
        if not far_side.carries_bytes:
            return
        data = bytes(range(256)) + b"\r\n\x00\xff\xfe"
        loaded = configured(tmp_path, {"outbound": far_side.table})
        with Queue.from_config(loaded) as queue:
            queue.send(APP, data)
        run(loaded)
        assert far_side.received() == [data]

    def test_adapter_keeps_the_order_of_a_key(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """Messages of one partition key arrive in order, whatever the concurrency."""
        loaded = configured(tmp_path, {"outbound": far_side.table, "concurrency": 4})
        with Queue.from_config(loaded) as queue:
            for n in range(_MANY):
                queue.send(APP, {"text": f"{n}", "key": f"{n % 3}"}, partition_key=f"{n % 3}")
        run(loaded)
        for key in ("0", "1", "2"):
            arrived = [int(data["text"]) for data in far_side.received() if data["key"] == key]
            assert arrived == sorted(arrived)
            assert len(arrived) == _MANY // 3

    def test_adapter_loses_nothing_while_the_far_side_is_away(
        self, far_side: OutboundFarSide, tmp_path: Path
    ) -> None:
        """What is sent meanwhile waits, spends no attempt for lack of a link, and arrives once it is back."""
        if not far_side.go_away():
            return
        loaded = configured(
            tmp_path, {"outbound": far_side.table, "retry": {"backoff": "10ms..100ms", "max_attempts": 1000}}
        )
        with Queue.from_config(loaded) as queue:
            queue.send_many(APP, [{"text": f"{n}"} for n in range(10)])
            stop = threading.Event()
            hub = threading.Thread(
                target=run, args=(loaded,), kwargs={"wait": timedelta(days=1), "stop": stop}
            )
            hub.start()
            try:
                far_side.come_back()
                _until(lambda: queue.stats(APP)[APP].completed == 10)
            finally:
                stop.set()
                hub.join(_PATIENCE_S)
        assert sorted(int(data["text"]) for data in far_side.received()) == list(range(10))

    def test_adapter_drains_on_stop(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """Told to stop it finishes what it began; the rest waits, and the next run hands over just that."""
        loaded = configured(tmp_path, {"outbound": far_side.table})
        with Queue.from_config(loaded) as queue:
            queue.send_many(APP, [{"text": f"{n}"} for n in range(_MANY)])
            stop = threading.Event()
            hub = threading.Thread(
                target=run, args=(loaded,), kwargs={"wait": timedelta(days=1), "stop": stop}
            )
            hub.start()
            _until(lambda: queue.stats(APP)[APP].processing > 0 or queue.stats(APP)[APP].completed > 0)
            stop.set()
            hub.join(_PATIENCE_S)
            assert queue.stats(APP)[APP].processing == 0
        run(loaded)
        assert [int(data["text"]) for data in far_side.received()] == list(range(_MANY))

    def test_adapter_explains_a_wrong_setting(self, far_side: OutboundFarSide, tmp_path: Path) -> None:
        """A table that cannot be right is refused before anything starts, with the key and what is wrong."""
        for table, words in far_side.wrong:
            try:
                run(configured(tmp_path, {"outbound": table}))
            except ConfigError as error:
                assert f"apps.{APP}.outbound" in str(error), str(error)
                assert words in str(error), str(error)
            else:
                raise AssertionError(f"{table} was taken")


def _statuses(loaded: Any) -> dict[Status, int]:
    with Queue.from_config(loaded) as queue:
        records = queue.list(APP, limit=10_000)
        return {
            status: sum(one.status is status for one in records) for status in {one.status for one in records}
        }


def _until(condition: Any) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.01)
