"""Ears of one queue object, kept for the next that waits: making one costs more than using it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.domain.message import check_app

if TYPE_CHECKING:
    from crossdock.ports.store import Ear, Store


class EarShelf:
    """Lends ears by app."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._owner = store.owner
        self._idle: dict[str, list[Ear]] = {}
        self._closed = False

    def borrow(self, app: str) -> Ear:
        """Return an ear that nobody else uses."""
        if self._owner != self._store.owner:  # forked: these were the parent's
            self._idle, self._owner = {}, self._store.owner
        idle = self._idle.setdefault(check_app(app), [])
        return idle.pop() if idle else self._store.listen(app)

    def give_back(self, app: str, ear: Ear) -> None:
        """Keep an ear for the next."""
        if self._closed:
            ear.close()
            return
        self._idle.setdefault(app, []).append(ear)

    def close(self) -> None:
        """Close all that were given back; those that come back later are closed then."""
        self._closed = True
        lent, self._idle = self._idle, {}  # another thread may borrow in this very moment
        for idle in lent.values():
            for ear in idle:
                ear.close()
