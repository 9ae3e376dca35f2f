"""The documents of jobs."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from crossdock.api.models import Failure, Given, Instant, Status, Whole, example
from crossdock.api.operations import APP_PATTERN

_ID: Final = "0190b5a7-3c1e-7d2a-9f4b-1a2b3c4d5e6f"
_LINKS: Final = {"self": f"/api/v1/jobs/{_ID}", "results": f"/api/v1/jobs/{_ID}/results"}
_JOB: Final[dict[str, Any]] = {
    "id": _ID, "app": "report", "status": "completed", "attempts": 1, "created_at": "2031-05-17T08:30:00Z",
    "updated_at": "2031-05-17T08:30:01Z", "processed_at": "2031-05-17T08:30:01Z", "links": _LINKS,
}  # fmt: skip


class JobWish(Given):
    """What an app is to do."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"app": "report", "config": {"month": "2031-05"}}]}
    )
    app: str = Field(pattern=APP_PATTERN, description="Who is to do it.")
    config: Any = Field(default=None, description="What is to be done, as the app understands it.")
    priority: Whole | None = Field(default=None, ge=0, le=9, description="9 first; 4 unless given.")


class Links(BaseModel):
    """Where more of it is."""

    self: str
    results: str


class Job(BaseModel):
    """How far a job is."""

    model_config = example(**_JOB)
    id: str
    app: str
    status: Status
    attempts: int | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    processed_at: Instant | None = None
    links: Links


class ShownJob(BaseModel):
    """How far a job is, as much of it as is wanted."""

    model_config = example(**_JOB)
    id: str | None = None
    app: str | None = None
    status: Status | None = None
    attempts: int | None = None
    created_at: Instant | None = None
    updated_at: Instant | None = None
    processed_at: Instant | None = None
    links: Links | None = None
    result: Any = Field(default=None, description="Only with `include=results`.")
    error: Failure | None = Field(default=None, description="Only with `include=results`: why it failed.")


RESULTS: Final = ("result", "error")
JOB_FIELDS: Final = tuple(name for name in ShownJob.model_fields if name not in RESULTS)


class Jobs(BaseModel):
    """A page of jobs."""

    model_config = example(jobs=[_JOB], next=None)
    jobs: list[ShownJob]
    next: str | None = Field(description="The cursor of the next page; null: this is the last.")


class JobResult(BaseModel):
    """What came of a job."""

    model_config = example(id=_ID, status="completed", result={"pages": 12}, error=None)
    id: str
    status: Status
    result: Any = Field(default=None, description="What the app answered, if it is completed.")
    error: Failure | None = Field(default=None, description="Why it failed, if it did.")
