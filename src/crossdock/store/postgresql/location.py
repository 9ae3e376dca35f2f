"""Where a PostgreSQL store lives: the database, and the folder on this host in which its processes find each other."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import make_url

from crossdock.domain.errors import ConfigError, StoreUnavailable
from crossdock.durable_files import FOLDER_MODE
from crossdock.store.settings import StoreSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.engine import URL

DRIVERS: Final = frozenset({"postgresql", "postgresql+psycopg"})
_SHORTEST_CONNECT_S: Final = 2
"""Source: libpq, which takes less for as much."""
_LONGEST_CONNECT_S: Final = 10
_DEFAULTS: Final[dict[str, Any]] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
"""A path that is gone is noticed within half a minute. Source: libpq, "Parameter Key Words"."""


@dataclass(frozen=True, slots=True)
class DatabaseLocation:
    """A store's database.

    Attributes:
        url: With everything that its connections need.
        folder: On this host: lock files of the processes that use the store, and their sockets.
    """

    url: URL
    folder: Path

    def __str__(self) -> str:
        """Return the URL without its password, for people."""
        return self.url.difference_update_query(["password"]).render_as_string(hide_password=True)

    def arguments(self, patience_s: float) -> dict[str, Any]:
        """Return the arguments of ``psycopg.connect``.

        Args:
            patience_s: How long to try to connect, unless the URL says so; two seconds at least, ten at most.
        """
        named = {
            "host": self.url.host,
            "port": self.url.port,
            "user": self.url.username,
            "password": self.url.password,
            "dbname": self.url.database,
        }
        given = {name: value for name, value in named.items() if value is not None}
        options = {name: ",".join(_all(value)) for name, value in self.url.query.items()}
        connect_timeout = min(_LONGEST_CONNECT_S, max(_SHORTEST_CONNECT_S, math.ceil(patience_s)))
        return {"connect_timeout": connect_timeout, **_DEFAULTS, **given, **options}

    def prepare(self) -> None:
        """Make the folder, open to its owner alone.

        Raises:
            StoreUnavailable: It cannot be made, or belongs to somebody else.
        """
        try:
            self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            if hasattr(os, "getuid") and self.folder.stat().st_uid != os.getuid():
                raise StoreUnavailable(
                    f"the folder {self.folder} belongs to another user; name one of your own with store.host_folder"
                )
        except OSError as error:
            raise StoreUnavailable(
                f"cannot make the folder {self.folder}: {error.strerror}. Processes of one host find each other "
                f"there; name another with store.host_folder"
            ) from error


def parse_database_url(url: str | URL, settings: StoreSettings | None = None) -> DatabaseLocation:
    """Return the place that a store URL names.

    Raises:
        ConfigError: It names another driver, or no database; or the password is not where the settings look for it.
    """
    settings = settings or StoreSettings()
    parsed = make_url(url)
    if parsed.drivername not in DRIVERS:
        raise ConfigError(
            f"store.url: {parsed.render_as_string()} names the driver {parsed.get_driver_name()!r}; "
            f"Crossdock speaks to PostgreSQL through psycopg: write postgresql+psycopg://…"
        )
    if not parsed.database:
        raise ConfigError(
            f"store.url: {parsed.render_as_string()} names no database: postgresql+psycopg://HOST/NAME"
        )
    parsed = parsed.set(drivername="postgresql+psycopg")
    if settings.password is not None and parsed.password is None and "password" not in parsed.query:
        parsed = parsed.set(password=_password(settings.password))
    folder = settings.host_folder
    return DatabaseLocation(parsed, folder.expanduser().resolve() if folder else _default_folder(parsed))


def _password(read: Callable[[], str]) -> str:
    try:
        return read()
    except ConfigError as error:
        raise ConfigError(f"store.password: {error}") from error


def _default_folder(url: URL) -> Path:
    """Return a folder of this user that all its processes find, whatever user name or options their URLs have."""
    host = url.host or ",".join(_all(url.query.get("host", "")))
    port = url.port or ",".join(_all(url.query.get("port", ""))) or 5432
    name = f"{host}:{port}/{url.database}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    home = Path(state).expanduser()
    try:
        (home / "crossdock").mkdir(parents=True, exist_ok=True)
        usable = os.access(home / "crossdock", os.W_OK)
    except OSError:
        usable = False
    if usable:
        return home / "crossdock" / f"{url.database}-{digest}"
    user = os.getuid() if hasattr(os, "getuid") else 0
    return Path(tempfile.gettempdir()) / f"crossdock-{user}" / f"{url.database}-{digest}"


def _all(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,)
