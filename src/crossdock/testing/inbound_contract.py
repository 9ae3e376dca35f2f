"""What every inbound adapter must do; subclasses supply the fixture ``far_side`` and nothing else."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from crossdock.app.configured import transport_of
from crossdock.config.loading import Loaded
from crossdock.domain.errors import ConfigError
from crossdock.synchronous.queue import Queue
from crossdock.testing.far_side import APP, RECEIVER, InboundFarSide, configured, run

ODD: Final[list[Any]] = [
    {"text": "plain", "n": "1"},
    {"text": "", "n": "2"},
    {"text": "Zoë, „quoted“ \"twice\" 'once'", "n": "3"},
    {"text": "two\nlines", "n": "4"},
    {"text": "🚚 → ½", "n": "5"},
    {"text": "x" * 5000, "n": "6"},
]
"""Data that transports have trouble with; all of it text, since some know nothing else."""
_MANY: Final = 1500
_ROOM: Final = 10
_TRIES: Final = 100


class InboundContract:
    """The contract of ``InboundAdapter``, tried through a hub on a store of its own."""

    def test_adapter_opens_and_closes(self, far_side: InboundFarSide, tmp_path: Path) -> None:
        """Connecting, and closing before, after and twice."""
        loaded = _configured(tmp_path, far_side)
        with Queue.from_config(loaded) as queue:
            adapter = transport_of(loaded, APP, "inbound").adapter(queue._gateway.app, queue._gateway)

            async def open_and_close() -> None:
                await adapter.close()
                await adapter.connect({})
                await adapter.close()
                await adapter.close()

            asyncio.run(open_and_close())

    def test_adapter_takes_in_whole_data_once(self, far_side: InboundFarSide, tmp_path: Path) -> None:
        """Odd data is stored as it was given, in order, and nothing twice."""
        far_side.give(ODD)
        loaded = _configured(tmp_path, far_side)
        _run(loaded, far_side)
        assert _stored(loaded) == ODD
        assert far_side.left() == 0

    def test_adapter_takes_in_many_in_order(self, far_side: InboundFarSide, tmp_path: Path) -> None:
        """More than fits into one transaction."""
        items = [{"text": f"{n}"} for n in range(_MANY)]
        far_side.give(items)
        loaded = _configured(tmp_path, far_side)
        _run(loaded, far_side)
        assert _stored(loaded) == items

    def test_adapter_goes_on_where_it_was(self, far_side: InboundFarSide, tmp_path: Path) -> None:
        """What a run before has taken does not come again; what came meanwhile does."""
        loaded = _configured(tmp_path, far_side)
        given: list[Any] = []
        for turn in range(3):
            items = [{"text": f"{turn}.{n}"} for n in range(20)]
            far_side.give(items)
            given += items
            _run(loaded, far_side)
        assert _stored(loaded) == given

    def test_adapter_waits_while_there_is_no_room(self, far_side: InboundFarSide, tmp_path: Path) -> None:
        """While the receiver's queue is as deep as it may be nothing more comes in; nothing is lost by that.

        What an adapter that does not redeliver was given before the end of a run is stored all the same.
        """
        items = [{"text": f"{n}"} for n in range(3 * _ROOM)]
        loaded = _configured(tmp_path, far_side, max_depth=_ROOM)
        far_side.give(items[: 2 * _ROOM])
        with Queue.from_config(loaded) as queue:
            depth = 0
            for _ in range(_TRIES):
                _run(loaded, far_side)
                depth = queue.stats(RECEIVER)[RECEIVER].depth if queue.stats(RECEIVER) else 0
                if depth >= _ROOM:
                    break
            far_side.give(items[2 * _ROOM :])
            _run(loaded, far_side)
            if _redelivers(loaded):
                assert queue.stats(RECEIVER)[RECEIVER].depth == depth
            taken: list[Any] = []
            for _ in range(_TRIES):
                taken += [one.message.data for one in queue.consume(RECEIVER, wait=timedelta(0))]
                if len(taken) >= len(items):
                    break
                _run(loaded, far_side)
        assert taken == items

    def test_adapter_explains_a_wrong_setting(self, far_side: InboundFarSide, tmp_path: Path) -> None:
        """A table that cannot be right is refused before anything starts, with the key and what is wrong."""
        for table, words in far_side.wrong:
            try:
                run(configured(tmp_path, {"inbound": table, "next": [RECEIVER]}))
            except ConfigError as error:
                assert f"apps.{APP}.inbound" in str(error), str(error)
                assert words in str(error), str(error)
            else:
                raise AssertionError(f"{table} was taken")


def _configured(folder: Path, far_side: InboundFarSide, **receiver: Any) -> Loaded:
    return configured(folder, {"inbound": far_side.table, "next": [RECEIVER]}, **{RECEIVER: receiver})


def _run(loaded: Loaded, far_side: InboundFarSide) -> None:
    run(loaded, wait=far_side.patience)


def _stored(loaded: Loaded) -> list[Any]:
    with Queue.from_config(loaded) as queue:
        return [one.message.data for one in queue.list(RECEIVER, limit=10_000)]


def _redelivers(loaded: Loaded) -> bool:
    with Queue.from_config(loaded) as queue:
        adapter = transport_of(loaded, APP, "inbound").adapter(queue._gateway.app, queue._gateway)
        redelivers: bool = adapter.capabilities.redelivers
        return redelivers
