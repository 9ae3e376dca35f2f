"""The keeper: one small process per host that renews kept leases while user code may keep every worker from it.

A worker whose handler holds the interpreter cannot renew anything, and it may be alone on its host. The keeper looks at
the lock files, as every process does, and renews the leases of those that live and run. Whoever begins to consume and
finds none starts one; it ends by itself soon after the last process of the host.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from crossdock.domain.errors import CrossdockError
from crossdock.ports.clock import SystemClock
from crossdock.store.file_locks import LockFile
from crossdock.store.liveness import live_owners
from crossdock.store.postgresql import errors
from crossdock.store.postgresql.connections import Connections, session_name
from crossdock.store.postgresql.dialect import PostgreSQLStatements
from crossdock.store.postgresql.hosts import HostPresence
from crossdock.store.postgresql.location import DatabaseLocation
from crossdock.store.postgresql.statements import ending_owners, renew
from crossdock.store.types import to_text

_FILE: Final = "keeper"
_LOOK_EVERY_S: Final = 0.25
_ALONE_S: Final = 1.0
_START_TIMEOUT_S: Final = 30.0
_PATIENCE_S: Final = 10.0
_PROGRAM: Final = """\
import os
if os.fork():
    os._exit(0)
from crossdock.store.postgresql.keeper import main
main()
"""


def ensure_keeper(location: DatabaseLocation) -> None:
    """Start a keeper unless the host has one. The new one inherits the locked file, so there is never a second."""
    lock = LockFile(location.folder / _FILE)
    try:
        if lock.try_lock():
            _start(location, lock.fd)
    finally:
        lock.close()


def _start(location: DatabaseLocation, fd: int) -> None:
    url = location.url.render_as_string(hide_password=False)
    told = json.dumps({"url": url, "folder": str(location.folder), "fd": fd})
    # It forks at once and its first process ends, so nobody has to wait for the second. The URL may hold a password:
    # it goes where no list of processes shows it.
    subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", _PROGRAM],
        input=told.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(fd,),
        start_new_session=True,
        timeout=_START_TIMEOUT_S,
        check=False,
    )


class Keeper(HostPresence):
    """Renews leases of one host; holds the keeper's lock instead of a process's own.

    Args:
        location: The store.
        fd: The locked file.
    """

    def __init__(self, location: DatabaseLocation, fd: int) -> None:
        self._fd = fd
        super().__init__(location.folder, _FILE)
        self._connections = Connections(location, _PATIENCE_S, session_name(self.owner))
        self._statements = PostgreSQLStatements()
        self._clock = SystemClock()

    def run(self) -> None:
        """Renew until the host has been without processes for a while."""
        alone_since: float | None = None
        while alone_since is None or time.monotonic() - alone_since < _ALONE_S:
            with suppress(
                CrossdockError, errors.Error
            ):  # the server is away: whoever has a lease loses it, or not
                self.run_once()
            if not self._folder.exists() or not live_owners(self._folder):
                alone_since = alone_since or time.monotonic()
            else:
                alone_since = None
            time.sleep(_LOOK_EVERY_S)

    def run_once(self) -> None:
        """Renew what is more than a third over."""
        database = self._connections.borrow()
        try:
            facts = self._connections.facts
            now = to_text(self._clock.now() + facts.ahead) if facts else to_text(self._clock.now())
            run = partial(self._statements.run, database, options={})
            for (owner,) in run(ending_owners, {"now": now, "ours": self.ours}):
                if self.condition(owner) == "running":
                    run(renew, {"now": now, "owner": owner})
        finally:
            self._connections.give_back(database)

    def _take_place(self) -> LockFile:
        return LockFile.inherited(self._fd)


def main() -> None:
    """Read of which store, and keep its leases."""
    told = json.loads(sys.stdin.buffer.read())
    location = DatabaseLocation(make_url(told["url"]), Path(told["folder"]))
    Keeper(location, told["fd"]).run()
