"""What those who follow a store ask of it: what has happened behind a place. Every answer is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Collection
    from datetime import datetime

    from crossdock.domain.following import Changed, ChangedWish, Happened, Horizon, Page, Place, Took


class FollowingReading(Protocol):
    """What came behind a place."""

    def newest(self) -> Place:
        """Return the place behind everything there is."""

    def happened(self, after: Place) -> Happened:
        """Count what happened behind a place."""

    def newest_completed(self, app: str, limit: int) -> builtins.list[int]:
        """Return the ids of the newest completed messages of an app, the newest first."""

    def changed(self, wish: ChangedWish, fetch: Callable[[str], bytes | None]) -> Changed:
        """Return records that were changed then or later, in order of arrival, and where to go on.

        It looks at some thousands and no more, so that there may be few, or none, while there is more behind them.
        ``fetch`` returns a payload by its checksum; it is called when somebody looks at such data.
        """

    def durations(self, row_ids: Collection[int]) -> builtins.list[Took]:
        """Return how long completed messages took."""

    def archived_since(self, app: str, since: datetime) -> int:
        """Count the messages of an app that went to the archive after an instant."""

    def horizon(self) -> Horizon | None:
        """Return which transactions may still bring smaller ids; None: none, they appear in order."""

    def occurrences(self, after: Place, upto: Place, limit: int) -> Page:
        """Return what happened between two places, at most ``limit`` sends and as many lines of the log."""
