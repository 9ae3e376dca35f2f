"""What the store knows of a message at one app: its row, its queue's figures, its timeline."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from crossdock.domain.lifecycle import Status
from crossdock.domain.message import AppId, Message
from crossdock.domain.retry import Failure
from crossdock.domain.rules import Rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One message at one app, as it stood when it was read. All instants are aware UTC.

    Attributes:
        row_id: Rises in the order of arrival.
        attempts: Deliveries so far that count against ``max_attempts``.
        crashes: Deliveries during which the worker's process died.
        max_attempts: Set by the send, or None for the receiver's policy.
        available_at: None: ready now.
        blocked: True while an earlier message of the same partition key stands before it.
        revision: Rises with each change; 0: inserted by another program and not touched since.
        result: What the receiver answered.
        error: Why it failed, or why its last attempt did.
        archived_at: When it went to the archive; None: it is not there.
    """

    row_id: int
    message: Message
    source_app: AppId
    app: AppId
    status: Status
    attempts: int
    crashes: int
    max_attempts: int | None
    available_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    claimed_at: datetime | None
    processed_at: datetime | None
    lease_owner: str | None
    lease_until: datetime | None
    blocked: bool
    revision: int
    result: Any
    error: Failure | None
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueStats:
    """How one app's queue stands.

    Attributes:
        ready: Could be claimed now.
        scheduled: Wait for their time (delayed, or between two attempts).
        blocked: Wait for an earlier message of their partition key.
        processing: Claimed and not settled.
        failed: Dead letters.
        paused: Nothing is claimed until the queue is resumed.
        parked_until: Nothing is claimed before; the far side asked to wait. None: it is not parked.
        note: Why it is paused or parked, if a delivery did it.
        breaker: Of its circuit breaker: ``open`` while it is parked by it, ``half-open`` while one message at a time is
            the probe; None: closed, or there is none.
        max_depth: No message is taken in while ready, scheduled and blocked are so many together; None: no limit.
        max_processing: So many messages are worked on at a time, in all processes together; None: no limit.
        rate: So many deliveries are begun in a time, in all processes together; None: no limit.
        fallback: Receives what fails for good; None: nobody does.
        oldest_due_at: Since when the message that waits longest could have been claimed: since it was sent, its time
            came, it was given back or replayed, or its turn in its partition key came. None: none is ready.
    """

    app: AppId
    ready: int = 0
    scheduled: int = 0
    blocked: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    paused: bool = False
    parked_until: datetime | None = None
    note: str | None = None
    breaker: Literal["open", "half-open"] | None = None
    max_depth: int | None = None
    max_processing: int | None = None
    rate: Rate | None = None
    fallback: AppId | None = None
    oldest_due_at: datetime | None = None

    @property
    def depth(self) -> int:
        """How many messages wait: ready, scheduled and blocked."""
        return self.ready + self.scheduled + self.blocked


@dataclass(frozen=True, slots=True)
class HubProcess:
    """A process that works by a configuration.

    Attributes:
        owner: Its name and boot id.
        generation: The newest one that it has applied.
        problem: What of it could not be applied; None: all was.
    """

    owner: str
    pid: int
    host: str
    generation: int
    problem: str | None


@dataclass(frozen=True, slots=True)
class AppSwitch:
    """What operators said of the work for an app.

    Attributes:
        stopped_at: Since when no process is to work for it; None: they are to.
        stopped_by: Who said so.
        restarts: How often whoever works for it was to begin anew.
    """

    stopped_at: datetime | None = None
    stopped_by: str | None = None
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class AppOverride:
    """What was said of an app through the API, over what its configuration says.

    Attributes:
        document: A table of the configuration, as JSON has it; null: as if nothing were said of that key.
        revision: From 1; another after each change.
        who: Changed it last.
    """

    document: dict[str, Any]
    revision: int
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened to a message.

    Attributes:
        at: Aware UTC.
        event: ``message.sent``, ``message.claimed``, … (one per verb of the lifecycle).
        attempt: The delivery it belongs to, from 1; None: to none.
        who: The process or the person that did it.
        code: A failure code, where it is about a failure.
        details: Facts that belong to this event alone.
    """

    at: datetime
    event: str
    app: AppId
    attempt: int | None = None
    who: str | None = None
    code: str | None = None
    details: dict[str, Any] = field(default_factory=dict)
