"""What can be asked of a PostgreSQL store beyond what can be asked of every store."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from crossdock.domain.following import Horizon
from crossdock.store.postgresql.statements import ending_owners, horizon
from crossdock.store.reading import Reader
from crossdock.store.types import to_text

if TYPE_CHECKING:
    import builtins
    from datetime import datetime

    from crossdock.domain.delivery import Overdue
    from crossdock.store.transaction import Database, PreparedStatements

GRACE: Final = timedelta(seconds=3)
"""So much longer a kept lease of another host is left alone: after an outage its own host renews it first."""


class PostgreSQLReader(Reader):
    """Answers questions from one consistent snapshot.

    Args:
        database: A connection inside a transaction.
        prepared: Compiled statements.
        ours: A pattern of the owners on this host.
    """

    def __init__(self, database: Database, prepared: PreparedStatements, ours: str) -> None:
        super().__init__(database, prepared)
        self._ours = ours

    def _is_ours(self, owner: str) -> bool:
        return self._ours.strip("%") in owner

    def overdue(self, now: datetime, limit: int) -> builtins.list[Overdue]:
        """Return claimed messages whose lease ran out; those of another host only after a while."""
        before = to_text(now - GRACE)
        parameters = {"now": to_text(now), "before": before, "ours": self._ours, "limit": limit}
        return self._overdue(now, parameters)

    def ending_owners(self, now: datetime) -> builtins.list[str]:
        """Return the processes of this host whose kept leases should be renewed."""
        return [owner for (owner,) in self._run(ending_owners, {"now": to_text(now), "ours": self._ours})]

    def horizon(self) -> Horizon:
        """Return which transactions have not ended: any number of them write at a time."""
        ((oldest, following),) = self._run(horizon, {})
        return Horizon(int(oldest), int(following))
