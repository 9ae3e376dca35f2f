"""How far each file was read, as the store remembers it from one process to the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from crossdock.adapters.file.reading.rows import Place
from crossdock.ports.inbound import Position

_KEPT: Final = timedelta(days=30)


class Memory:
    """Positions that are stored, and those that can be forgotten.

    Args:
        positions: As they were stored last.
        is_done: Tells whether the file of a key is in the archive by now.
        now: The present.
    """

    def __init__(
        self, positions: Mapping[str, Any], *, is_done: Callable[[str], bool], now: Callable[[], datetime]
    ) -> None:
        self._now = now
        self._places: dict[str, Place] = {}
        self._done: set[str] = set()
        for key, value in positions.items():
            self._places[key] = Place(**value["place"])
            if is_done(key) or now() - datetime.fromisoformat(value["at"]) > _KEPT:
                self._done.add(key)

    def place_of(self, key: str) -> Place | None:
        """Return how far a file was read; None: nothing of it is stored."""
        return self._places.get(key)

    def forget(self, key: str) -> None:
        """Forget a file that is in the archive, with the next receipt."""
        if key in self._places:
            self._done.add(key)

    def with_place(self, key: str, place: Place) -> list[Position]:
        """Return what is to be stored when a file is read up to a place."""
        value = {"place": place._asdict(), "at": self._now().isoformat()}
        gone = sorted(self._done - {key})
        return [*(Position(other, None) for other in gone), Position(key, value)]

    def stored(self, positions: Sequence[Position]) -> None:
        """Know that these were stored."""
        for key, value in positions:
            if value is None:
                self._places.pop(key, None)
                self._done.discard(key)
            else:
                self._places[key] = Place(**value["place"])
