"""What comes of examining a store's file; a part of the catalogue of events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from crossdock.domain.events import Event, Level, Told

Outcome: TypeAlias = Literal["sound", "damaged", "interrupted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminerStarted(Event):
    """``crossdock run`` began to examine the file of its store."""

    name = "examiner.started"
    level = Level.DEBUG
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminerStopped(Event):
    """An examination ended: the file is sound or damaged, or the run was told to stop before that was known."""

    name = "examiner.stopped"
    level = Level.DEBUG
    cause: str
    outcome: Outcome
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminerFailed(Told):
    """The file could not be examined; it is tried again, and told once."""

    name = "examiner.failed"
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreDamageFound(Told):
    """The file of a store is damaged: all its processes stop, and acknowledge nothing more until it is restored."""

    name = "store.damaged"
    level = Level.ERROR
    cause: str
