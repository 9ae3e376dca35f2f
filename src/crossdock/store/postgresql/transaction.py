"""All verbs of a write transaction on PostgreSQL."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import StoreUnavailable
from crossdock.store.archiving import Archiving
from crossdock.store.controlling_many import ControllingMany
from crossdock.store.doors import Doors
from crossdock.store.exporting import Exporting
from crossdock.store.postgresql.claiming import PostgreSQLClaiming
from crossdock.store.postgresql.connections import session_name
from crossdock.store.postgresql.driver import psycopg
from crossdock.store.postgresql.sending import PostgreSQLSending, storable
from crossdock.store.postgresql.statements import (
    END_SESSIONS,
    HOLD_KEYS,
    LOCK_FILES,
    LOCK_KEYS,
    LOCK_QUEUE,
    RELEASE_KEYS,
    TRY_KEYS,
    archive_rows,
)
from crossdock.store.scheduling import Scheduling
from crossdock.store.settling import Settling
from crossdock.store.switching import Switching

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from crossdock.domain.archive import FileFacts
    from crossdock.domain.events import Level
    from crossdock.domain.pulling import Decision, PreparedPull
    from crossdock.store.known_limits import KnownLimits
    from crossdock.store.transaction import Database, PreparedStatements


_HURRY_MS: Final = 250
"""Others of our process wait for this transaction, so it does not wait longer than this for a key."""
_FEW_OBJECTS: Final = 100
"""So many objects of an exporter, with the messages that tell of them, are stored while others wait."""


class TakesLong(StoreUnavailable):
    """Others of our process would wait too long for this work; the store does it apart from theirs."""


class KeyBusy(TakesLong):
    """Another transaction has a partition key and keeps it."""


class PostgreSQLTransaction(
    Scheduling,
    PostgreSQLSending,
    PostgreSQLClaiming,
    Settling,
    ControllingMany,
    Archiving,
    Doors,
    Exporting,
    Switching,
):
    """One open write transaction of a PostgreSQL store.

    Attributes:
        hurried: Others wait for it, so it raises TakesLong instead of waiting for a key, or changing very many rows.
        lock_timeout_ms: How long it waits for any other lock, when it is hurried.
    """

    hurried = False
    lock_timeout_ms = 0

    def __init__(
        self,
        database: Database,
        prepared: PreparedStatements,
        *,
        who: str,
        limits: KnownLimits,
        hears: Callable[[Level], bool],
        now: Callable[[], datetime],
    ) -> None:
        super().__init__(database, prepared, who=who, limits=limits, hears=hears)
        self._now = now
        self.begin()

    def begin(self) -> None:
        """Begin another transaction."""
        self.renew(self._now(), None)
        self.forget_keys()

    def forget_keys(self) -> None:
        """Know of no lock on a key: what took them has ended, or was undone to a savepoint."""
        self._kept: set[tuple[str, str | None]] = set()

    def crash(self, owner: str, *, max_crashes: int, limit: int) -> int:
        """Take back what a dead process held, after the server has ended the sessions that survived it."""
        self._end_sessions(owner)
        return super().crash(owner, max_crashes=max_crashes, limit=limit)

    def hand_back_all(self, owner: str, limit: int) -> int:
        """Give back everything a process holds; of another one, which is dead then, its sessions are ended first."""
        self._end_sessions(owner)
        return super().hand_back_all(owner, limit)

    def _end_sessions(self, owner: str) -> None:
        """One of a dead process may be about to commit a claim that it sent with its last breath."""
        if owner != self.who:
            self._database.execute(END_SESSIONS, (session_name(owner),))

    def archive(self, row_ids: Sequence[int]) -> int:
        """Move completed messages to the archive in one statement: another transaction may be replaying one."""
        return len(self.run(archive_rows, {"ids": json.dumps(row_ids), "now": self.now_text}))

    def begin_file(self, name: str, folder: str, app: str) -> bool:
        """Note that a file is about to be written, after those who begin others at the same time."""
        self._database.execute(LOCK_FILES)
        return super().begin_file(name, folder, app)

    def take_out(self, name: str, facts: FileFacts, row_ids: Sequence[int]) -> bool:
        """Remove all rows of a file at once: other hosts cannot see what is in it.

        Raises:
            TakesLong: We are hurried.
        """
        if self.hurried:
            raise TakesLong(f"removing the {len(row_ids)} messages of a file takes long; nothing was changed")
        return super().take_out(name, facts, row_ids)

    def store_pull(self, name: str, pull: PreparedPull, seen: int) -> Decision | None:
        """Store a pull with its state.

        Raises:
            TakesLong: We are hurried, and it has very many objects.
        """
        if self.hurried and len(pull.taken) > _FEW_OBJECTS:
            raise TakesLong(f"storing {len(pull.taken)} objects takes long; nothing was changed")
        return super().store_pull(name, pull, seen)

    def lock_keys(self, keys: Iterable[tuple[str, str | None]]) -> None:
        """Keep other transactions from changing the order of these (app, partition key) before ours has ended.

        Raises:
            KeyBusy: We are hurried, and somebody else keeps one of them.
        """
        wanted = [key for key in keys if key not in self._kept]
        if not wanted:
            return
        listed = (_listed(wanted),)
        if not self.hurried:
            self._database.execute(LOCK_KEYS, listed)
        elif not self._database.execute(TRY_KEYS, listed).fetchone()[0]:
            self._database.command(f"SET LOCAL lock_timeout = {_HURRY_MS}")
            try:
                self._database.execute(LOCK_KEYS, listed)
            except psycopg.errors.LockNotAvailable as error:
                raise KeyBusy(
                    "another transaction has a partition key and keeps it; nothing was changed"
                ) from error
            self._database.command(f"SET LOCAL lock_timeout = {self.lock_timeout_ms}")
        self._kept.update(wanted)

    def lock_queue(self, app: str) -> None:
        """Keep other transactions from claiming from a queue with limits before ours has ended."""
        self._database.execute(LOCK_QUEUE, (app,))

    def _storable(self, columns: dict[str, Any]) -> dict[str, Any]:
        if columns.get("data_bytes", b"") is not None:
            return columns
        data, raw = storable(columns["data"])
        return {**columns, "data": data, "data_bytes": raw}

    def _hold(self, keys: Iterable[tuple[str, str]]) -> None:
        self._database.execute(HOLD_KEYS, (_listed(keys),))

    def _release(self, keys: list[tuple[str, str]]) -> None:
        self._database.execute(RELEASE_KEYS, (_listed(keys), self.now_text))


def _listed(keys: Iterable[tuple[str, str | None]]) -> str:
    pairs: list[Any] = list(keys)
    return json.dumps(pairs)
