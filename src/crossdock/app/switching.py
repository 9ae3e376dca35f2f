"""Stopping, starting and restarting the work for an app, in every process that works by a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from crossdock.app.registration import Entrance, Registration
    from crossdock.domain.message import AppId
    from crossdock.domain.record import AppSwitch
    from crossdock.synchronous.queue import Queue

P = TypeVar("P", "Registration", "Entrance")


class Switch(StrEnum):
    """What is said of the work for an app."""

    STOP = "stop"
    START = "start"
    RESTART = "restart"

    def work(self, app: str) -> Any:
        """Return the work of a transaction that says it; that returns the generation in which it holds."""
        return lambda tx: getattr(tx, f"{self.value}_app")(app)


def switch_app(queue: Queue, app: str, switch: Switch) -> int:
    """Say it; return the generation that every process reports once it has obeyed."""
    generation: int = queue._store.write(switch.work(app))
    return generation


def switch_of(queue: Queue, app: str) -> AppSwitch | None:
    """Return what was said of the work for an app; None: nothing."""
    found: AppSwitch | None = queue._store.read(lambda reader: reader.switches().get(app))
    return found


def switched(parts: Mapping[AppId, P], switches: Mapping[str, AppSwitch]) -> dict[AppId, P]:
    """Return the directions of apps that are to be worked for; one of an app that was restarted is another one."""
    found: dict[AppId, P] = {}
    for app, part in parts.items():
        switch = switches.get(app)
        if switch is None:
            found[app] = part
        elif switch.stopped_at is None:
            found[app] = replace(part, restarts=switch.restarts)
    return found
