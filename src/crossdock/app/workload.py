"""Tells whether there is anything that a worker process would do, as the configuration stands now."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import ConfigError, StoreError
from crossdock.queue_core import overrides_of

if TYPE_CHECKING:
    from crossdock.config import Loaded
    from crossdock.synchronous.queue import Queue


class Workload:
    """What worker processes of one configuration have to do.

    Args:
        queue: On the store of the configuration.
        loaded: The configuration as it was read first.
    """

    def __init__(self, queue: Queue, loaded: Loaded) -> None:
        self._store: Any = queue._store
        self._loaded = loaded
        self._known = -1
        self._exists = loaded.config.has_work

    def exists(self) -> bool:
        """Tell whether there is any; the files and what the API says of apps are read at each new generation alone.

        As long as the store or the files cannot be read, or do not go together, it is as it was.
        """
        with suppress(StoreError, ConfigError):
            if self._store.read(lambda reader: reader.generation()) != self._known:
                self._look()
        return self._exists

    def exists_now(self) -> bool:
        """Tell it by the files as they are, which may be ahead of the generation: whatever starts reads them so."""
        with suppress(StoreError, ConfigError):
            self._look()
        return self._exists

    def _look(self) -> None:
        self._known = self._store.read(lambda reader: reader.generation())
        self._exists = self._loaded.again(overrides=overrides_of(self._store)).config.has_work
