"""How long a task takes: what its service says, else what one of its labels says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

from task_priority.model import Task
from task_priority.words import duration_text

_MINUTES: Final = re.compile(r"@?([0-9]{1,3})m(?:in)?", re.IGNORECASE | re.ASCII)
_HOURS: Final = re.compile(r"@?([0-9]{1,2})h(?:([0-5]?[0-9])(?:m(?:in)?)?)?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a task takes.

    Attributes:
        duration: More than 0.
        label: The label that says so, without ``@``; None: its service does.
    """

    duration: timedelta
    label: str | None = None

    @property
    def text(self) -> str:
        """The duration, and the label that it is from: ``15 min (label @15m)``."""
        text = duration_text(self.duration)
        return text if self.label is None else f"{text} (label @{self.label})"


def length_of(task: Task) -> Length | None:
    """Return how long a task takes; None: nobody said.

    What its service says comes first. Of several labels that are a length the shortest counts, so that their order,
    which services do not keep, changes nothing.
    """
    if task.duration:
        return Length(task.duration)
    said = min(_said_by(task.labels), default=None)
    return None if said is None else Length(*said)


@lru_cache(1024)
def duration_of_label(label: str) -> timedelta | None:
    """Read a label such as ``30m``, ``30min``, ``2h``, ``1h30`` or ``1h30m`` in any case, ``@`` before it or not.

    None: it is no length. Neither is 0, and nothing from 1000 minutes or 100 hours up.
    """
    if found := _MINUTES.fullmatch(label):
        return timedelta(minutes=int(found[1])) or None
    if found := _HOURS.fullmatch(label):
        return timedelta(hours=int(found[1]), minutes=int(found[2] or 0)) or None
    return None


def _said_by(labels: Iterable[str]) -> Iterator[tuple[timedelta, str]]:
    for label in labels:
        if duration := duration_of_label(label):
            yield duration, label.removeprefix("@")
