"""A listener that remembers what it was told."""

from __future__ import annotations

from crossdock.domain.events import Event, Level


class Heard:
    """Takes events of a level and above."""

    def __init__(self, level: Level = Level.DEBUG) -> None:
        self._level = level
        self.events: list[Event] = []

    def __call__(self, event: Event) -> None:
        self.events.append(event)

    def hears(self, level: Level) -> bool:
        return level >= self._level

    @property
    def names(self) -> list[str]:
        """The names of the events, in order."""
        return [event.name for event in self.events]
