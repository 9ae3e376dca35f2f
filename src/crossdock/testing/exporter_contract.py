"""What every exporter must do, as tests: subclass ``ExporterContract`` and say how its service is played."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from crossdock.domain.errors import TransientError
from crossdock.domain.message import AppId
from crossdock.domain.routing import Routes, Subscription
from crossdock.exporting import Exporter, Exports, Pull, SyncReport
from crossdock.synchronous.queue import Queue

_READER = "reader"
_MOST_PULLS = 50


class ExporterFarSide(Protocol):
    """A service outside, as its test plays it."""

    def exporter(self) -> Exporter:
        """Return a new exporter of the service; it knows nothing but what its ``pull`` is given."""

    def change(self) -> None:
        """Change something there: an object is new, one is different, and one is gone."""

    def present(self) -> Mapping[str, set[str]]:
        """Return the ids of what is there now and can be taken, by kind."""


class ExporterContract:
    """What an exporter must do. A subclass supplies the fixture ``far_side``; the tests need no other."""

    def test_the_first_run_finds_everything(self, far_side: ExporterFarSide) -> None:
        """Whatever is there is stored, and told once."""
        with Queue.testing() as queue:
            report = _exports(queue).sync(far_side.exporter())
            assert _stored(queue, report) == _present(far_side)
            assert len(_told(queue)) == sum(map(len, far_side.present().values()))

    def test_counts_add_up(self, far_side: ExporterFarSide) -> None:
        """Whatever was received was taken or set aside with a reason."""
        with Queue.testing() as queue:
            exports = _exports(queue)
            report = exports.sync(far_side.exporter())
            assert report.counts.received == report.counts.taken + report.counts.set_aside
            assert report.counts.taken >= report.counts.changed
            assert all(one.reason for one in exports.set_aside(report.exporter))

    def test_a_second_run_changes_and_sends_nothing(self, far_side: ExporterFarSide) -> None:
        """Nor does one that asks for everything."""
        with Queue.testing() as queue:
            exports = _exports(queue)
            exports.sync(far_side.exporter())
            _told(queue)
            for full in (False, True):
                report = exports.sync(far_side.exporter(), full=full)
                assert (report.counts.changed, report.counts.gone) == (0, 0)
                assert _told(queue) == []

    def test_changes_come_with_the_next_run(self, far_side: ExporterFarSide) -> None:
        """What is new, different or gone is told, and the store is then as the service is."""
        with Queue.testing() as queue:
            exports = _exports(queue)
            exports.sync(far_side.exporter())
            _told(queue)
            far_side.change()
            report = exports.sync(far_side.exporter())
            assert _stored(queue, report) == _present(far_side)
            ends = {kind.rpartition(".")[2] for kind, _ in _told(queue)}
            assert ends == {"changed", "gone"}

    def test_a_full_run_comes_to_the_same(self, far_side: ExporterFarSide) -> None:
        """Changes that are found by asking for everything are those that the service tells of."""
        with Queue.testing() as queue, Queue.testing() as other:
            for one in (queue, other):
                _exports(one).sync(far_side.exporter())
            far_side.change()
            step = _exports(queue).sync(far_side.exporter())
            whole = _exports(other).sync(far_side.exporter(), full=True)
            assert _data(queue, step) == _data(other, whole)

    def test_a_run_that_ends_anywhere_loses_and_doubles_nothing(self, far_side: ExporterFarSide) -> None:
        """After every pull in turn; the next run goes on from there."""
        for place in range(_MOST_PULLS):
            with Queue.testing() as queue:
                broken = _broken_off(queue, far_side, place)
                report = _exports(queue).sync(far_side.exporter())
                assert _stored(queue, report) == _present(far_side)
                told = [one for one in _told(queue) if one[0].endswith(".changed")]
                assert len(told) == len(set(told))
                if not broken:
                    return

    def test_states_come_back_from_the_store_as_they_were_given(self, far_side: ExporterFarSide) -> None:
        """They are JSON, and no other value that is written alike."""
        for pull in far_side.exporter().pull({}):
            assert json.loads(json.dumps(pull.state, allow_nan=False)) == pull.state


class _Broken:
    """An exporter that ends with an error after so many pulls."""

    def __init__(self, exporter: Exporter, place: int) -> None:
        self.name = exporter.name
        self.kinds = exporter.kinds
        self._exporter = exporter
        self._place = place

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Give some pulls."""
        for number, pull in enumerate(self._exporter.pull(states)):
            if number == self._place:
                raise TransientError("broken off by the test")
            yield pull


def _broken_off(queue: Queue, far_side: ExporterFarSide, place: int) -> bool:
    """Break a run off; tell whether it had so many pulls."""
    try:
        _exports(queue).sync(_Broken(far_side.exporter(), place))
    except TransientError:
        return True
    return False


def _exports(queue: Queue) -> Exports:
    return Exports(queue, Routes({}, {AppId(_READER): [Subscription(type="*")]}))


def _told(queue: Queue) -> list[tuple[str, str | None]]:
    """Take what was sent: types and subjects."""
    found: list[tuple[str, str | None]] = []
    while deliveries := queue.claim(_READER, limit=500):
        found += [(one.message.type, one.message.subject) for one in deliveries]
        queue.ack_many(deliveries)
    return found


def _data(queue: Queue, report: SyncReport) -> Mapping[str, Mapping[str, Any]]:
    return Exports(queue).all_objects(report.exporter)


def _stored(queue: Queue, report: SyncReport) -> dict[str, set[str]]:
    return {kind: set(found) for kind, found in _data(queue, report).items() if found}


def _present(far_side: ExporterFarSide) -> dict[str, set[str]]:
    return {kind: set(names) for kind, names in far_side.present().items() if names}
