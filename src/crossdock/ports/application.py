"""What an application offers that is built on Crossdock and joins a hub by a table of its configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class Application(Protocol):
    """Adds its apps, exporters, schedules and operations to a hub whose configuration has ``[applications.NAME]``.

    An entry point of the group ``crossdock.apps`` names an object of this kind; the entry point's name is NAME. The
    object is imported wherever such a configuration is loaded, so that its module should import little.
    """

    def check(self, table: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
        """Say what is wrong with its table: pairs of a key, with dots, and what should be there instead.

        Touches nothing outside. Called whenever a configuration is loaded; the other two are called with a table of
        which it had nothing to say.
        """

    def register(self, hub: Any, table: Mapping[str, Any]) -> None:
        """Add apps and exporters to a ``Hub``, by ``hub.app`` and ``hub.exporter``.

        Called in every process that makes a hub of the configuration, before the store is open, and again on a hub
        without what it added when the configuration was changed.
        """

    def operations(self, table: Mapping[str, Any]) -> Sequence[Any]:
        """Return what it adds to the REST API, as ``crossdock.api.Operations``; called only where that is served."""
