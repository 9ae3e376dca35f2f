"""What the two kinds of queue share: how one is made of its parts, and how it ends."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from crossdock.bootstrap import Parts, store_settings
from crossdock.domain.errors import ConfigError, InvalidMessage
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import AppId, check_app
from crossdock.domain.retention import Retention
from crossdock.domain.retry import RetryPolicy
from crossdock.hub.acting import ActingStore
from crossdock.hub.declaring import Declarations
from crossdock.hub.ears import EarShelf
from crossdock.hub.gateway import ANY_APP, Policies
from crossdock.hub.suspects import SuspectTurn

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL

    from crossdock.config import Loaded
    from crossdock.domain.schedule import ScheduleSpec
    from crossdock.ports.clock import Clock
    from crossdock.ports.store import Store
    from crossdock.store.settings import StoreSettings

C = TypeVar("C", bound="QueueCore")


class Stop(Protocol):
    """Says when to stop: a ``threading.Event``, an ``asyncio.Event`` or anything like them."""

    def is_set(self) -> bool:
        """Tell whether to stop."""


class QueueCore:
    """A persistent queue for any number of apps, in one store.

    Any number of processes, threads and tasks may use one store, each with a queue object of its own or shared.

    Args:
        url: ``sqlite:///file.db`` (relative), ``sqlite:////path/file.db`` (absolute) or ``sqlite://`` (in memory).
            The file is made if it is not there. A ``%`` in its path is written ``%25``, a ``?`` ``%3F``; or give a
            ``sqlalchemy.URL``. For PostgreSQL: ``postgresql+psycopg://user@host/database``.
        app: The name of this application: the sender of what it sends.
        lease: How long a claimed message is ours.
        retry: The policy for deliveries that fail; a mapping has one per app, ``"*"`` for all others.
        max_crashes: A message whose worker died so often is a dead letter.
        retention: When completed messages go to the archive, and from there to files.
        settings: How the store is opened.
        clock: Tells the time, for tests.

    Raises:
        ConfigError: A setting is wrong.
        SchemaOutOfDate: A newer version of Crossdock made the store.
        StoreError: The store cannot be opened.
    """

    def __init__(
        self,
        url: str | URL = "sqlite:///crossdock.db",
        *,
        app: str = "python",
        lease: timedelta = timedelta(seconds=30),
        retry: RetryPolicy | Mapping[str, RetryPolicy] | None = None,
        max_crashes: int = 3,
        retention: Retention | None = None,
        settings: StoreSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        by_app = retry if isinstance(retry, Mapping) else {ANY_APP: retry or RetryPolicy()}
        policies = Policies(
            lease=lease, retry=by_app, max_crashes=max_crashes, retention=retention or Retention()
        )
        parts = Parts(url, app=_app_setting(app), policies=policies, settings=settings, clock=clock)
        self._store = parts.store
        self._gateway = parts.gateway
        self._declarations = Declarations(parts.gateway)
        self._housekeeper = parts.housekeeper
        self._archiver = parts.archiver
        self._in_memory = parts.store.in_memory
        self._ears = EarShelf(parts.store)
        self._suspect_turn = SuspectTurn()
        self._shut_down = weakref.finalize(self, _shut_down, parts, self._ears)
        if not self._in_memory:
            self._housekeeper.start()

    @classmethod
    def from_config(
        cls,
        config: str | Path | Loaded | None = None,
        *,
        app: str = "python",
        clock: Clock | None = None,
    ) -> Self:
        """Return a queue as a configuration describes it: store, leases, retries, and the rules of queues.

        The rules of queues that it names (``on_dead``, ``fallback``, limits), and its schedules, are put into force for
        everyone who uses the store.

        Args:
            config: A file, or what ``crossdock.config.load`` returned; default: the file that ``CROSSDOCK_CONFIG``
                names, else ``crossdock.toml`` of the current folder, else the defaults. Variables override a file.
            app: The name of this application: the sender of what it sends.
            clock: Tells the time, for tests.

        Raises:
            ConfigError: The configuration is wrong; its message has a line for each thing.
            SchemaOutOfDate: A newer version of Crossdock made the store.
            StoreError: The store cannot be opened.
        """
        from crossdock.config import Loaded, load  # noqa: PLC0415 - Pydantic is slow to import, seldom needed

        loaded = config if isinstance(config, Loaded) else load(config)
        queue = cls(
            loaded.store_url,
            app=app,
            lease=loaded.config.queue.lease,
            retry=loaded.config.retry_policies(),
            max_crashes=loaded.config.queue.max_crashes,
            retention=loaded.retention(),
            settings=store_settings(loaded),
            clock=clock,
        )
        try:
            loaded = overridden(queue._store, loaded)
            policies = queue._gateway.policies
            queue._gateway.policies = policies.with_retry(loaded.config.retry_policies())
            queue._gateway.apply_rules(loaded.config.rules())
            queue._declarations.apply(_scheduled(queue._declarations, loaded))
        except BaseException:
            queue._shut_down()
            raise
        return queue

    @classmethod
    def testing(cls, clock: Clock | None = None, **options: Any) -> Self:
        """Return a queue in memory, for tests of applications.

        Args:
            clock: For example a ``crossdock.testing.FakeClock``; delays, retries and leases follow it.
            options: As for the queue itself.
        """
        return cls("sqlite://", clock=clock, **options)

    def _payload(self, checksum: str) -> bytes | None:
        """Return data that lies outside its row, for a listed message that somebody looks at."""
        content: bytes | None = self._store.read(lambda reader: reader.payload(checksum))
        return content

    def _acting_as(self, who: str) -> Self:
        """Return this queue, open as long as it is; but what is written through it is somebody else's doing."""
        other = object.__new__(type(self))
        vars(other).update(vars(self), _store=ActingStore(self._store, who))
        return other

    def _on_same_store(self, kind: type[C]) -> C:
        """Return a queue of another kind, made of the same parts; it is open as long as this one."""
        other = object.__new__(kind)
        vars(other).update(vars(self))
        return other


def overridden(store: Store, loaded: Loaded) -> Loaded:
    """Return a configuration with what the API says of apps, as it is kept in the store.

    Raises:
        ConfigError: The two do not go together.
    """
    overrides = overrides_of(store)
    return loaded.again(overrides=overrides) if overrides else loaded


def overrides_of(store: Store) -> dict[str, dict[str, Any]]:
    """Return what the API says of apps: tables of the configuration."""
    return store.read(lambda reader: {app: one.document for app, one in reader.overrides().items()})


def _shut_down(parts: Parts, ears: EarShelf) -> None:
    """Give back what is claimed and not settled, then release everything; runs at exit, too."""
    parts.housekeeper.stop()
    parts.housekeeper.flush()
    ears.close()
    parts.gateway.hand_back_all()
    parts.store.close()


def _scheduled(declarations: Declarations, loaded: Loaded) -> list[ScheduleSpec]:
    """Return the schedules of a configuration."""
    found = []
    for name, table in loaded.config.schedules.items():
        try:
            timing = declarations.timing(table.when, timezone=table.timezone, start=table.start)
            spec = declarations.spec(
                table.app or name,
                table.data,
                timing=timing,
                name=name,
                missed=table.missed,
                options=table.options(),
                fixed_start=table.start is not None,
                configured=True,
            )
        except InvalidMessage as error:
            raise ConfigError(f"{loaded.file}: schedules.{name}: {error}") from error
        found.append(spec)
    return found


def _app_setting(name: str) -> AppId:
    try:
        return check_app(name)
    except InvalidMessage as error:
        raise ConfigError(str(error)) from error


def check_limit(limit: int) -> int:
    """Return ``limit`` if it can be one.

    Raises:
        InvalidMessage: It is not a whole number of 1 or more.
    """
    if not isinstance(limit, int) or limit < 1:
        raise InvalidMessage.of("limit", f"{limit!r} is not a whole number of 1 or more")
    return limit


def check_status(status: Status | str) -> Status:
    """Return the status that a word names.

    Raises:
        InvalidMessage: It names none.
    """
    try:
        return Status(status)
    except ValueError as error:
        raise InvalidMessage.of(
            "status", f"{status!r} is none of {', '.join(s.value for s in Status)}"
        ) from error
