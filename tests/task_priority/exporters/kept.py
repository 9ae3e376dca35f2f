"""What the store has of an exporter's pulls."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from crossdock import Queue, TransientError
from crossdock.exporting import Exporter, Exports, Found, Pull, SyncReport
from crossdock.testing.scripted_exporter import ScriptedExporter

_NUMBERS = itertools.count()


@cache
def _queue() -> Queue:
    return Queue.testing()  # one store for all tests; each exporter has a name of its own there


def _exports() -> Exports:
    return Exports(_queue())


class Kept:
    """One exporter's part of a store."""

    def __init__(self) -> None:
        self._name = f"exporter-{next(_NUMBERS)}"
        self._kinds: tuple[str, ...] = ()

    @property
    def states(self) -> dict[str, Any]:
        return dict(_exports()._store.read(lambda reader: reader.exporter_states(self._name)))

    @property
    def remarks(self) -> list[str]:
        runs = reversed(_exports().history(self._name))
        return [remark for run in runs for remark in run.remarks]

    def run(self, exporter: Exporter, *, pulls: int | None = None, full: bool = False) -> None:
        """Store what an exporter pulls; with ``pulls`` be killed after so many."""
        self._kinds = tuple(exporter.kinds)
        with suppress(Killed):
            _exports().sync(_Named(exporter, self._name, pulls), full=full)

    def set_state(self, scope: str, state: Any) -> None:
        """Let the store have another state, as an older version may have left it."""
        _exports().sync(ScriptedExporter([Pull(scope, state)], name=self._name, kinds=self._kinds))

    def objects(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        return {kind: found for kind, found in _exports().all_objects(self._name).items() if found}

    def ids(self, kind: str) -> set[str]:
        return set(self.objects().get(kind, {}))

    def reasons(self) -> list[str]:
        """Why something is set aside, sorted."""
        return sorted(aside.reason for aside in _exports().set_aside(self._name))

    def last_run(self) -> SyncReport:
        """The newest run."""
        return _exports().history(self._name)[0]

    def everything(self) -> str:
        """All that is stored, to look for what must not be."""
        return repr((self.objects(), self.states, _exports().set_aside(self._name)))


class Killed(TransientError):
    """The process of an exporter was killed."""


class _Named:
    """An exporter under another name, that may be killed."""

    def __init__(self, exporter: Exporter, name: str, pulls: int | None) -> None:
        self.name = name
        self.kinds = exporter.kinds
        self._exporter = exporter
        self._pulls = pulls

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        for number, pull in enumerate(self._exporter.pull(states)):
            if number == self._pulls:
                raise Killed
            yield pull


def objects_of(found: Iterable[Found]) -> dict[str, dict[str, Any]]:
    """Return what is there when all of this was found, by kind and id."""
    objects: dict[str, dict[str, Any]] = {}
    for one in found:
        objects.setdefault(one.kind, {}).pop(one.id, None)
        if one.data is not None:
            objects[one.kind][one.id] = one.data
    return objects
