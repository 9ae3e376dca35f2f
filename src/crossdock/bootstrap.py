"""The composition root: alone in knowing which classes stand behind the ports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from crossdock.hub.archiver import Archiver
from crossdock.hub.gateway import Gateway
from crossdock.hub.housekeeper import Housekeeper
from crossdock.hub.rescuer import Rescuer
from crossdock.hub.scheduler import Scheduler
from crossdock.ports.clock import SystemClock
from crossdock.ports.notice import LogNotice
from crossdock.store.archive_files import ArchiveFiles
from crossdock.store.settings import StoreSettings
from crossdock.store.sqlite.location import is_postgresql, parse_url
from crossdock.store.sqlite.store import SQLiteStore

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from crossdock.config import Loaded
    from crossdock.domain.message import AppId
    from crossdock.hub.gateway import Policies
    from crossdock.ports.clock import Clock
    from crossdock.ports.notice import Notice
    from crossdock.store.postgresql.store import PostgreSQLStore


def store_settings(loaded: Loaded) -> StoreSettings:
    """Return how to open the store that a configuration describes."""
    table = loaded.config.store
    return StoreSettings(
        outside_writers=table.outside_writers,
        claim_check_bytes=table.claim_check_bytes,
        min_free_bytes=table.min_free_bytes,
        lock_timeout=table.lock_timeout,
        host_folder=None if table.host_folder is None else Path(table.host_folder),
        password=None if table.password is None else table.password.bound_to(loaded.folder).text,
    )


def open_store(
    url: str | URL, settings: StoreSettings, *, name: str, clock: Clock, notice: Notice
) -> SQLiteStore | PostgreSQLStore:
    """Open the store that a URL names; what PostgreSQL needs is imported for that alone."""
    if not is_postgresql(url):
        return SQLiteStore(parse_url(url), settings, name=name, clock=clock, notice=notice)
    from crossdock.store.postgresql.location import parse_database_url  # noqa: PLC0415
    from crossdock.store.postgresql.store import PostgreSQLStore  # noqa: PLC0415

    location = parse_database_url(url, settings)
    return PostgreSQLStore(location, settings, name=name, clock=clock, notice=notice)


class Parts:
    """What one queue object is made of.

    Args:
        url: Of the store.
        app: The name of the application that opens it.
        policies: Its rules.
        settings: How the store is opened.
        clock: Tells the time; None: the machine's.
        notice: Takes events; None: they go to the logger ``crossdock``.
    """

    def __init__(  # noqa: PLR0913 - all but one by keyword
        self,
        url: str | URL,
        *,
        app: AppId,
        policies: Policies,
        settings: StoreSettings | None = None,
        clock: Clock | None = None,
        notice: Notice | None = None,
    ) -> None:
        notice = notice or LogNotice()
        self.store = open_store(
            url, settings or StoreSettings(), name=app, clock=clock or SystemClock(), notice=notice
        )
        self.gateway = Gateway(self.store, policies, app=app, notice=notice)
        rescuer = Rescuer(
            self.store, max_crashes=policies.max_crashes, policy_of=self.gateway.policy_of, notice=notice
        )
        self.archiver = self._make_archiver(notice)
        scheduler = Scheduler(self.store, notice)
        self.housekeeper = Housekeeper(self.store, rescuer, scheduler, self.archiver, notice)
        self.store.on_reopen = self.housekeeper.restart

    def _make_archiver(self, notice: Notice) -> Archiver:
        """A store in a file has a folder for archived messages beside it; any other must be told of one."""
        path = self.store.location.path if isinstance(self.store, SQLiteStore) else None
        return Archiver(
            self.store,
            ArchiveFiles(),
            retention=lambda: self.gateway.policies.retention,
            folder=None if path is None else str(path.with_name(f"{path.name}.archive")),
            notice=notice,
        )
