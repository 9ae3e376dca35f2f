"""An exporter whose every answer is written down beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crossdock.exporting import Found, Pull

KINDS = ("tasks", "projects")


class Scripted:
    """Answers the next run with the next list of pulls, and the runs after the last with nothing.

    An exception among the pulls is raised in its place; a function is called.
    """

    name = "scripted"
    kinds: Sequence[str] = KINDS

    def __init__(self, *runs: Sequence[Any]) -> None:
        self.runs = [list(run) for run in runs]
        self.asked: list[dict[str, Any]] = []
        self.closed = 0

    def pull(self, states: Mapping[str, Any]) -> Iterator[Pull]:
        """Give the pulls of the next run."""
        self.asked.append(dict(states))
        steps = self.runs.pop(0) if self.runs else []
        try:
            for step in steps:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, Pull):
                    yield step
                else:
                    step()
        finally:
            self.closed += 1


def task(name: str, title: str = "a task") -> Found:
    """Return a task."""
    return Found("tasks", name, {"id": name, "title": title})


def gone(name: str) -> Found:
    """Return a note that a task is gone."""
    return Found("tasks", name, None)
