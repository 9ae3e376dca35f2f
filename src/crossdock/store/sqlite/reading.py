"""What can be asked of a SQLite store beyond what can be asked of every store."""

from __future__ import annotations

from crossdock.store.reading import Reader
from crossdock.store.sqlite import shrinking, statistics


class SQLiteReader(Reader):
    """Answers questions from one consistent snapshot."""

    def has_statistics(self) -> bool:
        """Tell whether somebody's ANALYZE left statistics of our tables."""
        return statistics.are_kept(self._database)

    def has_free_space(self) -> bool:
        """Tell whether so much of the file is unused that it should shrink."""
        return shrinking.worth_it(self._database)
