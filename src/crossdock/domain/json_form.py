"""What the store knows, as JSON documents with stable keys. Instants are RFC 3339 in UTC."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from crossdock.domain.cloudevent import data_document, instant_text, message_document

if TYPE_CHECKING:
    from crossdock.domain.exported import SyncReport
    from crossdock.domain.key import ApiKey
    from crossdock.domain.message import AppId, Message, SentMessage
    from crossdock.domain.record import QueueStats, Record, TimelineEntry
    from crossdock.domain.schedule import Schedule


class Delivered(Protocol):
    """One attempt to deliver a message, of any kind of queue."""

    @property
    def app(self) -> AppId:
        """Whose queue."""

    @property
    def row_id(self) -> int:
        """Of the message."""

    @property
    def attempt(self) -> int:
        """Which."""

    @property
    def message(self) -> Message:
        """What is delivered."""


def sent_document(sent: SentMessage) -> dict[str, Any]:
    """Return what a sender is told."""
    return {"id": sent.id, "app": sent.app, "row_id": sent.row_id, "duplicate": sent.duplicate}


def delivery_document(delivery: Delivered) -> dict[str, Any]:
    """Return one attempt to deliver a message."""
    return {
        "app": delivery.app,
        "row_id": delivery.row_id,
        "attempt": delivery.attempt,
        "message": message_document(delivery.message),
    }


def record_document(record: Record) -> dict[str, Any]:
    """Return one message at one app."""
    error = record.error
    return {
        "row_id": record.row_id,
        "app": record.app,
        "source_app": record.source_app,
        "status": record.status.value,
        "attempts": record.attempts,
        "crashes": record.crashes,
        "max_attempts": record.max_attempts,
        "blocked": record.blocked,
        "available_at": instant_text(record.available_at),
        "created_at": instant_text(record.created_at),
        "created_by": record.created_by,
        "updated_at": instant_text(record.updated_at),
        "claimed_at": instant_text(record.claimed_at),
        "processed_at": instant_text(record.processed_at),
        "archived_at": instant_text(record.archived_at),
        "lease_owner": record.lease_owner,
        "lease_until": instant_text(record.lease_until),
        "revision": record.revision,
        "result": record.result,
        "error": None if error is None else {**asdict(error), "details": issues(error.details)},
        "message": message_document(record.message),
    }


def stats_document(stats: QueueStats) -> dict[str, Any]:
    """Return the figures of one queue."""
    moments = {"oldest_due_at": stats.oldest_due_at, "parked_until": stats.parked_until}
    rate = None if stats.rate is None else str(stats.rate)
    return {**asdict(stats), "rate": rate, **{name: instant_text(moment) for name, moment in moments.items()}}


def queue_document(stats: QueueStats) -> dict[str, Any]:
    """Return the figures of one queue, and their sum of what waits."""
    return {**stats_document(stats), "depth": stats.depth}


def timeline_document(entry: TimelineEntry) -> dict[str, Any]:
    """Return one thing that happened to a message."""
    return {**asdict(entry), "at": instant_text(entry.at)}


def schedule_document(schedule: Schedule, slots: list[datetime]) -> dict[str, Any]:
    """Return a schedule, and its next slots."""
    interval = schedule.interval
    moments = ("at", "start", "next_at", "last_slot", "paused_at", "created_at", "updated_at")
    document = {name: value for name, value in asdict(schedule).items() if name not in {"data", "interval"}}
    return {
        **document,
        **{name: instant_text(getattr(schedule, name)) for name in moments},
        "interval_s": None if interval is None else interval.total_seconds(),
        "slots": [instant_text(slot) for slot in slots],
        **data_document(schedule.data),
    }


def issues(details: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return what is wrong with fields."""
    return [{"field": field, "issue": issue} for field, issue in details]


def key_document(key: ApiKey) -> dict[str, Any]:
    """Return what may be told of an API key; never its digest."""
    moments = ("created_at", "expires_at", "last_used_at", "revoked_at")
    return {
        "id": key.id,
        "name": key.name,
        "scopes": sorted(key.scopes),
        "app": key.app,
        "created_by": key.created_by,
        **{name: instant_text(getattr(key, name)) for name in moments},
    }


def report_document(report: SyncReport) -> dict[str, Any]:
    """Return one run of an exporter."""
    return {
        "id": report.id,
        "exporter": report.exporter,
        "full": report.full,
        "outcome": report.outcome,
        "started_at": instant_text(report.started_at),
        "ended_at": instant_text(report.ended_at),
        "counts": report.counts.to_json(),
        "remarks": list(report.remarks),
        "error": None if report.error is None else {"code": report.error_code, "message": report.error},
    }
