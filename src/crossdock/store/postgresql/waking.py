"""Waking sleeping consumers: those of this host by a datagram, as on SQLite, those of other hosts by NOTIFY.

Both are hints. Who is behind a pooler, where LISTEN hears nothing, finds messages by looking every quarter of a second.
"""

from __future__ import annotations

import json
import os
import select
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import CrossdockError
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.connections import discard, roll_back
from crossdock.store.waking import Waker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.store.postgresql.connections import Connections
    from crossdock.store.postgresql.driver import Database
    from crossdock.store.postgresql.location import DatabaseLocation
    from crossdock.store.waking import Ear

_CHANNEL: Final = "crossdock_wake"
_PAUSE_S: Final = 0.02
"""Between two NOTIFY of one process: PostgreSQL lets commits with a NOTIFY in them pass one by one."""
_LOOK_S: Final = 0.5
_JOIN_TIMEOUT_S: Final = 5.0
_NOTIFY: Final = f"SELECT pg_notify('{_CHANNEL}', app) FROM json_array_elements_text(CAST($1 AS JSON)) AS app"  # noqa: S608


class HostWaker:
    """Wakes consumers of this host and of others.

    Args:
        location: The store.
        boot_id: Of this process.
        connections: Where connections come from.
    """

    def __init__(self, location: DatabaseLocation, boot_id: str, connections: Connections) -> None:
        self._local = Waker(location.folder / "wake", boot_id)
        self._connections = connections
        self._mutex = threading.Lock()
        self._elsewhere: set[str] = set()
        self._call = threading.Event()
        self._stop = threading.Event()
        self._listener: threading.Thread | None = None
        self._teller: threading.Thread | None = None
        self._hearing: Database | None = None
        self._pipe = os.pipe()

    def listen(self, app: str) -> Ear:
        """Return a new ear for one app; from the first on, this process hears what other hosts tell."""
        ear = self._local.listen(app)
        facts = self._connections.facts
        with self._mutex:
            if self._listener is None and facts is not None and not facts.pooled:
                self._listener = self._start(self._hear, "crossdock-listener")
        return ear

    def wake(self, apps: Iterable[str]) -> None:
        """Tell one sleeping consumer of each of these apps; other hosts are told of apps that have none here."""
        apps = set(apps)
        self._local.wake(apps)
        far = {app for app in apps if not self._local.knows(app)}
        if far and not self._stop.is_set():
            self._elsewhere |= far
            if self._teller is None:
                with self._mutex:
                    if self._teller is None:
                        self._teller = self._start(self._tell, "crossdock-notifier")
            self._call.set()

    def close(self) -> None:
        """Stop the threads and release everything; safe to call twice."""
        if self._stop.is_set():
            return
        self._stop.set()
        self._call.set()
        os.write(self._pipe[1], b"!")
        for thread in (self._listener, self._teller):
            if thread is not None:
                thread.join(_JOIN_TIMEOUT_S)
        for end in self._pipe:
            os.close(end)
        self._local.close()

    def abandoned(self) -> list[Any]:
        """Return the connection that is listened to, for a forked child to leave alone for ever."""
        return [] if self._hearing is None else [self._hearing.connection]

    def _start(self, loop: Any, name: str) -> threading.Thread:
        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        return thread

    def _tell(self) -> None:
        while not self._stop.is_set():
            self._call.wait()
            self._call.clear()
            apps, self._elsewhere = self._elsewhere, set()
            if apps and not self._stop.is_set():
                with suppress(CrossdockError, errors.Error):  # a hint; the server may be away
                    self._notify(apps)
                self._stop.wait(_PAUSE_S)

    def _notify(self, apps: set[str]) -> None:
        database = self._connections.borrow()
        try:
            database.command(
                "BEGIN; SET LOCAL synchronous_commit = off"
            )  # it is a hint: nobody waits for the disk
            database.execute(_NOTIFY, (json.dumps(sorted(apps)),))
            database.command("COMMIT")
        finally:
            roll_back(database)
            self._connections.give_back(database)

    def _hear(self) -> None:
        while not self._stop.is_set():
            try:
                self._hear_one_connection()
            except (CrossdockError, errors.Error):
                self._stop.wait(_LOOK_S)

    def _hear_one_connection(self) -> None:
        database = self._hearing = self._connections.open(time.monotonic() + _JOIN_TIMEOUT_S)
        try:
            database.command(f"LISTEN {_CHANNEL}")
            while not self._stop.is_set():
                select.select([database.connection.fileno(), self._pipe[0]], [], [])
                if not self._stop.is_set():
                    apps = {told.payload for told in database.connection.notifies(timeout=0)}
                    self._local.wake(apps)
        finally:
            self._hearing = None
            discard(database)
