"""An exporter whose answers are written down beforehand, for tests of what is made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from crossdock.exporting import Pull

Step: TypeAlias = Pull | BaseException | Callable[[], object]
"""What is given, raised, or called in between."""


class ScriptedExporter:
    """Answers each run with the next list of steps, and with nothing after the last.

    Args:
        runs: The steps of each run.
        name: Of the exporter.
        kinds: Those of its objects.

    Attributes:
        asked: The states that each run was given.
        closed: So many runs have ended, in whatever way.
    """

    def __init__(
        self, *runs: Sequence[Step], name: str = "scripted", kinds: Sequence[str] = ("tasks", "projects")
    ) -> None:
        self.name = name
        self.kinds = kinds
        self.asked: list[dict[str, Any]] = []
        self.closed = 0
        self._runs = [list(run) for run in runs]

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Give the pulls of the next run."""
        self.asked.append(dict(states))
        steps = self._runs.pop(0) if self._runs else []
        try:
            for step in steps:
                match step:
                    case Pull():
                        yield step
                    case BaseException():
                        raise step
                    case _:
                        step()
        finally:
            self.closed += 1
