"""Runs exporters, and answers what they have found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from crossdock.domain.errors import ConfigError, ExporterBusy, InvalidMessage
from crossdock.domain.exported import (
    Cursor,
    ExportedObject,
    ExporterStatus,
    ObjectPage,
    ObjectSetAside,
    ObjectsWish,
    SyncReport,
)
from crossdock.domain.message import AppId, check_app
from crossdock.domain.routing import Routes
from crossdock.exporting.run import Run
from crossdock.queue_core import check_limit

if TYPE_CHECKING:
    from crossdock.ports.exporter import Exporter
    from crossdock.queue_core import QueueCore

NO_ROUTES = Routes({}, {})


class Exports:
    """What exporters have found, in one store.

    Its methods block; call them from a thread where a loop runs.

    Args:
        queue: On the store; not closed here.
        routes: Who receives what changes; None: nobody. ``Hub.exports`` has those of the hub.
    """

    def __init__(self, queue: QueueCore, routes: Routes | None = None) -> None:
        self._store = queue._store
        self._gateway = queue._gateway
        self._routes = routes or NO_ROUTES

    def sync(
        self,
        exporter: Exporter,
        *,
        full: bool = False,
        progress: Callable[[SyncReport], None] | None = None,
    ) -> SyncReport:
        """Ask an exporter what has changed, store it, and send what differs to whoever receives it.

        Each pull is one transaction: its objects, its state, and the messages that tell of them. A run that ends early
        loses nothing and is begun again from there; what is told again as it was changes nothing and sends nothing.

        Args:
            exporter: One run of it at a time, in all processes of this machine; runs on several machines do not
                disturb one another.
            full: Ask for everything, whatever is known. A scope of which it then tells nothing has ended.
            progress: Is told how far it is after each pull.

        Raises:
            DeliveryError: As the exporter raises it; ExporterBusy while another process runs the exporter.
            PermanentError: The exporter breaks its contract.
            StoreError: The store cannot be written.
        """
        name = _name(exporter)
        with self._store.alone(f"exporter-{name}") as is_ours:
            if not is_ours:
                raise ExporterBusy(
                    f"{name} is being exported by another process; try again when it has ended"
                )
            run = Run(self._store, self._gateway, self._routes, exporter, full=full, progress=progress)
            return run.execute()

    def all_objects(self, exporter: str) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Return everything that an exporter knows to be there: by kind, then by id, as the service told it."""
        return self._store.read(lambda reader: reader.all_objects(exporter))

    def objects(  # noqa: PLR0913 - all but two by keyword
        self,
        exporter: str,
        kind: str,
        *,
        updated_since: datetime | None = None,
        after: Cursor | None = None,
        limit: int = 100,
        gone: bool = False,
    ) -> ObjectPage:
        """Return a page of objects of a kind, in the order of their changes.

        An object that changes meanwhile comes again on a later page, so that going on from page to page misses none.

        Args:
            exporter: Whose.
            kind: Which kind.
            updated_since: Aware; only what changed then or later.
            after: Go on behind this place, the ``after`` of the page before.
            limit: At most so many.
            gone: Those, too, that are there no more, as they were last.

        Raises:
            InvalidMessage: There is no such exporter, or a value is wrong.
        """
        wish = ObjectsWish(exporter, kind, updated_since, after, check_limit(limit), gone)
        page = self._store.read(
            lambda reader: None if reader.exporter(exporter) is None else reader.exported_objects(wish)
        )
        if page is None:
            raise InvalidMessage.of("exporter", f"there is no exporter {exporter!r}")
        return page

    def object(self, exporter: str, kind: str, object_id: str) -> ExportedObject | None:
        """Return one object, gone or not; None: it was never found."""
        return self._store.read(lambda reader: reader.exported_object(exporter, kind, object_id))

    def status(self, exporter: str) -> ExporterStatus | None:
        """Return how an exporter stands; None: there is none of that name."""
        return self._store.read(lambda reader: reader.exporter(exporter))

    def statuses(self) -> list[ExporterStatus]:
        """Return how every exporter stands, by name."""
        return self._store.read(lambda reader: reader.exporters())

    def history(self, exporter: str, limit: int = 20) -> list[SyncReport]:
        """Return the newest runs of an exporter, the newest first; a few hundred are kept."""
        checked = check_limit(limit)
        return self._store.read(lambda reader: reader.exporter_runs(exporter, checked))

    def set_aside(self, exporter: str, limit: int = 100) -> list[ObjectSetAside]:
        """Return what an exporter could not take, and has not taken since; the newest first."""
        checked = check_limit(limit)
        return self._store.read(lambda reader: reader.set_aside(exporter, checked))

    def revision(self) -> int:
        """Return a number that grows whenever an object of any exporter changes; costs next to nothing."""
        return int(self._store.read(lambda reader: reader.exports_revision()))


def _name(exporter: Exporter) -> AppId:
    try:
        return check_app(exporter.name)
    except InvalidMessage as error:
        raise ConfigError(f"the name of the exporter: {error.details[0][1]}") from error
