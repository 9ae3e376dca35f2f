"""A transport that was chosen for an app: its kind, its settings, and what makes its adapter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crossdock.adapters.python.adapter import PythonAdapter
from crossdock.adapters.python.handlers import Handler
from crossdock.domain.events import AdapterSaid
from crossdock.domain.message import AppId
from crossdock.monitoring.children import like_us
from crossdock.ports.surroundings import Surroundings

if TYPE_CHECKING:
    from crossdock.hub.gateway import Gateway
    from crossdock.ports.store import Store

PYTHON: Final = "python"


@dataclass(frozen=True, slots=True)
class Transport:
    """One side of one transport, as an app uses it. Two are equal if nothing has changed between them.

    Attributes:
        kind: As the configuration names it.
        settings: A value; what an adapter is made of.
        folder: Relative paths in them count from it.
    """

    kind: str
    settings: Any
    _make: Callable[[Any, Surroundings], Any] = field(compare=False, repr=False)
    folder: Path = field(default_factory=Path.cwd)

    def adapter(self, app: AppId, gateway: Gateway) -> Any:
        """Return a new adapter, which has touched nothing yet.

        Raises:
            ConfigError: The settings cannot be right here.
        """
        store = gateway.store
        return self._make(
            self.settings,
            Surroundings(
                app=app,
                folder=self.folder,
                owner=store.owner,
                lives=partial(_lives, store),
                now=store.now,
                notice=partial(_tell, gateway, app, self.kind),
                prepare_child=like_us,
            ),
        )

    def check(self, app: AppId) -> Any:
        """Make sure that an adapter can be made, before there is a store; return it.

        Raises:
            ConfigError: The settings cannot be right here.
        """
        return self._make(
            self.settings,
            Surroundings(
                app=app, folder=self.folder, owner="check/0", lives=_all_live, now=_now, notice=_tell_nobody
            ),
        )


def python_transport(handler: Handler) -> Transport:
    """Return what calls a function of this program."""
    return Transport(PYTHON, handler, _python_adapter)


def _python_adapter(handler: Handler, surroundings: Surroundings) -> PythonAdapter:
    return PythonAdapter(handler, surroundings)


def _lives(store: Store, owner: str) -> bool:
    """Tell whether a process may be alive; one of another host may."""
    peers = store.peers
    return owner == store.owner or (peers is not None and peers.condition(owner) != "gone")


def _all_live(_owner: str) -> bool:
    return True


def _now() -> datetime:
    return datetime.now(UTC)


def _tell(gateway: Gateway, app: AppId, adapter: str, what: str, words: str) -> None:
    """Let a person know what an adapter says."""
    gateway.tell(AdapterSaid(app=app, adapter=adapter, what=what, reason=words))


def _tell_nobody(_what: str, _words: str) -> None:
    """Say nothing: an adapter that is only tried has nothing to tell."""
