"""Reads back what ``json_form`` writes: the documents of the REST API as values of the domain."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from crossdock.domain.cloudevent import told_message
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import AppId
from crossdock.domain.record import QueueStats, Record, TimelineEntry
from crossdock.domain.retry import Failure
from crossdock.domain.rules import Rate
from crossdock.domain.schedule import Missed, Schedule


def instant_of(text: str) -> datetime:
    """Read an instant."""
    return datetime.fromisoformat(text).astimezone(UTC)


def maybe_instant_of(text: str | None) -> datetime | None:
    """Read an instant, if there is one."""
    return None if text is None else instant_of(text)


def failure_of(document: Mapping[str, Any] | None) -> Failure | None:
    """Read why something failed."""
    if document is None:
        return None
    return Failure(document["code"], document["message"], details_of(document["details"]))


def details_of(issues: list[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Read what is wrong with fields."""
    return tuple((one["field"], one["issue"]) for one in issues)


def record_of(document: Mapping[str, Any]) -> Record:
    """Read one message at one app."""
    return Record(
        row_id=document["row_id"],
        message=told_message(document["message"], instant_of(document["created_at"])),
        source_app=AppId(document["source_app"]),
        app=AppId(document["app"]),
        status=Status(document["status"]),
        attempts=document["attempts"],
        crashes=document["crashes"],
        max_attempts=document["max_attempts"],
        available_at=maybe_instant_of(document["available_at"]),
        created_at=instant_of(document["created_at"]),
        created_by=document["created_by"],
        updated_at=instant_of(document["updated_at"]),
        claimed_at=maybe_instant_of(document["claimed_at"]),
        processed_at=maybe_instant_of(document["processed_at"]),
        archived_at=maybe_instant_of(document["archived_at"]),
        lease_owner=document["lease_owner"],
        lease_until=maybe_instant_of(document["lease_until"]),
        blocked=document["blocked"],
        revision=document["revision"],
        result=document["result"],
        error=failure_of(document["error"]),
    )


def stats_of(document: Mapping[str, Any]) -> QueueStats:
    """Read the figures of one queue; names that this version does not know are left out."""
    known = {name: document[name] for name in QueueStats.__slots__ if name in document}
    rate = known.get("rate")
    known["rate"] = None if rate is None else Rate.parse(rate)
    for name in ("oldest_due_at", "parked_until"):
        known[name] = maybe_instant_of(known.get(name))
    return QueueStats(**known)


def entry_of(document: Mapping[str, Any]) -> TimelineEntry:
    """Read one thing that happened to a message."""
    return TimelineEntry(
        at=instant_of(document["at"]),
        event=document["event"],
        app=AppId(document["app"]),
        attempt=document["attempt"],
        who=document["who"],
        code=document["code"],
        details=document["details"],
    )


def schedule_of(
    document: Mapping[str, Any], *, change: Literal["created", "replaced", "unchanged"] | None = None
) -> Schedule:
    """Read one schedule.

    Args:
        document: Of the schedule.
        change: What declaring it has done, which the document does not say.
    """
    moments = ("at", "start", "next_at", "last_slot", "paused_at", "created_at", "updated_at")
    same = ("name", "cron", "timezone", "options", "configured", "sent", "declared_by", "revision")
    encoded, interval_s = document.get("data_base64"), document["interval_s"]
    instants: dict[str, Any] = {name: maybe_instant_of(document[name]) for name in moments}
    return Schedule(
        **{name: document[name] for name in same},
        **instants,
        app=AppId(document["app"]),
        data=document.get("data") if encoded is None else base64.b64decode(encoded),
        interval=None if interval_s is None else timedelta(seconds=interval_s),
        missed=Missed(document["missed"]),
        change=change,
    )
