"""What a process of the API does beside answering: follows the configuration, and notes which keys were used."""

from __future__ import annotations

import asyncio
import os
import platform
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from crossdock.app.configured import waits_for_a_start
from crossdock.domain.errors import ConfigError, StoreError

if TYPE_CHECKING:
    from crossdock.api.settings import ApiSettings
    from crossdock.api.state import ApiState

_EVERY_S: Final = 0.5


class Attendance:
    """Keeps one application up to date.

    Args:
        state: Of the application.
    """

    def __init__(self, state: ApiState) -> None:
        self._state = state
        self._store = state.queue._store
        self._known = -1
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Look after it until cancelled."""
        while True:
            await self.run_once()
            await asyncio.sleep(_EVERY_S)

    async def run_once(self) -> None:
        """Look once; a store that cannot be reached is tried again, and every request tells of it."""
        with suppress(StoreError):
            await self._state.known_keys.note_uses()
            await self.keep_up()

    async def end(self) -> None:
        """Note what is left to be noted, and that this process is there no longer."""
        with suppress(StoreError):
            await self._state.known_keys.note_uses()
            owner = self._store.owner
            if self._known >= 0:
                await self._store.write_async(lambda tx: tx.forget_process(owner))

    async def keep_up(self) -> None:
        """Apply the newest generation of the configuration, if it is not applied yet."""
        if self._state.settings.renew is None:
            return
        async with self._turn:
            await self._follow()

    async def _follow(self) -> None:
        generation = await self._store.read_async(lambda reader: reader.generation())
        if generation == self._known:
            return
        problem = await self._renew()
        report = {"pid": os.getpid(), "host": platform.node(), "generation": generation, "problem": problem}
        owner = self._store.owner
        await self._store.write_async(lambda tx: tx.report(owner, report))
        self._known = generation

    async def _renew(self) -> str:
        """Read the configuration again; return what of it could not be applied."""
        before = self._state.settings
        assert before.renew is not None  # noqa: S101 - the caller made sure
        try:
            overrides = await self._store.read_async(
                lambda reader: {app: one.document for app, one in reader.overrides().items()}
            )
            now: ApiSettings = await asyncio.to_thread(before.renew, overrides)
        except ConfigError as error:
            return f"it goes on as before: {error}"
        self._state.apply(now)
        if before.loaded is None or now.loaded is None:
            return ""
        return waits_for_a_start(before.loaded, now.loaded)
