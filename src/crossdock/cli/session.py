"""What every command begins with: the configuration, and the way to the store."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crossdock.cli.exit_codes import ExitCode
from crossdock.cli.refusal import Refusal
from crossdock.cli.terminal import tell
from crossdock.domain.errors import ConfigError

if TYPE_CHECKING:
    from crossdock import Queue, StoreSettings
    from crossdock.config import Loaded

SENDER: Final = "cli"
"""The app that the command sends as, unless told otherwise."""
_NO_PLUGINS: Final = "PYDANTIC_DISABLE_PLUGINS"


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
        from crossdock.config import Config, load

        options = {} if self._store is None else {"--store": (("store", "url"), self._store)}
        with _without_plugins():
            Config()  # makes what checks it; adapters and applications are imported only by what follows
        return load(self._config, options=options)

    @property
    def in_force(self) -> Loaded:
        """The configuration with what the API says of apps, if there is a store that could know.

        Raises:
            ConfigError: It is wrong.
            StoreError: The store cannot be read.
        """
        from crossdock.app.overrides import in_force

        if self.loaded.store_url == "sqlite://" or not self.has_store():
            return self.loaded
        with self.bare_queue() as queue:
            return in_force(queue, self.loaded)

    @contextmanager
    def bare_queue(self) -> Iterator[Queue]:
        """Open the store that is there, putting nothing of the configuration into force.

        Raises:
            Refusal: There is no store yet.
        """
        from crossdock import Queue
        from crossdock.app.person import for_person

        with Queue(self.demand_store(), app=SENDER, settings=self.store_settings) as queue:
            yield for_person(queue)

    @property
    def store_path(self) -> Path:
        """Where the store's file is, or would be.

        Raises:
            ConfigError: The URL names no store that a command can use.
        """
        from crossdock.store.sqlite.location import parse_url

        origin = self.loaded.origin("store", "url")
        place = f"{origin}: store.url" if origin.endswith(".toml") else origin
        try:
            path = parse_url(self.loaded.store_url).path
        except ConfigError as error:
            raise ConfigError(f"{place}: {str(error).removeprefix('store.url: ')}") from error
        if path is None:
            raise ConfigError(f"{place}: a store in memory ends with the command; name a file")
        return path

    @property
    def on_postgresql(self) -> bool:
        """Whether the store is a PostgreSQL database."""
        from crossdock.store.sqlite.location import is_postgresql

        return is_postgresql(self.loaded.store_url)

    @property
    def store_name(self) -> str:
        """What the store is called for people: a short path, or the database's URL without its password.

        Raises:
            ConfigError: The URL names no store that a command can use.
        """
        if not self.on_postgresql:
            return shown_path(self.store_path)
        from crossdock.store.postgresql.maintenance import place_of

        return str(place_of(self.loaded.store_url, self.store_settings))

    def has_store(self) -> bool:
        """Tell whether the store is there; a file that holds anything else counts, and opening it tells.

        Raises:
            StoreError: The database cannot be reached.
        """
        if not self.on_postgresql:
            return self.store_path.exists()
        from crossdock.store.postgresql.maintenance import holds_store

        return holds_store(self.loaded.store_url, self.store_settings)

    @property
    def store_settings(self) -> StoreSettings:
        """How the configuration says that the store is to be opened."""
        from crossdock.bootstrap import store_settings

        return store_settings(self.loaded)

    def demand_store(self) -> str:
        """Return the URL of the store.

        Raises:
            Refusal: There is none yet.
        """
        if not self.has_store():
            raise Refusal(
                f"there is no store at {self.store_name}; make one with 'crossdock init' or by sending, "
                "or name another with --store",
                ExitCode.STORE,
            )
        if not self.on_postgresql and not _holds_store(path := self.store_path):
            raise Refusal(
                f"{shown_path(path)} holds no Crossdock store; add one to it with 'crossdock init' or by sending, "
                "or name another with --store",
                ExitCode.STORE,
            )
        return self.loaded.store_url

    @contextmanager
    def queue(self) -> Iterator[Queue]:
        """Open the store that is there, for a person: what is done with it is told under the name of that person.

        Raises:
            Refusal: There is no store yet.
        """
        from crossdock.app.person import for_person

        with self.worker_queue() as queue:
            yield for_person(queue)

    @contextmanager
    def worker_queue(self) -> Iterator[Queue]:
        """Open the store that is there, for this process: what is claimed is held by it, and taken back if it dies.

        Raises:
            Refusal: There is no store yet.
        """
        self.demand_store()
        with self.open() as queue:
            yield queue

    @contextmanager
    def new_queue(self) -> Iterator[Queue]:
        """Open the store for a person, and make it if there is none."""
        from crossdock.app.person import for_person

        is_new = not self.has_store()
        with self.open() as queue:
            if is_new:
                tell(f"made a new store at {self.store_name}")
            yield for_person(queue)

    def open(self) -> Queue:
        """Open the store, made if there is none, without a word."""
        from crossdock import Queue

        gc.freeze()  # what was imported stays; to look through it once would take a twentieth of a send
        gc.enable()
        return Queue.from_config(self.loaded, app=SENDER)


def shown_path(path: Path) -> str:
    """Return the shortest name of a path that is clear from here."""
    try:
        return f"./{path.relative_to(Path.cwd())}"
    except ValueError:
        return str(path)


@contextmanager
def _without_plugins() -> Iterator[None]:
    """Let Pydantic look for no plugins: to search every installed package for some takes a thirtieth of a send.

    What adapters, applications and handlers check with it is made later, and has its plugins. There is one thread yet.
    """
    before = os.environ.get(_NO_PLUGINS)
    os.environ[_NO_PLUGINS] = "__all__"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_NO_PLUGINS]
        else:
            os.environ[_NO_PLUGINS] = before


def _holds_store(path: Path) -> bool:
    """Look, with the library that the store would be opened with, whether a SQLite file holds our tables.

    A file that cannot be read counts as a store: opening it tells what is wrong.
    """
    from crossdock.store.sqlite.build import choose
    from crossdock.store.sqlite.schema import read_state

    module = choose().module
    try:
        with closing(module.connect(str(path))) as database:
            return read_state(database) is not None
    except module.Error:
        return True
