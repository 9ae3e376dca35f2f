"""What is kept of an exporter's pulls, in memory: by the rules that ``crossdock.exporting.Pull`` states."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crossdock.exporting import Exporter, Pull, SetAside


class Local:
    """Objects and states as a store would have them.

    Attributes:
        changes: How many objects the last run changed.
        remarks: Of the last run.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Any] = {}
        self.states: dict[str, Any] = {}
        self.changes = 0
        self.remarks: list[str] = []
        self.set_aside: list[SetAside] = []
        self._scopes: dict[tuple[str, str], str] = {}

    def sync(self, exporter: Exporter, *, full: bool = False) -> None:
        """Run an exporter once, to its end or to its first error; each pull is taken whole or not at all."""
        self.changes, self.remarks, self.set_aside = 0, [], []
        states = dict.fromkeys(self.states) if full else dict(self.states)
        for pull in exporter.pull(states):
            self._take(pull)

    def of(self, kind: str) -> dict[str, Any]:
        """Return the objects of a kind."""
        return {name: data for (one, name), data in self.objects.items() if one == kind}

    def _take(self, pull: Pull) -> None:
        seen = {(one.kind, one.id) for one in pull.found}
        lost = [
            key
            for key, scope in self._scopes.items()
            if scope in pull.ended or (scope == pull.scope and key[0] in pull.whole and key not in seen)
        ]
        self._drop(lost)
        for one in pull.found:
            key = (one.kind, one.id)
            if one.data is None:
                self._drop([key])
            elif self.objects.get(key) != one.data:
                self.changes += 1
                self.objects[key], self._scopes[key] = one.data, pull.scope
        self.states = {scope: state for scope, state in self.states.items() if scope not in pull.ended}
        self.states[pull.scope] = pull.state
        self.set_aside += pull.set_aside
        self.remarks += [pull.remark] if pull.remark else []

    def _drop(self, keys: Iterable[tuple[str, str]]) -> None:
        for key in keys:
            if self.objects.pop(key, None) is not None:
                self.changes += 1
                del self._scopes[key]
