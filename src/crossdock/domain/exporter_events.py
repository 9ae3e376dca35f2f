"""What happens to exporters; a part of the catalogue of events."""

from __future__ import annotations

from dataclasses import dataclass

from crossdock.domain.events import Event, Level, Told


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterStarted(Event):
    """An exporter began to ask its service what has changed."""

    name = "exporter.started"
    level = Level.DEBUG
    exporter: str
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterCompleted(Event):
    """A run of an exporter ended, and everything that it found is stored."""

    name = "exporter.completed"
    level = Level.DEBUG
    exporter: str
    full: bool
    received: int
    taken: int
    changed: int
    gone: int
    set_aside: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterFailed(Told):
    """A run of an exporter ended by an error; what it had found until then is stored."""

    name = "exporter.failed"
    exporter: str
    code: str
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterResynced(Told):
    """Everything of a scope was asked for again; what the service did not tell of any more is gone."""

    name = "exporter.resynced"
    level = Level.INFO
    exporter: str
    scope: str
    changed: int
    gone: int
