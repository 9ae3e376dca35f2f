"""Suspects: messages that were in a process that died. One process works on one of them at a time, whatever its app.

All that is in flight in a process that dies counts a crash. Two suspects side by side could not be told apart, and the
harmless one would become a dead letter with the other.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.domain.delivery import Claimed


class SuspectTurn:
    """Who may have suspects, among the consumptions that work side by side. For several threads at once."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._holder: object | None = None

    def is_open_to(self, who: object) -> bool:
        """Tell whether the turn is somebody's, or nobody's."""
        return self._holder is None or self._holder is who

    def take(self, who: object) -> bool:
        """Give somebody the turn, unless another has it; tell whether they have it now."""
        with self._mutex:
            if self._holder is None:
                self._holder = who
            return self._holder is who

    def give_back(self, who: object) -> None:
        """Leave the turn to others, if somebody has it."""
        with self._mutex:
            if self._holder is who:
                self._holder = None


class Suspects:
    """The suspects of one consumption, until what became of them is written down.

    Args:
        turn: Of those that work side by side; None: there is no other.
    """

    def __init__(self, turn: SuspectTurn | None) -> None:
        self._turn = turn or SuspectTurn()
        self._row_ids: set[int] = set()

    def may_be_fetched(self) -> bool:
        """Tell whether a claim would be given one, if one is next."""
        return self._turn.is_open_to(self)

    def take_turn(self) -> bool:
        """Tell whether one that is next may be fetched; it keeps others from fetching one, if so."""
        return self._turn.take(self)

    def add(self, fetched: Iterable[Claimed]) -> None:
        """Remember those among messages that were fetched."""
        self._row_ids.update(claimed.row_id for claimed in fetched if claimed.crashes)

    def drop(self, row_ids: Iterable[int]) -> None:
        """Forget messages that are written down, or not ours any more."""
        if self._row_ids:
            self._row_ids.difference_update(row_ids)

    def leave_turn(self) -> None:
        """Let others fetch one, if there is none left here."""
        if not self._row_ids:
            self._turn.give_back(self)

    def end(self) -> None:
        """Let others fetch one: this consumption is over."""
        self._turn.give_back(self)
