"""What exporters ask of the store: to keep what they find, and to tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from crossdock.domain.exported import (
        Counts,
        ExportedObject,
        ExporterStatus,
        ObjectPage,
        ObjectSetAside,
        ObjectsWish,
        RunOutcome,
        SyncReport,
    )
    from crossdock.domain.pulling import Decision, PreparedPull


class ExportingVerbs(Protocol):
    """What is done for an exporter in a transaction."""

    def declare_exporter(self, name: str, kinds: Sequence[str], every: timedelta | None) -> None:
        """Note an exporter and its kinds; with ``every``, how often it is to run."""

    def begin_run(self, name: str, *, full: bool, keep: int, gone_before: datetime) -> int:
        """Note that a run begins; return its id. Earlier ones that have not ended never will."""

    def store_pull(self, name: str, pull: PreparedPull, seen: int) -> Decision | None:
        """Store a pull with its state; return what has changed.

        None: another run has stored one since so many pulls were ``seen``, and nothing was changed. Otherwise no other
        run stores one before the end of the transaction.
        """

    def write_run(self, run: int, counts: Counts, remarks: Sequence[str]) -> None:
        """Write how far a run is."""

    def end_run(self, run: int, outcome: RunOutcome, code: str | None, error: str | None) -> None:
        """Note how a run has ended."""

    def note_success(self, name: str, since: datetime) -> None:
        """Note that everything is known that there was at an instant."""


class ExportsReading(Protocol):
    """What is asked about exporters."""

    def exporters(self) -> builtins.list[ExporterStatus]:
        """Return how every exporter stands, by name."""

    def exporter(self, name: str) -> ExporterStatus | None:
        """Return how an exporter stands; None: there is none of that name."""

    def exporter_pulls(self, name: str) -> int:
        """Return how many pulls of an exporter were stored."""

    def exports_revision(self) -> int:
        """Return a number that grows whenever an object of any exporter changes; cheap."""

    def exporter_states(self, name: str) -> dict[str, Any]:
        """Return the states of an exporter, by scope."""

    def exporter_runs(self, name: str, limit: int) -> builtins.list[SyncReport]:
        """Return the newest runs of an exporter, the newest first."""

    def set_aside(self, name: str, limit: int) -> builtins.list[ObjectSetAside]:
        """Return what an exporter could not take, the newest first."""

    def all_objects(self, name: str) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Return the objects of an exporter that are not gone, by kind and id; a kind without any, too."""

    def exported_object(self, name: str, kind: str, object_id: str) -> ExportedObject | None:
        """Return one object, gone or not; None: it was never found."""

    def exported_objects(self, wish: ObjectsWish) -> ObjectPage:
        """Return a page of objects of a kind, in the order of their changes; the exporter must be known."""
