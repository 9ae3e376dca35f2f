"""All verbs of a write transaction on PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from crossdock.store.claiming import Claiming
from crossdock.store.controlling import Controlling
from crossdock.store.postgresql.connections import session_name
from crossdock.store.postgresql.sending import PostgreSQLSending, storable
from crossdock.store.postgresql.statements import END_SESSIONS, LOCK_KEYS, LOCK_QUEUE, RELEASE_KEYS
from crossdock.store.scheduling import Scheduling
from crossdock.store.settling import Settling

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crossdock.store.known_limits import KnownLimits
    from crossdock.store.transaction import Database, PreparedStatements


class PostgreSQLTransaction(Scheduling, PostgreSQLSending, Claiming, Settling, Controlling):
    """One open write transaction of a PostgreSQL store."""

    def __init__(
        self,
        database: Database,
        prepared: PreparedStatements,
        *,
        who: str,
        limits: KnownLimits,
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(database, prepared, who=who, limits=limits)
        self._now = now
        self.begin()

    def begin(self) -> None:
        """Begin another transaction."""
        self.renew(self._now(), None)

    def crash(self, owner: str, *, max_crashes: int, limit: int) -> int:
        """Take back what a dead process held, after the server has ended the sessions that survived it.

        One of them may be about to commit a claim that its process sent with its last breath.
        """
        if owner != self.who:
            self._database.execute(END_SESSIONS, (session_name(owner),))
        return super().crash(owner, max_crashes=max_crashes, limit=limit)

    def lock_keys(self, keys: Iterable[tuple[str, str | None]]) -> None:
        """Keep other transactions from changing the order of these (app, partition key) before ours has ended."""
        self._database.execute(LOCK_KEYS, (_listed(keys),))

    def lock_queue(self, app: str) -> None:
        """Keep other transactions from claiming from a queue with limits before ours has ended."""
        self._database.execute(LOCK_QUEUE, (app,))

    def _storable(self, columns: dict[str, Any]) -> dict[str, Any]:
        if columns.get("data_bytes", b"") is not None:
            return columns
        data, raw = storable(columns["data"])
        return {**columns, "data": data, "data_bytes": raw}

    def _release(self, keys: list[tuple[str, str]]) -> None:
        self._database.execute(RELEASE_KEYS, (_listed(keys), self.now_text))


def _listed(keys: Iterable[tuple[str, str | None]]) -> str:
    pairs: list[Any] = list(keys)
    return json.dumps(pairs)
