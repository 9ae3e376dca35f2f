"""The documents that the API takes and gives, as the OpenAPI document describes them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from crossdock.domain.events import MessageSent

_INSTANT: Final = "2031-05-17T08:30:00Z"
ID: Final = "0190b5a7-3c1e-7d2a-9f4b-1a2b3c4d5e6f"
_HANDLE: Final = "17.6f1ed002ab5595859014ebf0951522d9"
EVENT: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": ID,
    "source": "shop",
    "type": "order.placed",
    "time": _INSTANT,
    "datacontenttype": "application/json",
    "priority": 4,
    "data": {"order": 17},
}
Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
# What is given in JSON is what it is there: no text and no truth value is a number.
Whole = Annotated[int, Strict()]
Number = Annotated[float, Strict()]
Truth = Annotated[bool, Strict()]
Status = Literal["pending", "processing", "completed", "failed", "archived"]


def example(**document: Any) -> ConfigDict:
    """Return the configuration of a model with its example."""
    return ConfigDict(json_schema_extra={"examples": [document]})


class Given(BaseModel):
    """What a caller sends: only known names."""

    model_config = ConfigDict(extra="forbid")


class Event(BaseModel):
    """A CloudEvent in its JSON format."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EVENT]})
    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str | None = None
    time: Instant | None = None
    datacontenttype: str | None = None
    dataschema: str | None = None
    data: Any = None
    data_base64: str | None = None
    priority: int | None = None
    partitionkey: str | None = None
    expirytime: Instant | None = None
    correlationid: str | None = None
    traceparent: str | None = None


class Taken(BaseModel):
    """What became of a webhook."""

    model_config = example(stored=1, duplicates=0)
    stored: int = Field(description="Messages that are new.")
    duplicates: int = Field(description="Messages that were there already.")


class Failure(BaseModel):
    """Why a message failed, or its last attempt did."""

    code: str
    message: str
    details: list[dict[str, str]]


_RECORD: Final[dict[str, Any]] = {
    "row_id": 17, "app": "validator", "source_app": "shop", "status": "pending", "attempts": 0, "crashes": 0,
    "max_attempts": None, "blocked": False, "available_at": None, "created_at": _INSTANT, "created_by": "api:shop",
    "updated_at": _INSTANT, "claimed_at": None, "processed_at": None, "archived_at": None, "lease_owner": None,
    "lease_until": None, "revision": 1, "result": None, "error": None, "message": EVENT,
}  # fmt: skip


class RecordDocument(BaseModel):
    """A message at one app, as it stands."""

    model_config = example(**_RECORD)
    row_id: int | None = None
    app: str | None = None
    source_app: str | None = None
    status: Status | None = None
    attempts: int | None = None
    crashes: int | None = None
    max_attempts: int | None = None
    blocked: bool | None = None
    available_at: Instant | None = None
    created_at: Instant | None = None
    created_by: str | None = None
    updated_at: Instant | None = None
    claimed_at: Instant | None = None
    processed_at: Instant | None = None
    archived_at: Instant | None = None
    lease_owner: str | None = None
    lease_until: Instant | None = None
    revision: int | None = None
    result: Any = None
    error: Failure | None = None
    message: Event | None = None


RECORD_FIELDS: Final = tuple(RecordDocument.model_fields)


class Records(BaseModel):
    """A page of messages."""

    model_config = example(messages=[_RECORD], next=None)
    messages: list[RecordDocument]
    next: str | None = Field(description="The cursor of the next page; null: this is the last.")


class Entry(BaseModel):
    """One thing that happened to a message."""

    at: Instant
    event: str
    app: str
    attempt: int | None
    who: str | None
    code: str | None
    details: dict[str, Any]


class Timeline(BaseModel):
    """Everything that happened to a message, in order."""

    model_config = example(
        entries=[
            {"at": _INSTANT, "event": MessageSent.name, "app": "validator", "attempt": None, "who": "api:shop",
             "code": None, "details": {}}
        ]
    )  # fmt: skip
    entries: list[Entry]


class WholeRecordDocument(RecordDocument):
    """A message at one app, as it stands."""

    timeline: list[Entry] | None = Field(default=None, description="Only with `include=timeline`.")


class Changes(Given):
    """What is to be changed of a message that waits or failed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"priority": 9}]})
    data: Any = None
    priority: Whole | None = Field(default=None, ge=0, le=9)
    available_at: Instant | None = None
    expires_at: Instant | None = None
    max_attempts: Whole | None = Field(default=None, ge=1)


class ClaimWish(Given):
    """How much is to be claimed, and for how long."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"limit": 10, "wait_s": 20, "lease_s": 30}]}
    )
    limit: Whole = Field(default=1, ge=1, le=1000, description="At most so many messages.")
    wait_s: Number = Field(default=0, ge=0, le=3600, description="Wait so long for the first one.")
    lease_s: Number | None = Field(
        default=None, ge=0.01, le=86400, description="They are yours for so long, unless extended."
    )


class DeliveryDocument(BaseModel):
    """A message that is yours until its lease ends."""

    delivery: str = Field(description="Names this attempt when it is settled.")
    app: str
    attempt: int
    crashes: int
    lease_until: Instant
    sent_at: Instant = Field(description="The time of the message; of one that names none, when it came.")
    message: Event


class Claimed(BaseModel):
    """What was claimed, in the order in which it is to be handled."""

    model_config = example(
        deliveries=[
            {"delivery": _HANDLE, "app": "validator", "attempt": 1, "crashes": 0, "lease_until": _INSTANT,
             "sent_at": _INSTANT, "message": EVENT}
        ]
    )  # fmt: skip
    deliveries: list[DeliveryDocument]


class Acked(Given):
    """A delivery that is done."""

    delivery: str
    result: Any = Field(
        default=None,
        description="What the app answers: sent to the apps that receive what it sends, else kept with the message.",
    )


class AckWish(Given):
    """Deliveries that are done."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"deliveries": [{"delivery": _HANDLE, "result": {"valid": True}}]}]},
    )
    deliveries: list[Acked] = Field(min_length=1, max_length=1000)


class Nacked(Given):
    """A delivery that did not succeed."""

    delivery: str
    error: str = Field(default="", max_length=4000, description="Why, in words.")
    kind: Literal["transient", "permanent", "rate_limited", "hand_back"] = Field(
        default="transient",
        description=(
            "transient: try again with backoff, an attempt spent. permanent: a dead letter at once. rate_limited: try "
            "again later, no attempt spent, and leave the queue alone until then. hand_back: unfinished, nothing spent."
        ),
    )
    retry_in_s: Number | None = Field(
        default=None, ge=0, le=31_536_000, description="Try again after so long."
    )


class NackWish(Given):
    """Deliveries that did not succeed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"deliveries": [{"delivery": _HANDLE, "error": "stock unknown"}]}]},
    )
    deliveries: list[Nacked] = Field(min_length=1, max_length=1000)


class ExtendWish(Given):
    """Deliveries that take longer."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"deliveries": [_HANDLE], "lease_s": 60}]}
    )
    deliveries: list[str] = Field(min_length=1, max_length=1000)
    lease_s: Number = Field(ge=0.01, le=86400, description="The lease ends so long from now.")


class Settled(BaseModel):
    """Which deliveries were yours, and which were not any more: nothing was changed for those."""

    model_config = example(settled=[_HANDLE], lost=[])
    settled: list[str]
    lost: list[str]


STATS: Final[dict[str, Any]] = {
    "app": "validator", "ready": 3, "scheduled": 0, "blocked": 0, "processing": 1, "completed": 120, "failed": 0,
    "paused": False, "parked_until": None, "note": None, "breaker": None, "max_depth": None, "max_processing": None,
    "rate": None, "fallback": None, "oldest_due_at": _INSTANT, "depth": 3,
}  # fmt: skip


class QueueDocument(BaseModel):
    """How the queue of an app stands."""

    model_config = example(**STATS)
    app: str
    depth: int = Field(description="How many messages wait: ready, scheduled and blocked.")
    ready: int
    scheduled: int
    blocked: int
    processing: int
    completed: int
    failed: int
    paused: bool
    parked_until: Instant | None
    note: str | None
    breaker: str | None
    max_depth: int | None
    max_processing: int | None
    rate: str | None
    fallback: str | None
    oldest_due_at: Instant | None


class Queues(BaseModel):
    """How every queue stands, by app."""

    model_config = example(queues=[STATS])
    queues: list[QueueDocument]


class ReplayWish(Given):
    """Which dead letters are to be sent again."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"code": "PERMANENT", "rate": 10}]}
    )
    code: str | None = Field(
        default=None, max_length=200, description="Only those that failed with this code."
    )
    limit: Whole | None = Field(default=None, ge=1, description="At most so many, the oldest first.")
    rate: Number | None = Field(
        default=None, ge=0.001, le=1_000_000, description="So many per second; all at once unless given."
    )


class Replayed(BaseModel):
    """How many were sent again."""

    model_config = example(replayed=12)
    replayed: int


class Health(BaseModel):
    """How it is; with a key that may read metrics, also why."""

    model_config = example(status="ok")
    status: Literal["ok", "degraded", "failing"]
    details: dict[str, Any] | None = None
