"""What the store knows, as JSON documents with stable keys. Instants are RFC 3339 in UTC."""

from __future__ import annotations

import base64
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crossdock import Delivery, Message, QueueStats, Record, Schedule, SentMessage, TimelineEntry


def message_document(message: Message) -> dict[str, Any]:
    """Return a message in the JSON event format of CloudEvents; attributes without a value are left out.

    Source: CloudEvents 1.0.2, JSON Event Format, sections 2 and 3.
    """
    attributes = {
        "specversion": "1.0",
        "id": message.id,
        "source": message.source,
        "type": message.type,
        "subject": message.subject,
        "time": instant(message.time),
        "datacontenttype": message.datacontenttype,
        "dataschema": message.dataschema,
        "priority": message.priority,
        "partitionkey": message.partitionkey,
        "expirytime": instant(message.expirytime),
        "correlationid": message.correlationid,
        "traceparent": message.traceparent,
        **message.extensions,
    }
    known = {name: value for name, value in attributes.items() if value is not None}
    return known | _data(message.data)


def sent_document(sent: SentMessage) -> dict[str, Any]:
    """Return what a sender is told."""
    return {"id": sent.id, "app": sent.app, "row_id": sent.row_id, "duplicate": sent.duplicate}


def delivery_document(delivery: Delivery) -> dict[str, Any]:
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
        "available_at": instant(record.available_at),
        "created_at": instant(record.created_at),
        "created_by": record.created_by,
        "updated_at": instant(record.updated_at),
        "claimed_at": instant(record.claimed_at),
        "processed_at": instant(record.processed_at),
        "archived_at": instant(record.archived_at),
        "lease_owner": record.lease_owner,
        "lease_until": instant(record.lease_until),
        "revision": record.revision,
        "result": record.result,
        "error": None if error is None else {**asdict(error), "details": issues(error.details)},
        "message": message_document(record.message),
    }


def stats_document(stats: QueueStats) -> dict[str, Any]:
    """Return the figures of one queue."""
    moments = {"oldest_due_at": stats.oldest_due_at, "parked_until": stats.parked_until}
    rate = None if stats.rate is None else str(stats.rate)
    return {**asdict(stats), "rate": rate, **{name: instant(moment) for name, moment in moments.items()}}


def timeline_document(entry: TimelineEntry) -> dict[str, Any]:
    """Return one thing that happened to a message."""
    return {**asdict(entry), "at": instant(entry.at)}


def schedule_document(schedule: Schedule, slots: list[datetime]) -> dict[str, Any]:
    """Return a schedule, and its next slots."""
    interval = schedule.interval
    moments = ("at", "start", "next_at", "last_slot", "paused_at", "created_at", "updated_at")
    document = {name: value for name, value in asdict(schedule).items() if name not in {"data", "interval"}}
    return {
        **document,
        **{name: instant(getattr(schedule, name)) for name in moments},
        "interval_s": None if interval is None else interval.total_seconds(),
        "slots": [instant(slot) for slot in slots],
        **_data(schedule.data),
    }


def issues(details: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """Return what is wrong with fields."""
    return [{"field": field, "issue": issue} for field, issue in details]


def instant(moment: datetime | None) -> str | None:
    """Return an instant as RFC 3339 has it, in UTC."""
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _data(data: object) -> dict[str, Any]:
    return {"data_base64": base64.b64encode(data).decode()} if isinstance(data, bytes) else {"data": data}
