"""The documents of schedules."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from crossdock.api.models import Given, Instant, Number, Whole, example
from crossdock.api.operations import APP_PATTERN

_INSTANT: Final = "2031-05-17T05:00:00Z"
_WISH: Final[dict[str, Any]] = {
    "app": "report", "cron": "0 7 * * 1-5", "timezone": "Europe/Paris", "data": {"kind": "daily"},
}  # fmt: skip
_SCHEDULE: Final[dict[str, Any]] = {
    "name": "morning", "app": "report", "cron": "0 7 * * 1-5", "timezone": "Europe/Paris", "interval_s": None,
    "at": None, "start": _INSTANT, "missed": "latest", "data": {"kind": "daily"}, "options": {}, "configured": False,
    "next_at": _INSTANT, "last_slot": None, "sent": 0, "paused_at": None, "created_at": _INSTANT,
    "declared_by": "api:operator", "updated_at": _INSTANT, "revision": 1, "slots": [_INSTANT],
}  # fmt: skip
_ONE_OF_THREE: Final[list[Any]] = [
    {"required": [name], "properties": {name: {"not": {"type": "null"}}}}
    for name in ("cron", "every_s", "at")
]
_TWO_OF_THREE: Final[list[Any]] = [
    {"required": list(pair), "properties": {name: {"not": {"type": "null"}} for name in pair}}
    for pair in combinations(("cron", "every_s", "at"), 2)
]
Missed = Literal["latest", "all", "skip"]


class ScheduleWish(Given):
    """When what is to be sent to whom; exactly one of ``cron``, ``every_s`` and ``at``."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_WISH], "oneOf": _ONE_OF_THREE})
    app: str = Field(pattern=APP_PATTERN, description="Who receives the messages.")
    data: Any = Field(default=None, description="Of each message.")
    cron: str | None = Field(default=None, max_length=200, description="An expression of five fields.")
    every_s: Number | None = Field(
        default=None, ge=1, le=31_536_000, description="The distance of two slots."
    )
    at: Instant | None = Field(default=None, description="The one slot.")
    timezone: str | None = Field(default=None, max_length=100, description="Of cron; UTC unless given.")
    missed: Missed = Field(
        default="latest", description="What becomes of slots that nobody was there to send."
    )
    priority: Whole | None = Field(default=None, ge=0, le=9, description="Of each message.")


class ScheduleChanges(Given):
    """What is to be changed of a schedule; at most one of ``cron``, ``every_s`` and ``at``."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"cron": "0 8 * * 1-5"}], "not": {"anyOf": _TWO_OF_THREE}},
    )
    app: str | None = Field(default=None, pattern=APP_PATTERN, description="Who receives the messages.")
    data: Any = Field(default=None, description="Of each message; null, too, is data.")
    cron: str | None = Field(default=None, max_length=200, description="An expression of five fields.")
    every_s: Number | None = Field(
        default=None, ge=1, le=31_536_000, description="The distance of two slots."
    )
    at: Instant | None = Field(default=None, description="The one slot.")
    timezone: str | None = Field(default=None, max_length=100, description="Of cron.")
    missed: Missed | None = Field(
        default=None, description="What becomes of slots that nobody was there to send."
    )
    priority: Whole | None = Field(default=None, ge=0, le=9, description="Of each message.")


class NewSchedule(ScheduleWish):
    """A schedule that is not there yet."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "morning", **_WISH}], "oneOf": _ONE_OF_THREE},
    )
    name: str = Field(pattern=APP_PATTERN, description="What it is called.")


class ScheduleDocument(BaseModel):
    """A schedule as it stands."""

    model_config = example(**_SCHEDULE)
    name: str
    app: str
    cron: str | None
    timezone: str | None
    interval_s: float | None
    at: Instant | None
    start: Instant | None
    missed: Missed
    data: Any = None
    data_base64: str | None = None
    options: dict[str, Any]
    configured: bool = Field(description="It stands in a configuration, which declares it again at a start.")
    next_at: Instant | None
    last_slot: Instant | None
    sent: int
    paused_at: Instant | None
    created_at: Instant
    declared_by: str
    updated_at: Instant
    revision: int
    slots: list[Instant] = Field(description="The next ones.")


class Schedules(BaseModel):
    """Every schedule, by name."""

    model_config = example(schedules=[_SCHEDULE])
    schedules: list[ScheduleDocument]
