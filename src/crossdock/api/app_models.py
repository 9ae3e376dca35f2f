"""The documents about apps, as the OpenAPI document describes them."""

from __future__ import annotations

import json
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticKnownError

from crossdock.api.models import STATS, QueueDocument, Whole, example
from crossdock.api.operations import APP_PATTERN

_APP: Final[dict[str, Any]] = {
    "app": "validator",
    "configured": True,
    "inbound": None,
    "outbound": {"kind": "python", "target": "orders.checks:validate"},
    "next": ["warehouse"],
    "subscribe": [{"type": "order.*", "source": None, "subject": None}],
    "concurrency": 4,
    "timeout_s": 30.0,
    "retry": {
        "max_attempts": 10, "backoff_min_s": 1.0, "backoff_max_s": 300.0, "jitter": True, "time_budget_s": None,
    },
    "on_dead": "release",
    "fallback": None,
    "max_depth": 100000,
    "max_processing": None,
    "rate": "100/s",
    "breaker": {"after": 5, "park_min_s": 5.0, "park_max_s": 300.0},
}  # fmt: skip


class TransportDocument(BaseModel):
    """How an app is reached, in one direction."""

    kind: str = Field(description="Of the adapter.")
    target: str | None = Field(
        description="What it reaches, without what may be secret: of a URL scheme and host, of a command the program."
    )


class SubscriptionDocument(BaseModel):
    """Patterns that a message must match, all that are given."""

    type: str | None
    source: str | None
    subject: str | None


class RetryDocument(BaseModel):
    """When and how often a delivery that failed is tried again."""

    max_attempts: int
    backoff_min_s: float
    backoff_max_s: float
    jitter: bool
    time_budget_s: float | None


class BreakerDocument(BaseModel):
    """When the queue is parked because the far side seems to be down."""

    after: int
    park_min_s: float
    park_max_s: float


class AppDocument(BaseModel):
    """What is configured for an app."""

    model_config = example(**_APP)
    app: str
    configured: bool = Field(description="False: it has a queue, and the configuration does not name it.")
    inbound: TransportDocument | None = Field(description="What takes messages in for it.")
    outbound: TransportDocument | None = Field(
        description="What hands it its messages; null: it claims them itself."
    )
    next: list[str] = Field(description="The apps that receive everything that it sends.")
    subscribe: list[SubscriptionDocument] = Field(description="What it wants of what the others send.")
    concurrency: int = Field(description="Messages worked on at a time in each worker process.")
    timeout_s: float | None
    retry: RetryDocument
    on_dead: Literal["release", "block"]
    fallback: str | None
    max_depth: int | None
    max_processing: int | None
    rate: str | None
    breaker: BreakerDocument | None


class Apps(BaseModel):
    """Every app, by name."""

    model_config = example(apps=[_APP])
    apps: list[AppDocument]


class AppStatus(BaseModel):
    """How an app does."""

    model_config = example(
        app="validator", configured=True, state="working", stopped_at=None, stopped_by=None, queue=STATS
    )
    app: str
    configured: bool
    state: Literal["idle", "waiting", "working", "parked", "paused", "stopping", "stopped", "stuck"] = Field(
        description="`stuck`: its oldest message could have been claimed for an hour; `waiting`: there are messages, "
        "and nobody works on any just now; `stopped`: no worker of the hub is to work for it; `stopping`: so it is to "
        "be, and messages are still in work."
    )
    stopped_at: str | None = Field(description="Since when no worker is to work for it; null: they are to.")
    stopped_by: str | None = Field(description="Who said so: a key, or a person at the command line.")
    queue: QueueDocument


class AppChanges(BaseModel):
    """What is said of an app, in the words of the configuration; null: as if nothing were said of that key."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"next": ["warehouse"], "concurrency": 8, "rate": "100/s", "timeout": None}]
        },
    )
    inbound: dict[str, Any] | None = Field(
        default=None, description="A table of an adapter; changing it needs the scope `host:admin`."
    )
    outbound: dict[str, Any] | None = Field(
        default=None,
        description="A table of an adapter; any but a plain `http` needs the scope `host:admin`.",
    )
    next: list[str] | None = Field(
        default=None, description="The apps that receive everything that it sends."
    )
    subscribe: list[dict[str, str]] | None = Field(
        default=None, description="Tables with type, source, subject."
    )
    concurrency: Whole | None = None
    timeout: str | None = Field(default=None, description="A duration, such as `30s`.")
    retry: dict[str, Any] | None = None
    retention: dict[str, Any] | None = None
    on_dead: Literal["release", "block"] | None = None
    fallback: str | None = None
    max_depth: Whole | None = None
    max_processing: Whole | None = None
    rate: str | None = Field(default=None, description="A number per time, such as `100/s`.")
    breaker: dict[str, Any] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def demand_text(cls, value: Any) -> Any:
        """Refuse lone surrogates, which are legal in JSON, at any depth: no store, and no file, holds them as text."""
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise PydanticKnownError("string_unicode") from error
        return value


class NewApp(AppChanges):
    """An app that is to be there."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"app": "ledger", "subscribe": [{"type": "order.*"}], "max_depth": 10000}]
        },
    )
    app: str = Field(pattern=APP_PATTERN, description="Its name.")
