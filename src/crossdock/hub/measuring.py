"""How much space finished messages take, and which of them are too many: the oldest."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from crossdock.domain.archive import Sized
    from crossdock.hub.steps import Steps
    from crossdock.ports.store import Reading, Store

ROW_BYTES: Final = 512
"""What a message takes besides its data: the rest of its row, and its places in the indexes."""
_PAGE: Final = 500
"""So many rows are looked at in one snapshot."""
_LEFT: Final = 0.9
"""So much of the space is left taken, so that each file is worth making."""


class Measuring:
    """Adds up what an app's finished messages take, from the newest to the first that is too much.

    Args:
        store: Where they are.
        steps: End it when they are to stop.
    """

    def __init__(self, store: Store, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def surplus(self, app: str, at_most: int) -> int:
        """Return the newest completed row in the queue that has no room within so many bytes; 0: all have."""
        total = 0
        for one in self._newest_first(partial(_completed, app=app)):
            total += one.size + ROW_BYTES
            if total > at_most:
                return one.row_id
        return 0

    def archive_surplus(self, app: str, at_most: int) -> datetime | None:
        """Return up to when what came to the archive is to leave it, so that the rest has room; None: all has."""
        total, until = 0, None
        for one in self._newest_first(partial(_archived, app=app)):
            total += one.size + ROW_BYTES
            if until is None and total > at_most * _LEFT:
                until = one.archived_at
            if total > at_most:
                return until
        return None

    def _newest_first(self, look: Callable[..., list[Sized]]) -> Iterator[Sized]:
        page = self._look(partial(look, behind=None))
        while page and not self._steps.stopped:
            yield from page
            page = self._look(partial(look, behind=page[-1]))

    def _look(self, look: Callable[[Reading], list[Sized]]) -> list[Sized]:
        page: list[Sized] = self._steps.leaving_room(lambda: self._store.read(look))
        return page


def _completed(reader: Reading, app: str, behind: Sized | None) -> list[Sized]:
    return reader.completed_sizes(app, behind, _PAGE)


def _archived(reader: Reading, app: str, behind: Sized | None) -> list[Sized]:
    return reader.archived_sizes(app, behind, _PAGE)
