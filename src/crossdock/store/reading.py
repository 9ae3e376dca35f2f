"""What can be asked of a store; nothing here changes it."""

from __future__ import annotations

import builtins
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.errors import AmbiguousMessage, MessageNotFound, ScheduleNotFound
from crossdock.domain.events import (
    MessageArchived,
    MessageClaimed,
    MessageCompleted,
    MessageDeleted,
    MessageReplayed,
    MessageSent,
)
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import AppId
from crossdock.domain.record import AppOverride, AppSwitch, HubProcess, QueueStats, Record, TimelineEntry
from crossdock.domain.rules import RULE_NAMES, QueueRules
from crossdock.domain.schedule import scheduled_by
from crossdock.store import statements
from crossdock.store.codec import maybe_moment, record_from, value_or_text
from crossdock.store.doors import key_from
from crossdock.store.exports_reading import ExportsReader
from crossdock.store.following import FollowingReader
from crossdock.store.listing import Listing
from crossdock.store.overdue_codec import overdue_from
from crossdock.store.rules_codec import rules_from
from crossdock.store.schedule_codec import ScheduleRow, declared_columns
from crossdock.store.types import from_text, to_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crossdock.domain.delivery import Overdue
    from crossdock.domain.following import Changed, ChangedWish
    from crossdock.domain.key import ApiKey
    from crossdock.domain.schedule import Schedule, ScheduleSpec
    from crossdock.store.codec import Fetch

_NEWEST: Final = 2**63 - 1
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Reader(FollowingReader, ExportsReader):
    """Answers questions from one consistent snapshot."""

    def find(self, message_id: str, app: str | None, source_app: str | None = None) -> Record:
        """Return the one record of a message.

        Raises:
            MessageNotFound: There is none, or several apps (or several senders) have one and none is named.
        """
        given = {"message_id": message_id, "app": app, "source_app": source_app}
        parameters = {name: value for name, value in given.items() if value is not None}
        options = {"with_app": app is not None, "with_source": source_app is not None}
        live = [record_from(row) for row in self._run(statements.by_message_id, parameters, **options)]
        records = _newest([*self._archived(parameters, **options), *live])
        if not records:
            raise MessageNotFound(
                f"no message {message_id}" + ("" if app is None else f" in the queue of {app}")
            )
        if len(records) > 1:
            places = ", ".join(sorted(f"{record.app} (from {record.source_app})" for record in records))
            raise AmbiguousMessage(
                f"{len(records)} messages have the id {message_id}: at {places}; name the app, or the source_app",
                [(record.app, record.source_app) for record in records],
            )
        return records[0]

    def status(self, row_id: int) -> Status | None:
        """Return the status of a row, without anything else of it; None: it is in the archive, or gone."""
        rows = self._run(statements.status_of, {"row_id": row_id})
        return Status(rows[0][0]) if rows else None

    def row(self, row_id: int) -> Record | None:
        """Return the record of a row, or None."""
        rows = self._run(statements.by_row_id, {"row_id": row_id}, whole=True)
        return record_from(rows[0]) if rows else self._archived_row(row_id)

    def list(
        self,
        app: str | None,
        *,
        status: Status | None,
        limit: int,
        after: int | None,
        newest_first: bool,
        fetch: Fetch | None = None,
    ) -> builtins.list[Record]:
        """Return records in order of arrival; ``fetch`` gets a payload when somebody looks at the data.

        Without it that must be before the end of this snapshot.
        """
        start = after if after is not None else (_NEWEST if newest_first else 0)
        listing = Listing(self._run, app=app, status=status, newest_first=newest_first)
        return listing.records(start, limit, fetch or self.payload)

    def changed(self, wish: ChangedWish, fetch: Fetch) -> Changed:
        """Return records that were changed then or later, in order of arrival, and where to go on."""
        start = wish.after if wish.after is not None else (_NEWEST if wish.newest_first else 0)
        listing = Listing(self._run, app=wish.app, status=wish.status, newest_first=wish.newest_first)
        return listing.changed(wish.since, start, wish.limit, fetch)

    def payload(self, checksum: str) -> bytes | None:
        """Return data that lies outside its row; None: it is not in the store."""
        rows = self._run(statements.payload_data, {"checksum": checksum})
        return rows[0][0] if rows else None

    def has_work(self, app: str, now: datetime, *, suspects: bool = True) -> bool:
        """Tell whether a claim could find something."""
        parameters = {"app": app, "now": to_text(now)}
        return bool(self._run(statements.has_work, parameters, suspects=suspects)[0][0])

    def rules(self) -> dict[str, QueueRules]:
        """Return the rules of each queue of which anything was ever said."""
        return {app: rules_from(row) for app, *row in self._run(statements.rules, {})}

    def generation(self) -> int:
        """Return the generation of the configuration that is to be applied."""
        return int(self._run(statements.generation, {})[0][0])

    def processes(self) -> builtins.list[HubProcess]:
        """Return every process that works by a configuration, with the generation that it has applied."""
        return [HubProcess(*row) for row in self._run(statements.processes, {})]

    def key(self, key_id: str) -> ApiKey | None:
        """Return one API key."""
        rows = self._run(statements.key_by_id, {"which": key_id})
        return key_from(rows[0]) if rows else None

    def keys(self) -> builtins.list[ApiKey]:
        """Return every API key, the oldest first."""
        return [key_from(row) for row in self._run(statements.all_keys, {})]

    def switches(self) -> dict[str, AppSwitch]:
        """Return what operators said of the work for apps, for each of which they said anything."""
        return {
            app: AppSwitch(maybe_moment(stopped_at), stopped_by, restarts)
            for app, stopped_at, stopped_by, restarts in self._run(statements.switches, {})
        }

    def overrides(self) -> dict[str, AppOverride]:
        """Return what was said of apps through the API, by app."""
        rows = self._run(statements.overrides, {})
        return {app: AppOverride(json.loads(document), *rest) for app, document, *rest in rows}

    def positions(self, app: str) -> dict[str, Any]:
        """Return how far an app has come in what it reads, by key."""
        return {key: value_or_text(value) for key, value in self._run(statements.positions, {"app": app})}

    def notes(self, row_ids: Sequence[int]) -> dict[int, Any]:
        """Return what is noted on messages, by row."""
        rows = self._run(statements.notes, {"ids": json.dumps(list(row_ids))})
        return {row_id: value_or_text(noted) for row_id, noted in rows}

    def owners(self) -> builtins.list[str]:
        """Return every process that holds a message."""
        return [owner for (owner,) in self._run(statements.owners, {}) if owner is not None]

    def ending_owners(self, now: datetime) -> builtins.list[str]:  # noqa: ARG002 - the port's signature
        """Return nobody: on one host whoever finds a kept lease overdue looks at its owner and renews it."""
        return []

    def overdue(self, now: datetime, limit: int) -> builtins.list[Overdue]:
        """Return claimed messages whose lease ran out."""
        return self._overdue(now, {"now": to_text(now), "limit": limit})

    def _overdue(self, now: datetime, parameters: dict[str, Any]) -> builtins.list[Overdue]:
        return [overdue_from(row, now) for row in self._run(statements.overdue, parameters)]

    def held(self, owner: str, limit: int) -> builtins.list[Overdue]:
        """Return the messages that a process holds."""
        return [
            overdue_from(row, _LONG_AGO)
            for row in self._run(statements.held, {"owner": owner, "limit": limit})
        ]

    def next_due(self, app: str) -> datetime | None:
        """Return when the app's next scheduled message becomes due."""
        return maybe_moment(self._run(statements.next_due, {"app": app})[0][0])

    def halted_until(self, app: str, now: datetime) -> datetime | None:
        """Return when the app's queue may be claimed from again that is parked, or has used up its rate."""
        rows = self._run(statements.halted_until, {"app": app})
        moments = [moment for row in rows for text in row if (moment := maybe_moment(text)) is not None]
        latest = max(moments, default=now)
        return latest if latest > now else None

    def stats(self, app: str | None, now: datetime) -> dict[str, QueueStats]:
        """Return the figures of one queue, or of all that hold messages or are paused."""
        present = to_text(now)
        figures: dict[str, dict[str, Any]] = {} if app is None else {app: {}}
        for name, paused_at, parked_until, note, trips, *rules in self._run(statements.states, {}):
            told = _halt(paused_at, parked_until, note, present)
            told["breaker"] = None if not trips else "open" if told["parked_until"] else "half-open"
            figures.setdefault(name, {}).update(told, **_told_rules(rules))
        ready = [
            row for suspect in (False, True) for row in self._run(statements.ready_depth, {}, suspect=suspect)
        ]
        for figure, name, number in self._counts(present, ready):
            of_app = figures.setdefault(name, {})
            of_app[figure] = of_app.get(figure, 0) + number
        wanted = sorted(figures) if app is None else [app]
        return {
            name: QueueStats(
                app=AppId(name),
                **figures[name],
                oldest_due_at=maybe_moment(self._oldest_due(name, ready, present)),
            )
            for name in wanted
        }

    def schedules(self) -> builtins.list[Schedule]:
        """Return every schedule, by name."""
        return [ScheduleRow(row).schedule() for row in self._run(statements.all_schedules, {})]

    def schedule(self, name: str) -> Schedule:
        """Return one schedule.

        Raises:
            ScheduleNotFound: There is none of that name.
        """
        rows = self._run(statements.schedule_by_name, {"which": name})
        if not rows:
            raise ScheduleNotFound(f"no schedule {name}")
        return ScheduleRow(rows[0]).schedule()

    def differing(self, specs: Sequence[ScheduleSpec]) -> builtins.list[ScheduleSpec]:
        """Return those of some declarations that are not as the store has them."""
        return [spec for spec in specs if self._differs(spec)]

    def _differs(self, spec: ScheduleSpec) -> bool:
        rows = self._run(statements.schedule_by_name, {"which": spec.name})
        return not rows or bool(ScheduleRow(rows[0]).differs(declared_columns(spec)))

    def next_slot(self) -> datetime | None:
        """Return when the next schedule is due; None: none will ever be."""
        return maybe_moment(self._run(statements.next_slot, {})[0][0])

    def due_schedules(self, now: datetime, limit: int) -> builtins.list[ScheduleRow]:
        """Return schedules whose time has come, the longest due first."""
        return [
            ScheduleRow(row)
            for row in self._run(statements.due_schedules, {"now": to_text(now), "limit": limit})
        ]

    def timeline(self, record: Record) -> builtins.list[TimelineEntry]:
        """Return everything that happened to a message at one app, in order."""
        facts = scheduled_by(record.message)
        entries = [_entry(record, MessageSent.name, record.created_at, who=record.created_by, details=facts)]
        for at, event, attempt, who, code, details in self._run(
            statements.audit_of, {"row_id": record.row_id}
        ):
            facts = _facts(details)
            entries += _claim_before(record, event, facts, attempt, who)
            entries += _completion_before(record, event, facts)
            entries.append(
                _entry(
                    record,
                    event,
                    maybe_moment(at) or record.created_at,
                    attempt=attempt,
                    who=who,
                    code=code,
                    details=facts,
                )
            )
        hidden = [
            entry for entry in entries if entry.event == MessageDeleted.name
        ]  # nothing comes after that
        return [entry for entry in entries if entry not in hidden] + _present(record) + hidden

    def actions(self, app: str, limit: int) -> builtins.list[TimelineEntry]:
        """Return what operators did to a queue as a whole, the newest first; an empty name: to all of the store."""
        rows = self._run(statements.actions_on, {"app": app, "limit": limit})
        return [
            TimelineEntry(at=from_text(at), event=event, app=AppId(app), who=who, details=_facts(details))
            for at, event, who, details in rows
        ]

    def _counts(self, now: str, ready: builtins.list[Any]) -> Iterator[tuple[str, str, int]]:
        """Give (figure, app, number); each comes from an index of its own, none from a look at the messages."""
        yield from (("ready", name, number) for name, number, *_ in ready)
        yield from _named("scheduled", self._run(statements.scheduled_depth, {"now": now}))
        for name, blocked, number in self._run(statements.due_depth, {"now": now}):
            yield "blocked" if blocked else "ready", name, number
        yield from _named("blocked", self._run(statements.blocked_depth, {}))
        yield from _named("processing", self._run(statements.processing_depth, {}))
        for sign, build in ((1, statements.finished_depth), (-1, statements.deleted_depth)):
            for name, status, number in self._run(build, {}):
                yield "failed" if status == Status.FAILED else "completed", name, sign * number

    def _oldest_due(self, app: str, ready: builtins.list[Any], now: str) -> str | None:
        """Return since when the one could have been claimed that could for longest."""
        moments = [due for (due,) in self._run(statements.oldest_due, {"app": app, "now": now})]
        for name, _, due, always in ready:
            if name == app:
                moments += [] if due is None else [due]
                moments += [] if always is None else self._run(statements.created_at, {"row_id": always})[0]
        return min(moments, default=None)


def _newest(records: builtins.list[Record]) -> builtins.list[Record]:
    """Leave out what was archived long ago and sent anew since, under the same id."""
    newest = {(record.app, record.source_app): record for record in records}
    return sorted(newest.values(), key=lambda record: record.row_id)


def _halt(paused_at: str | None, parked_until: str | None, note: str | None, now: str) -> dict[str, Any]:
    """Return what the figures of a queue say of its being paused or parked."""
    parked = parked_until is not None and parked_until > now
    return {
        "paused": paused_at is not None,
        "parked_until": maybe_moment(parked_until) if parked else None,
        "note": note if parked or paused_at is not None else None,
    }


def _told_rules(row: builtins.list[Any]) -> dict[str, Any]:
    """Return what the figures of a queue say of its rules."""
    rules = rules_from(row)
    return {name: getattr(rules, name) for name in RULE_NAMES if name != "on_dead"}


def _named(figure: str, rows: builtins.list[Any]) -> Iterator[tuple[str, str, int]]:
    return ((figure, name, number) for name, number in rows)


def _entry(record: Record, event: str, at: Any, **facts: Any) -> TimelineEntry:
    return TimelineEntry(at=at, event=event, app=record.app, **facts)


def _facts(details: Any) -> dict[str, Any]:
    """Read what a line of the audit log adds; another program may have written anything."""
    told = value_or_text(details)
    return told if isinstance(told, dict) else {} if told is None else {"text": told}


def _claim_before(
    record: Record, event: str, facts: dict[str, Any], attempt: int | None, who: str | None
) -> list[TimelineEntry]:
    """Return the claim that an ended delivery began with; the row itself remembers only the last one."""
    claimed_at = maybe_moment(facts.pop("claimed_at", None))
    if claimed_at is None:
        return []
    attempt = attempt or facts.get("attempts")
    who = facts.pop("claimed_by", None if event == MessageReplayed.name else who)
    return [_entry(record, MessageClaimed.name, claimed_at, attempt=attempt, who=who)]


def _completion_before(record: Record, event: str, facts: dict[str, Any]) -> list[TimelineEntry]:
    processed_at, worker = maybe_moment(facts.pop("processed_at", None)), facts.pop("worker", None)
    if event != MessageReplayed.name or processed_at is None or facts.get("was") != Status.COMPLETED:
        return []
    return [_entry(record, MessageCompleted.name, processed_at, attempt=facts.get("attempts"), who=worker)]


def _present(record: Record) -> list[TimelineEntry]:
    """Return what the row itself tells: the delivery in progress, or the one that completed it, and its archiving."""
    archived = (
        [] if record.archived_at is None else [_entry(record, MessageArchived.name, record.archived_at)]
    )
    return _last_delivery(record) + archived


def _last_delivery(record: Record) -> list[TimelineEntry]:
    if record.status in {Status.PENDING, Status.FAILED} or record.claimed_at is None:
        return []
    claimed = _entry(
        record, MessageClaimed.name, record.claimed_at, attempt=record.attempts, who=record.lease_owner
    )
    if record.status is Status.PROCESSING or record.processed_at is None:
        return [claimed]
    who = record.lease_owner
    return [
        claimed,
        _entry(record, MessageCompleted.name, record.processed_at, attempt=record.attempts, who=who),
    ]
