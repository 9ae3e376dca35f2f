"""Watches the generation of the configuration in the store, and lets a run apply a new one."""

from __future__ import annotations

import asyncio
import os
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from crossdock.domain.errors import ConfigError, StoreError
from crossdock.domain.process_events import ConfigRefused, ConfigReloaded

if TYPE_CHECKING:
    from crossdock.app.registration import Entrance, Registration
    from crossdock.domain.message import AppId
    from crossdock.domain.routing import Routes
    from crossdock.ports.notice import Notice
    from crossdock.ports.store import Store

_LOOK_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run works on.

    Attributes:
        apps: Those that are handed their messages.
        entrances: Those through which messages come in.
        routes: Of all apps of the hub.
        remark: What of the configuration takes effect only at the next start; empty: nothing.
    """

    apps: Mapping[AppId, Registration]
    entrances: Mapping[AppId, Entrance]
    routes: Routes
    remark: str = ""


class Applies(Protocol):
    """A run that can change what it works on."""

    def apply(self, plan: Plan) -> None:
        """Begin to work by another plan; what is in work ends as it began."""

    def is_settled(self) -> bool:
        """Tell whether nothing is worked on by an earlier plan any more."""


class Reloading:
    """Keeps one run at the newest generation, and reports which one it has applied.

    Args:
        store: Where the generation stands.
        renew: Reads the configuration again.
        run: Applies what that says.
        notice: Is told what became of it.
    """

    def __init__(self, store: Store, renew: Callable[[], Plan], run: Applies, *, notice: Notice) -> None:
        self._store = store
        self._notice = notice
        self._renew = renew
        self._run = run
        self._owner = store.owner
        self._known = -1  # read once more at the first look: it may have changed since this process read it
        self._pending: tuple[int, str] | None = None
        self._look_at = 0.0

    async def look(self) -> None:
        """Read the configuration again if there is a newer generation; report once it is applied."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        with suppress(StoreError):  # the consumers tell of it; the next look tries again
            generation = await self._store.read_async(lambda reader: reader.generation())
            if generation != self._known:
                is_news, self._known = self._known >= 0, generation
                await self._load(generation, is_news=is_news)
            if self._pending is not None and self._run.is_settled():
                await self._report(*self._pending)
                self._pending = None

    async def end(self) -> None:
        """Report that this process is there no longer."""
        with suppress(StoreError):
            await self._store.write_async(lambda tx: tx.forget_process(self._owner))

    async def _load(self, generation: int, *, is_news: bool) -> None:
        began = time.monotonic()
        try:
            plan = await asyncio.to_thread(self._renew)
        except ConfigError as error:
            words = f"it goes on as before: {error}"
            self._pending = (generation, words)
            took_s = time.monotonic() - began
            self._notice(ConfigRefused(generation=generation, reason=words, duration_s=took_s))
            return
        self._run.apply(plan)
        self._pending = (generation, plan.remark)
        took_s = time.monotonic() - began
        if is_news:
            self._notice(ConfigReloaded(generation=generation, remark=plan.remark, duration_s=took_s))

    async def _report(self, generation: int, problem: str) -> None:
        report = {"pid": os.getpid(), "host": platform.node(), "generation": generation, "problem": problem}
        await self._store.write_async(lambda tx: tx.report(self._owner, report))
