"""What a queue does, as simply as it can be said: the yardstick of the stateful test.

Nothing here is fast, stored or shared. Each rule of the documents stands once, in plain words over a list.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_CRASHES = 3
MAX_ATTEMPTS = 3
BACKOFF_MIN = timedelta(seconds=10)
BACKOFF_MAX = timedelta(seconds=15)


@dataclass
class Row:
    """One message at one app."""

    number: int
    app: str
    message_id: str
    key: str | None = None
    priority: int = 4
    available_at: datetime | None = None
    expires_at: datetime | None = None
    max_attempts: int = MAX_ATTEMPTS
    status: str = "pending"
    attempts: int = 0
    crashes: int = 0
    token: str | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    blocks_dead: bool = False
    hidden: bool = False
    code: str | None = None
    data: Any = None
    events: list[str] = field(default_factory=lambda: ["sent"])

    def end(self, status: str, *told: str) -> None:
        """Leave the hands of its worker, if it is in any."""
        if status != "completed":  # who completed it stays in the row
            self.owner = None
        self.status, self.token, self.lease_until = status, None, None
        self.events += told


class Model:
    """Any number of queues."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.rows: list[Row] = []
        self.paused: set[str] = set()
        self.blocking: set[str] = set()
        self._now = now

    # --- what stands where ------------------------------------------------------------------------------------

    def of(self, app: str, *statuses: str) -> list[Row]:
        """Return an app's rows in order of arrival."""
        return [row for row in self.rows if row.app == app and row.status in statuses]

    def is_due(self, row: Row) -> bool:
        """Tell whether a message's time has come."""
        return row.available_at is None or row.available_at <= self._now()

    def is_blocked(self, row: Row) -> bool:
        """Tell whether an earlier one of its key waits, or any is in hand, or a dead letter holds the key."""
        if row.key is None:
            return False
        same = [one for one in self.rows if (one.app, one.key) == (row.app, row.key)]
        return any(
            (one.status == "pending" and one.number < row.number)
            or one.status == "processing"
            or (one.status == "failed" and one.blocks_dead)
            for one in same
            if one is not row
        )

    def ready(self, app: str) -> list[Row]:
        """Return what can be claimed, in order."""
        found = [row for row in self.of(app, "pending") if self.is_due(row) and not self.is_blocked(row)]
        return sorted(found, key=lambda row: (-row.priority, row.number))

    # --- what happens -----------------------------------------------------------------------------------------

    def claim(self, app: str, limit: int) -> list[Row]:
        """Say which messages a claim takes; the caller gives them a token."""
        if app in self.paused:
            return []
        self._expire(app)
        for row in self.of(app, "pending"):
            if self.is_due(row):
                row.available_at = None
        chosen: list[Row] = []
        for row in self.ready(app):
            if row.crashes:
                return chosen or [row]
            if len(chosen) == limit:
                break
            chosen.append(row)
        return chosen

    def lease(self, row: Row, token: str, owner: str, until: datetime) -> None:
        """Put a message into a worker's hands."""
        row.status, row.token, row.owner, row.lease_until = "processing", token, owner, until
        row.attempts += 1
        row.events.append("claimed")

    def fail_delivery(self, row: Row, event: str, delay: timedelta | None, *, spends: bool = True) -> None:
        """End a delivery without success: another attempt after ``delay`` (None: the backoff), or a dead letter."""
        if spends and row.attempts >= row.max_attempts:
            self.die(row, "ATTEMPTS_EXHAUSTED", "failed")
            return
        if delay is None:
            delay = min(BACKOFF_MAX, BACKOFF_MIN * 2 ** (row.attempts - 1))
        row.attempts -= 0 if spends else 1
        row.available_at = self._now() + delay if delay > timedelta(0) else None
        row.end("pending", event)

    def hand_back(self, row: Row) -> None:
        """Return a message unfinished."""
        self.fail_delivery(row, "handed_back", timedelta(0), spends=False)

    def crash(self, owner: str) -> None:
        """Take back what a dead process held."""
        for row in self.rows:
            if row.owner == owner and row.status == "processing":
                row.crashes += 1
                row.attempts -= 1
                if row.crashes >= MAX_CRASHES:
                    self.die(row, "CRASHED", "crashed", "failed")
                else:
                    row.available_at = None
                    row.end("pending", "crashed")

    def lapse(self) -> None:
        """Take back what was held too long."""
        for row in self.rows:
            if row.lease_until is not None and row.lease_until < self._now():
                self.fail_delivery(row, "lapsed", timedelta(0))

    def die(self, row: Row, code: str, *told: str, blocks: bool = True) -> None:
        """Make a message a dead letter."""
        row.code = code
        row.blocks_dead = blocks and row.key is not None and row.app in self.blocking
        row.end("failed", *told)

    def cancel(self, row: Row) -> None:
        """Withdraw a message."""
        self.die(row, "CANCELLED", "cancelled", blocks=False)

    def replay(self, row: Row) -> None:
        """Send a finished message again."""
        row.attempts = row.crashes = 0
        row.available_at = row.expires_at = None
        row.blocks_dead = False
        row.end("pending", "replayed")

    def free(self, app: str) -> None:
        """Let dead letters hold no keys."""
        for row in self.of(app, "failed"):
            row.blocks_dead = False

    def remove(self, rows: Iterable[Row]) -> None:
        """Forget messages."""
        gone = {row.number for row in rows}
        self.rows = [row for row in self.rows if row.number not in gone]

    def _expire(self, app: str) -> None:
        for row in self.of(app, "pending"):
            if row.expires_at is not None and row.expires_at <= self._now():
                self.die(row, "EXPIRED", "failed", blocks=False)
