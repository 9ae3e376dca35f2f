"""What is made of a source's objects: tasks and events, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any, TypeAlias

from task_priority.model import Event, Task

Objects: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""The stored objects of one exporter that are not gone: by kind, then by id, as the service told them."""


@dataclass(frozen=True, slots=True)
class Window:
    """Of which time repetitions are wanted, and where the owner is.

    Attributes:
        start: Aware UTC.
        end: Aware UTC; the first instant after it.
        zone: The owner's.
    """

    start: datetime
    end: datetime
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Unread:
    """An object that was stored but could not be made a task or an event, or not wholly, and why."""

    kind: str
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source says. Only open tasks; events one by one, repetitions unfolded within the window."""

    tasks: Sequence[Task] = ()
    events: Sequence[Event] = ()
    unread: Sequence[Unread] = ()
