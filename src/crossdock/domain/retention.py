"""How long what is finished is kept, and where it goes then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from crossdock.domain.errors import ConfigError


def before(now: datetime, age: timedelta) -> datetime:
    """Return the instant that lies so far back; the first there is, if it lies before that."""
    try:
        return now - age
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How many of the completed messages of an app stay in its queue's table.

    Attributes:
        completed_for: They are archived when they ended longer ago than this.
        max_completed: Of those that are younger only the newest so many stay; None: all.
        max_completed_bytes: And only the newest that together take so many bytes, 512 each and their data; None: all.

    Raises:
        ConfigError: A value is out of range.
    """

    completed_for: timedelta = timedelta(days=7)
    max_completed: int | None = None
    max_completed_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.completed_for < timedelta(0):
            raise ConfigError(f"completed_for is {self.completed_for}; it must be 0 or more")
        _check_limits(max_completed=self.max_completed, max_completed_bytes=self.max_completed_bytes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """What becomes of completed messages. Dead letters are never touched.

    Attributes:
        automatic: Let the processes of the store do it by themselves; else only ``archive`` does.
        keep: How many stay in the table of the queue; then they are archived.
        apps: The same for apps that differ.
        archived_for: How long they stay in the table of the archive; then they go to files.
        dedup_for: So long after its archiving a message that is sent again is known; it stays in the table of the
            archive until then, even if ``archived_for`` is shorter.
        max_archived_bytes: If what an app has in that table takes more bytes, the oldest go to files before
            ``archived_for`` is over, though not before ``dedup_for`` is; None: never.
        to_files: Write files; else what is archived stays in the table.
        folder: Where the files go; None: a folder beside the store, its name followed by ``.archive``; on PostgreSQL,
            where there is no such place, no files are written then.

    Raises:
        ConfigError: A value is out of range.
    """

    automatic: bool = True
    keep: Keep = field(default_factory=Keep)
    apps: Mapping[str, Keep] = field(default_factory=dict)
    archived_for: timedelta = timedelta(days=30)
    dedup_for: timedelta = timedelta(days=30)
    max_archived_bytes: int | None = None
    to_files: bool = True
    folder: str | None = None

    def __post_init__(self) -> None:
        for name in ("archived_for", "dedup_for"):
            if getattr(self, name) < timedelta(0):
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be 0 or more")
        _check_limits(max_archived_bytes=self.max_archived_bytes)

    def of(self, app: str) -> Keep:
        """Return what holds for an app."""
        return self.apps.get(app, self.keep)

    @property
    def known_for(self) -> timedelta | None:
        """How long an archived id is known; None: not at all."""
        return self.dedup_for or None

    @property
    def in_table_for(self) -> timedelta:
        """How long what is archived stays in the table, its id known."""
        return max(self.archived_for, self.dedup_for)


def _check_limits(**limits: int | None) -> None:
    for name, limit in limits.items():
        if limit is not None and limit < 0:
            raise ConfigError(f"{name} is {limit}; it must be 0 or more")
