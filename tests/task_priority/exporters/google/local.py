"""What is kept of an exporter's pulls, in a store in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from crossdock import Queue
from crossdock.exporting import Exporter, Exports, ObjectSetAside


class Local:
    """The objects and the states of one exporter.

    Attributes:
        changes: How many objects the last run changed.
        remarks: Of the last run.
    """

    def __init__(self, queue: Queue, name: str) -> None:
        self.changes = 0
        self.remarks: list[str] = []
        self._exports = Exports(queue)
        self._name = name

    def sync(self, exporter: Exporter, *, full: bool = False) -> None:
        """Run the exporter once, to its end or to its first error."""
        report = self._exports.sync(exporter, full=full)
        self.changes = report.counts.changed + report.counts.gone
        self.remarks = list(report.remarks)

    @property
    def objects(self) -> Mapping[str, Mapping[str, Any]]:
        """All that is there, by kind, then by id."""
        return self._exports.all_objects(self._name)

    def of(self, kind: str) -> Mapping[str, Any]:
        """Return what is there of a kind."""
        return self.objects.get(kind, {})

    @property
    def states(self) -> Mapping[str, Any]:
        """The states by scope."""
        states: dict[str, Any] = self._exports._store.read(lambda reader: reader.exporter_states(self._name))
        return states

    @property
    def set_aside(self) -> list[ObjectSetAside]:
        """What could not be taken."""
        return self._exports.set_aside(self._name)


@contextmanager
def kept_of(name: str) -> Iterator[Local]:
    """Keep what an exporter of that name tells, as long as the block lasts."""
    with Queue.testing() as queue:
        yield Local(queue, name)
