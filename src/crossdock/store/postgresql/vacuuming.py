"""Lets the server forget dead versions of rows sooner than its autovacuum, which looks once a minute by default.

A claim reads past the index entries of all that was claimed since the last vacuum, and at thousands of messages a
second that are hundreds of thousands within the minute. What counts as enough is set as for autovacuum, by the table.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from crossdock.domain.errors import CrossdockError
from crossdock.store.file_locks import turn
from crossdock.store.postgresql import errors

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.store.postgresql.connections import Connections
    from crossdock.store.postgresql.driver import Database

_DEAD: Final = """\
SELECT s.n_dead_tup, $1 + s.n_live_tup / 20 FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
WHERE s.relid = 'integration.data_staging'::regclass AND pg_has_role(c.relowner, 'USAGE')
  AND coalesce(greatest(s.last_vacuum, s.last_autovacuum), '-infinity') < now() - INTERVAL '5 seconds'"""
"""How many versions are dead, and from how many on it is worth a vacuum; no row: not ours, or there just was one."""
_LEFT: Final = "SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = 'integration.data_staging'::regclass"
_VACUUM: Final = "VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE FALSE) integration.data_staging"
_JOIN_TIMEOUT_S: Final = 5.0


class Vacuuming:
    """Vacuums the table of messages when much of it is dead, in a thread, and one process of a host at a time.

    Args:
        connections: Of the store.
        folder: Of the host.
        least: So many versions must be dead, besides a twentieth of those that live.
    """

    def __init__(self, connections: Connections, folder: Path, *, least: int = 20_000) -> None:
        self._connections = connections
        self._folder = folder
        self._least = least
        self._thread: threading.Thread | None = None
        self._database: Database | None = None
        self._left = 0

    def begin(self) -> None:
        """Look, and vacuum if it is time; returns at once."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="crossdock-vacuum", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Break off what is under way; safe to call twice."""
        database = self._database
        if database is not None:
            with suppress(errors.Error):
                database.connection.cancel_safe(timeout=_JOIN_TIMEOUT_S)
        if self._thread is not None:
            self._thread.join(_JOIN_TIMEOUT_S)

    def _run(self) -> None:
        with suppress(CrossdockError, errors.Error, OSError):  # what it could not do, autovacuum does later
            self.run_once()

    def run_once(self) -> bool:
        """Vacuum if it is time; tell whether it was.

        Raises:
            StoreUnavailable: The server is away.
        """
        with turn(self._folder, "vacuum") as ours:
            if not ours:
                return False
            self._database = self._connections.borrow()
            try:
                return self._vacuum(self._database)
            finally:
                database, self._database = self._database, None
                self._connections.give_back(database)

    def _vacuum(self, database: Database) -> bool:
        """Leave it if the last one left as much: somebody looks at old versions, and they cannot be removed yet."""
        found = database.execute(_DEAD, (self._least,)).fetchone()
        if found is None or found[0] - self._left < found[1]:
            return False
        database.command(_VACUUM)
        (self._left,) = database.execute(_LEFT).fetchone()
        return True
