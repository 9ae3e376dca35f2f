"""How deep queues are, as far as a sender must know: counted seldom, and only where a queue has a ``max_depth``.

A count reads an index as far as the limit, which is too much for each send. So a process that has counted takes a
share of the room that is left, and counts again when that is used up or a second is over. The share is a 64th of the
room, but at least a thousandth of the limit, so that a count costs each send some tens of microseconds at most: many
senders together may exceed a limit by a thousandth of it each.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import QueueFull
from crossdock.store import statements
from crossdock.store.known_limits import Share
from crossdock.store.rules_codec import rules_from
from crossdock.store.transaction import TransactionCore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.domain.message import AppId

_RULES_FOR_S: Final = 1.0
_SHARE_FOR_S: Final = 1.0
_SHARES: Final = 64
_SMALLEST_SHARE: Final = 1000
_REST_S: Final = 20
"""After a count that found no room, so many times as long as it took nobody counts again."""
_QUICK_S: Final = 0.005
"""A count that took less is made again whenever it is needed."""


class Depths(TransactionCore):
    """Refuses what would make a queue deeper than it may be."""

    def admit(self, app: str, count: int = 1) -> None:
        """Make sure that an app's queue may be so many messages deeper.

        Raises:
            QueueFull: It may not.
        """
        known = self.limits
        if time.monotonic() >= known.look_at:
            self._learn()
        if app in known.depths:
            self._take_room(app, count)

    def first_full(self, apps: Iterable[AppId]) -> AppId | None:
        """Return the first of these apps whose queue takes in nothing more."""
        known = self.limits
        if time.monotonic() >= known.look_at:
            self._learn()
        if not known.depths:
            return None
        return next((app for app in apps if app in known.depths and self._share(app, 1).room < 1), None)

    def note_sent(self, app: str, count: int = 1) -> None:
        """Count messages that were taken in whatever the depth of their queue."""
        share = self.limits.shares.get(app)
        if share is not None:
            self.limits.shares[app] = share._replace(room=share.room - count)

    def _learn(self) -> None:
        known = self.limits
        rules = {app: rules_from(row) for app, *row in self.run(statements.rules, {})}
        known.depths = {app: one.max_depth for app, one in rules.items() if one.max_depth is not None}
        known.look_at = time.monotonic() + _RULES_FOR_S

    def _take_room(self, app: str, count: int) -> None:
        share = self._share(app, count)
        if share.room < count:
            raise QueueFull(app, depth=share.depth, max_depth=self.limits.depths[app], count=count)
        self.limits.shares[app] = share._replace(room=share.room - count)

    def _share(self, app: str, count: int) -> Share:
        """Return what may be sent now; count if that is too little, or was counted too long ago."""
        share = self.limits.shares.get(app)
        now = time.monotonic()
        if share is not None and now < share.until and (share.is_full or share.room >= count):
            return share
        limit = self.limits.depths[app]
        depth = self._count(app, limit)
        left = max(0, limit - depth)
        took_s = time.monotonic() - now
        if left < count:  # what there is may be enough for a smaller send
            until = now + _REST_S * took_s if left == 0 and took_s > _QUICK_S else now
            share = Share(left, depth, until, left == 0)
        else:
            room = max(count, min(left, max(left // _SHARES, limit // _SMALLEST_SHARE)))
            share = Share(room, depth, now + _SHARE_FOR_S)
        self.limits.shares[app] = share
        return share

    def _count(self, app: str, limit: int) -> int:
        """Count the waiting messages of an app, as far as the limit."""
        return min(limit, int(self.run(statements.depth_up_to, {"app": app, "limit": limit})[0][0]))
