"""What can happen, as typed events: one catalogue for timelines, logs and metrics.

The docstring of an event says what happened; its row in ``docs/reference/events.md`` is made of it. A field is there
even when it is zero or unknown. No event holds data of a message.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar


class Level(IntEnum):
    """Who should know of an event; the numbers are those of Python's ``logging``."""

    DEBUG = 10
    """Each delivery."""
    INFO = 20
    """Processes and connections change state."""
    WARNING = 30
    """We recovered, and someone may care."""
    ERROR = 40
    """A person must act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        name: Stable; a part of the public interface, like ``level``.
        text: Says it to a person; empty where name and fields say all.
    """

    name: ClassVar[str] = ""
    level: ClassVar[Level] = Level.INFO

    @property
    def text(self) -> str:
        """Say it to a person; empty where name and fields say all."""
        return ""

    def fields(self) -> Iterator[tuple[str, Any]]:
        """Give the facts, each under its name; the ``reason`` of an event is in its text."""
        names = (field.name for field in dataclasses.fields(self) if field.name != "reason")
        return ((name, getattr(self, name)) for name in names)


# --- what happens to a message: these names stand in its timeline, too ------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageEvent(Event):
    """A move of a message at one app.

    Attributes:
        adapter: The kind of what hands the app its messages in the process that tells it; None: nothing does there.
        attempt: The delivery it belongs to, from 1; None: to none.
        code: A failure code, where it is about a failure.
        duration_s: From its claim to now, where a delivery ends.
        reason: Why, where there is more to say than the code does.
        who: The process that did it.
    """

    level = Level.DEBUG
    message_id: str
    app: str
    adapter: str | None = None
    attempt: int | None = None
    code: str | None = None
    duration_s: float | None = None
    trace_id: str | None = None
    who: str | None = None
    reason: str | None = None

    @property
    def text(self) -> str:
        """Say why."""
        return self.reason or ""


class MessageSent(MessageEvent):
    """It was stored (in timelines alone: its sender knows)."""

    name = "message.sent"


class MessageClaimed(MessageEvent):
    """A worker took it."""

    name = "message.claimed"


class MessageCompleted(MessageEvent):
    """It was acknowledged."""

    name = "message.completed"


class MessageNacked(MessageEvent):
    """An attempt failed and will be retried."""

    name = "message.nacked"


class MessageLapsed(MessageEvent):
    """The lease of an attempt ran out, or its handler ran on after its timeout; it will be retried."""

    name = "message.lapsed"


class MessageCrashed(MessageEvent):
    """The process that had it died; the attempt is given back."""

    name = "message.crashed"


class MessageHandedBack(MessageEvent):
    """It was given back unfinished, nothing spent."""

    name = "message.handed_back"


class MessageFailed(MessageEvent):
    """It became a dead letter."""

    name = "message.failed"
    level = Level.WARNING

    @property
    def text(self) -> str:
        """Say of which message, and why."""
        return f"{self.app!r} has a dead letter, {self.message_id} ({self.code}): {self.reason}"


class MessageFellBack(MessageEvent):
    """The dead letter was handed to the fallback of its app."""

    name = "message.fell_back"


class MessageCancelled(MessageEvent):
    """An operator withdrew it."""

    name = "message.cancelled"


class MessageEdited(MessageEvent):
    """An operator changed it."""

    name = "message.edited"


class MessageReplayed(MessageEvent):
    """An operator sent it again."""

    name = "message.replayed"


class MessageArchived(MessageEvent):
    """It went to the archive (in timelines alone)."""

    name = "message.archived"


class MessageDeleted(MessageEvent):
    """An operator hid it."""

    name = "message.deleted"


# --- what happens to a queue ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Event):
    """An event that is told in words by whoever knows what was tried and what to do."""

    level = Level.WARNING
    reason: str

    @property
    def text(self) -> str:
        """Say it to a person."""
        return self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class OfQueue(Told):
    """Something that happened to the queue of an app."""

    app: str


class QueuePaused(OfQueue):
    """An operator lets nothing more be claimed from a queue."""

    name = "queue.paused"
    level = Level.INFO


class QueueResumed(OfQueue):
    """An operator lets a paused or parked queue be claimed from again."""

    name = "queue.resumed"
    level = Level.INFO


class QueueRefused(OfQueue):
    """The far side refuses the credentials of an app; its queue is paused until a person has mended them."""

    name = "queue.refused"
    level = Level.ERROR


class QueueParked(OfQueue):
    """The far side of an app asked to wait; its queue is parked until then."""

    name = "queue.parked"


class QueueRulesChanged(OfQueue):
    """Other rules of a queue were put into force."""

    name = "queue.rules_changed"
    level = Level.INFO


class QueueHeldUp(OfQueue):
    """An app waits, since the queue that its messages go to is as deep as its ``max_depth``."""

    name = "queue.held_up"


class QueuePurged(OfQueue):
    """An operator removed finished messages, with their timelines, for good."""

    name = "queue.purged"
    level = Level.INFO


class BreakerOpened(OfQueue):
    """A circuit breaker has parked the queue of an app, since its far side seems to be down."""

    name = "breaker.opened"


class BreakerClosed(OfQueue):
    """The circuit breaker has let the queue of an app go on as usual."""

    name = "breaker.closed"
    level = Level.INFO


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAdapter(OfQueue):
    """Something that happened between the adapter of an app and its far side."""

    adapter: str


class AdapterNotConnected(OfAdapter):
    """The far side of an app cannot be reached. It is tried again, later each time; no message is at fault."""

    name = "adapter.not_connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterConnected(OfAdapter):
    """The far side of an app is reached again."""

    name = "adapter.connected"
    level = Level.INFO
    duration_s: float


class AdapterFailed(OfAdapter):
    """An adapter that takes messages in failed, and is connected anew."""

    name = "adapter.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterSaid(OfAdapter):
    """An adapter tells something of its far side that a person should know; ``what`` names it."""

    name = "adapter.said"
    what: str


class InboundNoRoute(OfAdapter):
    """Nobody receives what comes in through an app, so it waits; give it ``next`` and reload."""

    name = "inbound.no_route"


class InboundWaiting(OfAdapter):
    """What was received could not be stored; it is tried again, and comes again if the process ends."""

    name = "inbound.waiting"


class HandlerTooLate(OfAdapter):
    """A handler settled its delivery itself, and what it returned or raised afterwards had no effect."""

    name = "handler.too_late"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLost(OfQueue):
    """Results came too late and were dropped; the messages run again, or have already."""

    name = "lease.lost"
    adapter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTakenBack(Told):
    """Messages were taken back from a process that died, was stopped, or worked on one for too long."""

    name = "lease.taken_back"
    owner: str
    messages: int


# --- what happens to a store, and in the services that look after it ---------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreOpened(Event):
    """A process has opened a store."""

    name = "store.opened"
    store: str
    owner: str
    duration_s: float

    @property
    def text(self) -> str:
        """Say where."""
        return f"opened {self.store} as {self.owner}"


class StoreSafeMode(Told):
    """SQLite has the WAL-reset race; the store runs in the safe mode."""

    name = "store.safe_mode"


class StoreNotDurable(Told):
    """A PostgreSQL server has ``fsync`` or ``synchronous_commit`` off: power failures take acknowledged messages."""

    name = "store.not_durable"


class StoreTendingFailed(Told):
    """Removing what ANALYZE noted failed; it is tried again, and told once."""

    name = "store.tending_failed"


class TransactionSlow(Told):
    """A ``transaction()`` has kept all other writers waiting for a second."""

    name = "transaction.slow"


class ConsumeWaiting(Told):
    """A consumer could not read or write the store, and tries again."""

    name = "consume.waiting"


class ConsumeFlushFailed(Told):
    """Results could not be written yet; they are tried again."""

    name = "consume.flush_failed"


class RescuerFailed(Told):
    """Looking after leases failed; it is tried again, and told once."""

    name = "rescuer.failed"


class SchedulerFailed(Told):
    """Looking after schedules failed; it is tried again, and told once."""

    name = "scheduler.failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSchedule(Told):
    """Something that happened to a schedule."""

    schedule: str


class ScheduleFailed(OfSchedule):
    """A schedule cannot be sent, for example because this machine does not know its time zone; the others are sent."""

    name = "schedule.failed"
    level = Level.ERROR


class ScheduleReplaced(OfSchedule):
    """A schedule was declared differently before, by another version of a program or by another program."""

    name = "schedule.replaced"


class ArchiverStarted(Event):
    """A pass of the archiver began."""

    name = "archiver.started"
    level = Level.DEBUG


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiverStopped(Event):
    """A pass of the archiver ended: so many messages went to the archive, so many files were written."""

    name = "archiver.stopped"
    level = Level.DEBUG
    messages: int
    files: int
    duration_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiverFailed(Told):
    """Moving messages to the archive or writing files failed; it is tried again, and told once."""

    name = "archiver.failed"
    duration_s: float
