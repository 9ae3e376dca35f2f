"""The documents of exporters, of their runs, and of what they have found."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from crossdock.api.models import Given, Instant, Truth, example

_INSTANT: Final = "2031-05-17T08:30:00Z"
_COUNTS: Final = {"received": 3, "taken": 3, "changed": 2, "unchanged": 0, "gone": 1, "set_aside": 0}
_RUN: Final[dict[str, Any]] = {
    "id": 12, "exporter": "todoist", "full": False, "outcome": "completed", "started_at": _INSTANT,
    "ended_at": _INSTANT, "counts": _COUNTS, "remarks": [], "error": None,
}  # fmt: skip
_EXPORTER: Final[dict[str, Any]] = {
    "name": "todoist", "kinds": ["tasks", "projects"], "every_s": 300.0, "fetched_at": _INSTANT, "fresh": True,
    "objects": {"tasks": 40, "projects": 5}, "set_aside": 0, "revision": 7, "last_run": _RUN,
}  # fmt: skip
_OBJECT: Final[dict[str, Any]] = {
    "id": "8Jx4", "data": {"id": "8Jx4", "content": "Water the plants"}, "changed_at": _INSTANT, "gone_at": None,
}  # fmt: skip
OBJECT_FIELDS: Final = tuple(_OBJECT)
OPEN_FIELD: Final = "data"
"""That of them which is as the service told it."""


class RunCounts(BaseModel):
    """How many objects a run has met; what was received is what was taken and what was set aside."""

    received: int
    taken: int
    changed: int
    unchanged: int
    gone: int
    set_aside: int


class RunError(BaseModel):
    """Why a run failed."""

    code: str | None
    message: str


class RunDocument(BaseModel):
    """One run of an exporter."""

    model_config = example(**_RUN)
    id: int
    exporter: str
    full: bool = Field(description="Everything was asked for, whatever was known.")
    outcome: Literal["running", "completed", "failed", "abandoned"]
    started_at: Instant
    ended_at: Instant | None
    counts: RunCounts
    remarks: list[str]
    error: RunError | None


class ExporterDocument(BaseModel):
    """How an exporter stands."""

    model_config = example(**_EXPORTER)
    name: str
    kinds: list[str]
    every_s: float | None = Field(description="The distance of two runs, where a hub has declared one.")
    fetched_at: Instant | None = Field(description="The objects are as they were then, or later.")
    fresh: bool = Field(description="That is not longer ago than two runs apart.")
    objects: dict[str, int] = Field(description="How many there are of each kind.")
    set_aside: int = Field(description="How many could not be taken.")
    revision: int
    last_run: RunDocument | None


class Exporters(BaseModel):
    """Every exporter, by name."""

    model_config = example(exporters=[_EXPORTER])
    exporters: list[ExporterDocument]


class ScopeDocument(BaseModel):
    """How one scope of an exporter stands, such as one calendar."""

    scope: str
    pulled_at: Instant
    whole_at: Instant | None = Field(description="When everything of it was last asked for.")


class AsideDocument(BaseModel):
    """An object that could not be taken, and why."""

    scope: str
    kind: str
    id: str | None
    reason: str
    since: Instant


class ExporterStatusDocument(ExporterDocument):
    """How an exporter stands, in detail."""

    model_config = example(
        **_EXPORTER,
        scopes=[{"scope": "", "pulled_at": _INSTANT, "whole_at": None}],
        aside=[{"scope": "", "kind": "tasks", "id": "1", "reason": "has no content", "since": _INSTANT}],
    )
    scopes: list[ScopeDocument]
    aside: list[AsideDocument] = Field(description="The newest of those that could not be taken.")


class History(BaseModel):
    """The newest runs of an exporter, the newest first."""

    model_config = example(fetched_at=_INSTANT, fresh=True, runs=[_RUN])
    fetched_at: Instant | None
    fresh: bool
    runs: list[RunDocument]


class ObjectDocument(BaseModel):
    """An object of an outside service, as it was told last; only the fields that were asked for."""

    id: str | None = None
    data: dict[str, Any] | None = None
    changed_at: Instant | None = None
    gone_at: Instant | None = None


class Objects(BaseModel):
    """Some objects of one kind, in the order of their changes."""

    model_config = example(fetched_at=_INSTANT, fresh=True, objects=[_OBJECT], next=None)
    fetched_at: Instant | None
    fresh: bool
    objects: list[ObjectDocument]
    next: str | None = Field(description="The cursor of the next page.")


class OneObject(ObjectDocument):
    """One object of an outside service."""

    model_config = example(**_OBJECT, fetched_at=_INSTANT, fresh=True)
    fetched_at: Instant | None
    fresh: bool


class SyncWish(Given):
    """How an exporter is to run."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"full": True}]})
    full: Truth = Field(default=False, description="Ask for everything, whatever is known.")
