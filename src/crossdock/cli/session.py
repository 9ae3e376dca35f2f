"""What every command begins with: the configuration, and the way to the store."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.refusal import Refusal
from crossdock.cli.terminal import tell
from crossdock.domain.errors import ConfigError

if TYPE_CHECKING:
    from crossdock import Queue
    from crossdock.config import Loaded

SENDER: Final = "cli"
"""The app that the command sends as, unless told otherwise."""


class Session:
    """One run of the command.

    Args:
        store: What ``--store`` said.
        config: What ``--config`` said.
    """

    def __init__(self, store: str | None = None, config: Path | None = None) -> None:
        self._store = store
        self._config = config

    @cached_property
    def loaded(self) -> Loaded:
        """The configuration.

        Raises:
            ConfigError: It is wrong.
        """
        from crossdock.config import load

        options = {} if self._store is None else {"--store": (("store", "url"), self._store)}
        return load(self._config, options=options)

    @property
    def store_path(self) -> Path:
        """Where the store's file is, or would be.

        Raises:
            ConfigError: The URL names no store that a command can use.
        """
        from crossdock.store.location import parse_url

        origin = self.loaded.origin("store", "url")
        try:
            path = parse_url(self.loaded.store_url).path
        except ConfigError as error:
            raise ConfigError(f"{origin}: {error}" if origin.endswith(".toml") else str(error)) from error
        if path is None:
            raise ConfigError(f"{origin}: a store in memory ends with the command; name a file")
        return path

    def demand_store(self) -> str:
        """Return the URL of the store.

        Raises:
            Refusal: There is none yet.
        """
        path = self.store_path
        if not path.exists():
            raise Refusal(
                f"there is no store at {shown_path(path)}; make one with 'crossdock init' or by sending, "
                "or name another with --store",
                ExitCode.STORE,
            )
        return self.loaded.store_url

    @contextmanager
    def queue(self, app: str | None = None) -> Iterator[Queue]:
        """Open the store that is there.

        Args:
            app: The queue it is about; what the configuration says of its dead letters is put into force.

        Raises:
            Refusal: There is no store yet.
        """
        self.demand_store()
        with self.open() as queue:
            self._apply(queue, app)
            yield queue

    @contextmanager
    def new_queue(self, app: str | None = None) -> Iterator[Queue]:
        """Open the store, and make it if there is none."""
        path = self.store_path
        is_new = not path.exists()
        with self.open() as queue:
            if is_new:
                tell(f"made a new store at {shown_path(path)}")
            self._apply(queue, app)
            yield queue

    def open(self) -> Queue:
        """Open the store, made if there is none, without a word."""
        from crossdock import Queue, StoreSettings

        gc.enable()
        config = self.loaded.config
        return Queue(
            self.loaded.store_url,
            app=SENDER,
            lease=config.queue.lease,
            retry=config.retry_policies(),
            max_crashes=config.queue.max_crashes,
            settings=StoreSettings(
                outside_writers=config.store.outside_writers,
                min_free_bytes=config.store.min_free_bytes,
                lock_timeout=config.store.lock_timeout,
            ),
        )

    def _apply(self, queue: Queue, app: str | None) -> None:
        table = None if app is None else self.loaded.config.apps.get(app)
        if app is not None and table is not None and table.on_dead is not None:
            queue.set_on_dead(app, table.on_dead)


def shown_path(path: Path) -> str:
    """Return the shortest name of a path that is clear from here."""
    try:
        return f"./{path.relative_to(Path.cwd())}"
    except ValueError:
        return str(path)
