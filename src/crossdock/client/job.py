"""A job, as its sender sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crossdock.domain.json_reading import maybe_instant_of
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import AppId, MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How far a job is. All instants are aware UTC.

    Attributes:
        id: Of its message.
        app: Who does it.
        attempts: Deliveries so far; None: it was made just now.
        created_at: None: it was made just now.
        processed_at: None: it is not finished.
    """

    id: MessageId
    app: AppId
    status: Status
    attempts: int | None = None
    created_at: datetime | None = None
    processed_at: datetime | None = None


def job_of(document: Mapping[str, Any]) -> Job:
    """Return the job that a document of the API describes."""
    return Job(
        id=MessageId(document["id"]),
        app=AppId(document["app"]),
        status=Status(document["status"]),
        attempts=document.get("attempts"),
        created_at=maybe_instant_of(document.get("created_at")),
        processed_at=maybe_instant_of(document.get("processed_at")),
    )
