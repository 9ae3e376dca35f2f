"""What can be asked about exporters; nothing here changes them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from crossdock.store.archive_reading import ArchiveReader
from crossdock.store.codec import maybe_moment
from crossdock.store.statements import exporting as statements
from crossdock.store.types import to_text

if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping

    from crossdock.domain.exported import (
        ExportedObject,
        ExporterStatus,
        ObjectPage,
        ObjectSetAside,
        ObjectsWish,
        SyncReport,
    )

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class ExportsReader(ArchiveReader):
    """Answers questions about exporters, from one consistent snapshot."""

    def exporters(self) -> builtins.list[ExporterStatus]:
        """Return how every exporter stands, by name."""
        return [self._exporter_status(row) for row in self._run(statements.exporters, {})]

    def exporter(self, name: str) -> ExporterStatus | None:
        """Return how an exporter stands; None: there is none of that name."""
        rows = self._run(statements.exporter_by_name, {"exporter": name})
        return self._exporter_status(rows[0]) if rows else None

    def exporter_pulls(self, name: str) -> int:
        """Return how many pulls of an exporter were stored."""
        rows = self._run(statements.exporter_by_name, {"exporter": name})
        return int(rows[0][3]) if rows else 0

    def exports_revision(self) -> int:
        """Return a number that grows whenever an object of any exporter changes."""
        return int(self._run(statements.revision_of_all, {})[0][0])

    def exporter_states(self, name: str) -> dict[str, Any]:
        """Return the states of an exporter, by scope."""
        rows = self._run(statements.exporter_states, {"exporter": name})
        return {scope: json.loads(state) for scope, state, *_ in rows}

    def exporter_runs(self, name: str, limit: int) -> builtins.list[SyncReport]:
        """Return the newest runs of an exporter, the newest first."""
        rows = self._run(statements.runs, {"exporter": name, "limit": limit})
        return [_report(row) for row in rows]

    def set_aside(self, name: str, limit: int) -> builtins.list[ObjectSetAside]:
        """Return what an exporter could not take, the newest first."""
        from crossdock.domain.exported import ObjectSetAside  # noqa: PLC0415 - only who has exporters needs it

        rows = self._run(statements.all_aside, {"exporter": name, "limit": limit})
        return [
            ObjectSetAside(scope, kind, object_id, reason, json.loads(data), maybe_moment(since) or _LONG_AGO)
            for scope, kind, object_id, reason, data, since in rows
        ]

    def all_objects(self, name: str) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Return the objects of an exporter that are not gone, by kind and id; a kind without any, too."""
        rows = self._run(statements.exporter_by_name, {"exporter": name})
        found: dict[str, dict[str, Mapping[str, Any]]] = (
            {kind: {} for kind in _kinds(rows[0][1])} if rows else {}
        )
        for kind, object_id, data in self._run(statements.all_objects, {"exporter": name}):
            found.setdefault(kind, {})[object_id] = json.loads(data)
        return found

    def exported_object(self, name: str, kind: str, object_id: str) -> ExportedObject | None:
        """Return one object, gone or not; None: it was never found."""
        parameters = {"exporter": name, "kind": kind, "which": object_id}
        rows = self._run(statements.one_object, parameters)
        return _object(rows[0]) if rows else None

    def exported_objects(self, wish: ObjectsWish) -> ObjectPage:
        """Return a page of objects of a kind, in the order of their changes."""
        from crossdock.domain.exported import Cursor, ObjectPage  # noqa: PLC0415 - likewise

        parameters: dict[str, Any] = {"exporter": wish.exporter, "kind": wish.kind, "limit": wish.limit + 1}
        if wish.since is not None:
            parameters["since"] = to_text(wish.since.astimezone(UTC))
        if wish.after is not None:
            parameters |= {"at": to_text(wish.after.changed_at), "which": wish.after.id}
        options = {"since": wish.since is not None, "after": wish.after is not None, "gone": wish.gone}
        rows = self._run(statements.objects_page, parameters, **options)
        objects = [_object(row) for row in rows[: wish.limit]]
        more = len(rows) > len(objects)
        after = Cursor(objects[-1].changed_at, objects[-1].id) if more else None
        ((_, _, every_s, _, revision, fetched_at),) = self._run(
            statements.exporter_by_name, {"exporter": wish.exporter}
        )
        return ObjectPage(objects, after, int(revision), maybe_moment(fetched_at), _distance(every_s))

    def _exporter_status(self, row: Any) -> ExporterStatus:
        from crossdock.domain.exported import ExporterStatus, ScopeStatus  # noqa: PLC0415 - likewise

        name, kinds, every_s, _, revision, fetched_at = row
        named = {"exporter": name}
        counted = dict(self._run(statements.count_objects, named))
        runs = self.exporter_runs(name, 1)
        return ExporterStatus(
            name=name,
            kinds=tuple(_kinds(kinds)),
            every=_distance(every_s),
            revision=int(revision),
            fetched_at=maybe_moment(fetched_at),
            objects={kind: int(counted.get(kind, 0)) for kind in _kinds(kinds)},
            set_aside=int(self._run(statements.count_aside, named)[0][0]),
            scopes=[
                ScopeStatus(scope, maybe_moment(pulled_at) or _LONG_AGO, maybe_moment(whole_at))
                for scope, _, pulled_at, whole_at in self._run(statements.exporter_states, named)
            ],
            last_run=runs[0] if runs else None,
        )


def _object(row: Any) -> ExportedObject:
    from crossdock.domain.exported import ExportedObject  # noqa: PLC0415 - likewise

    kind, object_id, scope, data, changed_at, gone_at = row
    changed = maybe_moment(changed_at) or _LONG_AGO
    return ExportedObject(kind, object_id, scope, json.loads(data), changed, maybe_moment(gone_at))


def _report(row: Any) -> SyncReport:
    from crossdock.domain.exported import Counts, SyncReport  # noqa: PLC0415 - likewise

    run, name, is_full, started_at, ended_at, outcome, counts, remarks, code, error = row
    return SyncReport(
        id=run,
        exporter=name,
        full=bool(is_full),
        started_at=maybe_moment(started_at) or _LONG_AGO,
        ended_at=maybe_moment(ended_at),
        outcome=outcome,
        counts=Counts(**json.loads(counts)),
        remarks=tuple(json.loads(remarks)),
        error_code=code,
        error=error,
    )


def _kinds(text: str) -> list[str]:
    found: list[str] = json.loads(text)
    return found


def _distance(every_s: float | None) -> timedelta | None:
    return None if every_s is None else timedelta(seconds=every_s)
