"""The documents of what is done to many messages of a queue."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from crossdock.api.models import Given, Number, Whole, example

_LONGEST_S: Final = 3_153_600_000


class CancelWish(Given):
    """How many waiting messages are to be withdrawn."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"limit": 100}]})
    limit: Whole | None = Field(default=None, ge=1, description="At most so many; all unless given.")


class Cancelled(BaseModel):
    """How many were withdrawn."""

    model_config = example(cancelled=12)
    cancelled: int


class ArchiveWish(Given):
    """Which completed messages are to go to the archive."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"older_than_s": 86400}]})
    older_than_s: Number = Field(
        default=0, ge=0, le=_LONGEST_S, description="Only those that ended longer ago than this."
    )
    limit: Whole | None = Field(default=None, ge=1, description="At most so many; all unless given.")


class Archived(BaseModel):
    """How many went to the archive."""

    model_config = example(archived=12)
    archived: int


class PurgeWish(ArchiveWish):
    """Which finished messages are to be removed for good."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "failed", "older_than_s": 86400}]}
    )
    status: Literal["completed", "failed"] = Field(default="completed", description="Those that ended so.")


class Purged(BaseModel):
    """How many were removed."""

    model_config = example(purged=12)
    purged: int
