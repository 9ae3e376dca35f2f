"""What is known of exporters: their objects, their runs, and how they stand."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, NamedTuple, TypeAlias

RunOutcome: TypeAlias = Literal["running", "completed", "failed", "abandoned"]
_LATE_AFTER: Final = 2
"""So many times the distance of two runs may pass before what was fetched is no longer fresh."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many objects a run has met. What was received is what was taken and what was set aside.

    Attributes:
        taken: Objects, and notes that one is gone, that were understood.
        changed: New, different or back.
        unchanged: Taken, and as they were stored.
        gone: There no more, whether that was said or found out.
    """

    received: int = 0
    taken: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    set_aside: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the sum."""
        return Counts(*(getattr(self, name) + getattr(other, name) for name in COUNTED))

    def to_json(self) -> dict[str, int]:
        """Return them by name."""
        return {name: getattr(self, name) for name in COUNTED}


COUNTED: Final = tuple(one.name for one in dataclasses.fields(Counts))


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """One run of an exporter. Instants are aware UTC.

    Attributes:
        full: Everything was asked for, whatever was known.
        outcome: ``abandoned``: its process ended before the run did.
        remarks: What the exporter said, such as why everything was asked for again.
        error_code: Of the error that ended it.
    """

    id: int
    exporter: str
    full: bool
    started_at: datetime
    ended_at: datetime | None = None
    outcome: RunOutcome = "running"
    counts: Counts = field(default_factory=Counts)
    remarks: tuple[str, ...] = ()
    error_code: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ExportedObject:
    """An object of an outside service as it is stored.

    Attributes:
        data: As the service told it last.
        changed_at: Aware UTC; when it was last stored differently, or went.
        gone_at: Aware UTC; None: it is there.
    """

    kind: str
    id: str
    scope: str
    data: Mapping[str, Any]
    changed_at: datetime
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class ObjectSetAside:
    """An object that could not be taken.

    Attributes:
        since: Aware UTC; when it first could not.
    """

    scope: str
    kind: str
    id: str | None
    reason: str
    data: Any
    since: datetime


class ScopeStatus(NamedTuple):
    """How a scope of an exporter stands. Instants are aware UTC.

    Attributes:
        pulled_at: When something of it was last stored.
        whole_at: When it was last told what there is in all; None: never.
    """

    scope: str
    pulled_at: datetime
    whole_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExporterStatus:
    """How an exporter stands. Instants are aware UTC.

    Attributes:
        every: The distance of two runs, where a hub has declared one.
        revision: Changes whenever its objects do.
        fetched_at: When the last run that succeeded began: the objects are as they were then, or later.
        objects: How many of each kind there are.
        set_aside: How many could not be taken.
        last_run: None: it has never run.
    """

    name: str
    kinds: tuple[str, ...]
    every: timedelta | None
    revision: int
    fetched_at: datetime | None
    objects: Mapping[str, int]
    set_aside: int
    scopes: Sequence[ScopeStatus]
    last_run: SyncReport | None

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether its objects are as recent as they should be."""
        return is_fresh(self.fetched_at, self.every, now)


class Cursor(NamedTuple):
    """The object behind which a page begins."""

    changed_at: datetime
    id: str


class ObjectPage(NamedTuple):
    """Some objects of a kind, in the order of their changes.

    Attributes:
        after: Where the next page begins; None: there is no further one.
        revision: Of the exporter.
        fetched_at: As of the exporter's status, like ``every``.
    """

    objects: Sequence[ExportedObject]
    after: Cursor | None
    revision: int
    fetched_at: datetime | None
    every: timedelta | None


@dataclass(frozen=True, slots=True)
class ObjectsWish:
    """Which objects are wanted.

    Attributes:
        since: Only those that changed then or later.
        after: Only those behind it.
        gone: Those, too, that are there no more.
    """

    exporter: str
    kind: str
    since: datetime | None = None
    after: Cursor | None = None
    limit: int = 100
    gone: bool = False


def is_fresh(fetched_at: datetime | None, every: timedelta | None, now: datetime) -> bool:
    """Tell whether what was fetched then is recent enough.

    Args:
        fetched_at: Aware UTC; None: never.
        every: How often it is to be fetched; None: when somebody asks for it.
        now: Aware UTC.
    """
    if fetched_at is None:
        return False
    return every is None or now - fetched_at <= _LATE_AFTER * every
