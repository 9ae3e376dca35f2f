"""How long files have been lying in the folders that apps take them from, as this process sees these."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from crossdock.adapters.file.inbound import rules_of
from crossdock.adapters.file.inbound_settings import FileInbound
from crossdock.adapters.file.listing import list_stage
from crossdock.adapters.file.tree import tree_of
from crossdock.app.configured import folder_of
from crossdock.domain.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from crossdock.config import Loaded

_EVERY_S: Final = 30.0
"""Whoever asks more often, and anybody may ask, is told what was found then."""


class Inbox(NamedTuple):
    """The folder of one app.

    Attributes:
        oldest_at: Since when the file that waits longest has been there; None: none waits.
        reason: Why the folder could not be looked into.
    """

    oldest_at: datetime | None = None
    reason: str | None = None


class Inboxes:
    """Looks into the folders now and then."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._loaded: Loaded | None = None
        self._found: Mapping[str, Inbox] = {}
        self._due = 0.0

    async def look(self, loaded: Loaded | None) -> Mapping[str, Inbox]:
        """Return how each folder is, by app."""
        async with self._turn:
            if loaded is not self._loaded or time.monotonic() >= self._due:
                self._found = {} if loaded is None else await asyncio.to_thread(_found, loaded)
                self._loaded, self._due = loaded, time.monotonic() + _EVERY_S
            return self._found


def _found(loaded: Loaded) -> dict[str, Inbox]:
    inbounds: dict[str, Any] = {
        name: table.inbound.settings
        for name, table in loaded.config.apps.items()
        if table.inbound is not None
    }
    folder = folder_of(loaded)
    return {name: _inbox(one, folder) for name, one in inbounds.items() if isinstance(one, FileInbound)}


def _inbox(settings: FileInbound, folder: Path) -> Inbox:
    try:
        lying = list_stage(tree_of(settings.file, above=folder), [rules_of(settings, folder).watch])
        return Inbox(oldest_at=min((one.since for one in lying), default=None))
    except OSError as error:
        return Inbox(reason=error.strerror or type(error).__name__)
    except ConfigError as error:
        return Inbox(reason=str(error))
