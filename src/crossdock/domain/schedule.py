"""Schedules: what sends itself, when its slots are, and which of them are sent once their time has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, TypeAlias, assert_never

from crossdock.domain import cron, local_time
from crossdock.domain.errors import InvalidMessage
from crossdock.domain.message import AppId, Message, MessageId, instant_issue

SHORTEST_INTERVAL: Final = timedelta(seconds=1)
LONGEST_INTERVAL: Final = timedelta(days=3653)
GRACE: Final = timedelta(minutes=1)
"""A slot is on time if it is sent so long after its instant."""
SCHEDULER: Final = AppId("scheduler")
"""The app that sends what schedules send, unless they say otherwise: the same whoever declared or sends it."""
EXTENSION: Final = "schedule"
"""The CloudEvents attribute that names the schedule a message comes from; its ``time`` is the slot."""
_INSTANT_BEFORE: Final = timedelta(microseconds=1)


class Missed(StrEnum):
    """What becomes of slots that nobody was there to send."""

    LATEST = "latest"
    ALL = "all"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Cron:
    """Slots as a cron expression names them, on the clocks of a time zone.

    Raises:
        InvalidMessage: The expression or the zone is none.
    """

    expression: str
    timezone: str = "UTC"
    start: datetime | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "expression", cron.parse(self.expression).text)
        local_time.zone(self.timezone)
        _check_start(self.start)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than an instant, aware UTC; None: there is none."""
        if self.start is not None:
            moment = max(moment, self.start - _INSTANT_BEFORE)
        return local_time.next_time(cron.parse(self.expression), local_time.zone(self.timezone), moment)

    def opens(self, now: datetime) -> datetime:
        """Return the instant after which slots count, for a schedule that is declared now."""
        return now


@dataclass(frozen=True, slots=True)
class Interval:
    """Slots at equal distances of elapsed time from ``start`` on, whatever the clocks show.

    Raises:
        InvalidMessage: ``every`` is too short or too long, or ``start`` is no instant.
    """

    every: timedelta
    start: datetime

    def __post_init__(self) -> None:
        if not isinstance(self.every, timedelta) or not SHORTEST_INTERVAL <= self.every <= LONGEST_INTERVAL:
            raise InvalidMessage.of(
                "interval",
                f"{self.every!r} is not a timedelta from 1 second to {LONGEST_INTERVAL.days} days",
            )
        _check_start(self.start)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the first slot later than an instant, aware UTC; None: there is none."""
        if moment < self.start:
            return self.start.astimezone(UTC)
        try:
            return (self.start + ((moment - self.start) // self.every + 1) * self.every).astimezone(UTC)
        except OverflowError:
            return None

    def opens(self, now: datetime) -> datetime:
        """Return the instant after which slots count, for a schedule that is declared now."""
        return now


@dataclass(frozen=True, slots=True)
class Once:
    """A single slot; one that was in the past when it was declared is due at once.

    Raises:
        InvalidMessage: It is no instant.
    """

    at: datetime

    def __post_init__(self) -> None:
        if issue := instant_issue(self.at):
            raise InvalidMessage.of("at", issue)

    def next_after(self, moment: datetime) -> datetime | None:
        """Return the slot if it is later than an instant, aware UTC; None: it is not."""
        return self.at.astimezone(UTC) if self.at > moment else None

    def opens(self, now: datetime) -> datetime:  # noqa: ARG002 - the signature of its siblings
        """Return the instant after which slots count, for a schedule that is declared now."""
        return self.at.astimezone(UTC) - _INSTANT_BEFORE


Timing: TypeAlias = Cron | Interval | Once


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSpec:
    """What a program, a configuration or a person declares.

    Attributes:
        app: Whose queue gets the messages.
        text: Data as JSON text; or ``raw``: data as bytes.
        options: Of each send, as JSON has them.
        configured: A configuration declares it.
        fixed_start: The start was given, so that another one is a change.
    """

    name: str
    app: AppId
    timing: Timing
    missed: Missed
    text: str | None
    raw: bytes | None
    options: Mapping[str, Any]
    configured: bool = False
    fixed_start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as the store keeps it. All instants are aware UTC.

    Exactly one of ``cron``, ``interval`` and ``at`` is set.

    Attributes:
        app: Whose queue gets the messages.
        data: Of each message.
        cron: The expression, in five fields.
        timezone: Whose clocks ``cron`` is read from.
        interval: The distance between two slots.
        at: The one slot of a schedule that sends once.
        start: No slot is before it; the slots of an interval are counted from it.
        missed: What becomes of slots that nobody was there to send: ``latest``, ``all`` or ``skip``.
        options: Of each send: type, priority and the like.
        configured: It was last declared by a configuration.
        next_at: The next slot; None: there is none any more.
        last_slot: The slot that was sent last.
        sent: So many messages were sent.
        paused_at: Since when nothing is sent; None: it is not paused.
        declared_by: The process that declared it last.
        revision: Rises with each change.
        change: What declaring it has done: ``created``, ``replaced`` or ``unchanged``; None: it was only read.
    """

    name: str
    app: AppId
    data: Any
    cron: str | None
    timezone: str | None
    interval: timedelta | None
    at: datetime | None
    start: datetime | None
    missed: Missed
    options: Mapping[str, Any] = field(default_factory=dict)
    configured: bool
    next_at: datetime | None
    last_slot: datetime | None
    sent: int
    paused_at: datetime | None
    created_at: datetime
    declared_by: str
    updated_at: datetime
    revision: int
    change: Literal["created", "replaced", "unchanged"] | None = None

    @property
    def timing(self) -> Timing:
        """When its slots are.

        Raises:
            InvalidMessage: This machine does not know the time zone.
        """
        return timing_of(
            cron_text=self.cron, timezone=self.timezone, interval=self.interval, at=self.at, start=self.start
        )

    def slots(self, count: int) -> list[datetime]:
        """Return the next slots, at most ``count``, as far as is known today.

        Raises:
            InvalidMessage: This machine does not know the time zone.
        """
        found: list[datetime] = []
        slot = self.next_at
        while slot is not None and len(found) < count:
            found.append(slot)
            slot = self.timing.next_after(slot)
        return found

    def known_slots(self, count: int) -> list[datetime]:
        """Return the next slots, at most ``count``, as far as this machine can know them."""
        try:
            return self.slots(count)
        except InvalidMessage:
            return [] if self.next_at is None else [self.next_at]


class Firing(NamedTuple):
    """What is to be done with a schedule whose time has come.

    Attributes:
        slots: Are sent, in this order.
        decided_until: No slot up to here will be looked at again.
        next_at: The next slot; None: there is none.
    """

    slots: tuple[datetime, ...]
    decided_until: datetime
    next_at: datetime | None


def timing_of(
    *,
    cron_text: str | None,
    timezone: str | None,
    interval: timedelta | None,
    at: datetime | None,
    start: datetime | None,
) -> Timing:
    """Return the timing that columns describe.

    Raises:
        InvalidMessage: They describe none, or this machine does not know the time zone.
    """
    if cron_text is not None:
        return Cron(cron_text, timezone or "UTC", start)
    if interval is not None and start is not None:
        return Interval(interval, start)
    if at is not None:
        return Once(at)
    raise InvalidMessage.of("schedule", "says neither cron, nor interval and start, nor at")


def fire(timing: Timing, missed: Missed, *, decided_until: datetime, now: datetime, limit: int) -> Firing:
    """Decide which slots are sent now, and when to look again.

    Args:
        timing: When the slots are.
        missed: What becomes of those that are late.
        decided_until: Slots up to here were sent or left out before.
        now: Slots later than this are not due.
        limit: At most so many at once; the rest is due at once again.
    """
    first = timing.next_after(decided_until)
    if first is None or first > now:
        return Firing((), decided_until, first)
    match missed:
        case Missed.ALL:
            slots = _first_slots(timing, first, now, limit)
        case Missed.LATEST:
            slots = (_latest(timing, first, now),)
        case Missed.SKIP:
            latest = _latest(timing, first, now)
            if now - latest > GRACE:
                return Firing((), latest, timing.next_after(latest))
            slots = (latest,)
        case _:
            assert_never(missed)
    return Firing(slots, slots[-1], timing.next_after(slots[-1]))


def slot_id(name: str, slot: datetime) -> MessageId:
    """Return the id of the message of a slot: the same whoever makes it, so that there can be only one."""
    return MessageId(f"{name}@{slot_text(slot)}")


def scheduled_by(message: Message) -> dict[str, Any]:
    """Return the schedule and the slot that a message comes from, in words for its timeline; nothing, if from none."""
    name = message.extensions.get(EXTENSION)
    if isinstance(name, str) and message.id == slot_id(name, message.time):
        return {"schedule": name, "slot": slot_text(message.time)}
    return {}


def slot_text(slot: datetime) -> str:
    """Write a slot as RFC 3339 has it, in UTC."""
    return slot.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def _first_slots(timing: Timing, first: datetime, now: datetime, limit: int) -> tuple[datetime, ...]:
    found: list[datetime] = []
    slot: datetime | None = first
    while slot is not None and slot <= now and len(found) < limit:
        found.append(slot)
        slot = timing.next_after(slot)
    return tuple(found)


def _latest(timing: Timing, first: datetime, now: datetime) -> datetime:
    """Return the last slot not later than now; ``first`` is one of them.

    Halves the time before which there must be one until nothing but the last slot is left in it.
    """
    low, high = first - _INSTANT_BEFORE, now
    latest = first
    while high - low > _INSTANT_BEFORE:
        middle = low + (high - low) / 2
        slot = timing.next_after(middle)
        if slot is not None and slot <= now:
            latest = low = slot
        else:
            high = middle
    return latest


def _check_start(start: datetime | None) -> None:
    if start is not None and (issue := instant_issue(start)):
        raise InvalidMessage.of("start", issue)
