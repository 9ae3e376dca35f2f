"""The port to the Message Store, split by who calls it.

A store runs *work* (a function of one open transaction) durably: ``write`` returns after the commit. Work may be
run together with that of other callers in one transaction; if it raises, its own changes alone are undone. Work may
be run again after a transaction that came to nothing. It must not block and must not call the store again.

Work that only sends says so by a true attribute ``only_sends``: it may be run again even when nobody knows whether
its commit took place, since messages are found by their ids. Work that sends one message without a partition key
tells it by the attribute ``single``: a pair of draft and envelope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crossdock.ports.archive import ArchiveReading, ArchiveVerbs
from crossdock.ports.doors import AnswerVerbs, AppReading, AppVerbs, KeyReading, KeyVerbs
from crossdock.ports.exports import ExportingVerbs, ExportsReading
from crossdock.ports.following import FollowingReading
from crossdock.ports.scheduling import DueSchedule, ScheduleVerbs
from crossdock.ports.switching import ReloadVerbs, SwitchReading, SwitchVerbs

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from crossdock.domain.control import ChangedStep, Pace
    from crossdock.domain.delivery import Claimed, ClaimRequest, DeliveryKey, Overdue, Settlement, Undecodable
    from crossdock.domain.events import Event
    from crossdock.domain.lifecycle import Status
    from crossdock.domain.message import AppId, Draft, Envelope, SentMessage
    from crossdock.domain.record import HubProcess, QueueStats, Record, TimelineEntry
    from crossdock.domain.retry import Failure
    from crossdock.domain.rules import QueueRules
    from crossdock.domain.schedule import Schedule, ScheduleSpec
    from crossdock.ports.examination import Examinations
    from crossdock.ports.peers import Peers

T = TypeVar("T")


class SendingVerbs(Protocol):
    """What a sender does in a transaction."""

    def send(self, draft: Draft, envelope: Envelope) -> SentMessage:
        """Store one message, or return the one that the app holds already, marked as duplicate.

        Raises QueueFull if the app's queue is as deep as it may be.
        """

    def send_admitted(self, draft: Draft, envelope: Envelope) -> SentMessage:
        """Do the same whatever the depth of the queue: room was made for it, or it answers work that is done."""

    def admit(self, app: str, count: int) -> None:
        """Make sure that an app's queue may be so many messages deeper; raises QueueFull."""

    def first_full(self, apps: Iterable[AppId]) -> AppId | None:
        """Return the first of these apps whose queue takes in nothing more; None: none."""

    def send_many(self, drafts: Sequence[Draft], envelope: Envelope) -> Sequence[int]:
        """Store many new messages of one envelope and return their row ids, in order; raises QueueFull."""

    def send_many_admitted(self, drafts: Sequence[Draft], envelope: Envelope) -> Sequence[int]:
        """Do the same whatever the depth of the queue."""

    def note_sent(self, app: str, count: int = 1) -> None:
        """Count messages that were taken in whatever the depth of their queue."""


class WorkingVerbs(Protocol):
    """What a worker does in a transaction, and the rescuer for workers that are gone."""

    def claim(self, request: ClaimRequest) -> Sequence[Claimed | Undecodable]:
        """Lease the first ready messages of an app, in the order in which they are to be handled."""

    def settle(self, settlements: Sequence[Settlement]) -> set[DeliveryKey]:
        """End deliveries; return those whose lease still held.

        What such a delivery says of its whole queue (``halts``) takes effect with it.
        """

    @property
    def events(self) -> Sequence[Event]:
        """What has happened in this transaction so far; the store tells of it once it is committed."""

    def extend(self, row_ids: Sequence[int], lease_token: str, until: datetime) -> set[DeliveryKey]:
        """Set the end of leases; return the deliveries that are still held."""

    def in_hand(self, app: str, keys: Sequence[DeliveryKey]) -> Sequence[Overdue]:
        """Return the deliveries of an app that are still held, with what their end is judged by."""

    def note(self, keys: Sequence[DeliveryKey], words: str) -> set[DeliveryKey]:
        """Note JSON on messages that are worked on, as their result so far; return those that are still held."""

    def crash(self, owner: str, *, max_crashes: int, limit: int) -> int:
        """Take back what a dead process held; return how many, ``limit`` if there may be more."""

    def lapse(
        self, row_id: int, lease_token: str, owner: str, failure: Failure, when: datetime | None
    ) -> bool:
        """Take back a message whose lease ran out, for ``when`` or, with None, as a dead letter."""

    def hand_back_all(self, owner: str, limit: int) -> int:
        """Give back everything a process holds, nothing spent; return how many."""


class ControlVerbs(Protocol):
    """What an operator does in a transaction."""

    def cancel(self, record: Record, *, waiting: bool = False) -> None:
        """Withdraw a message that is not finished, or only if nobody works on it; raises IllegalMove."""

    def replay(self, record: Record, available_at: datetime | None = None) -> None:
        """Send a finished message again."""

    def edit(self, record: Record, changes: Mapping[str, Any]) -> None:
        """Change columns of a message that waits or failed."""

    def revision_of(self, row_id: int) -> int | None:
        """Return how often a message was changed, which no other transaction changes before ours has ended.

        None: it is not there.
        """

    def delete(self, record: Record) -> None:
        """Hide a finished message."""

    def cancel_step(self, app: str, *, after: int, limit: int) -> ChangedStep:
        """Withdraw an app's waiting messages behind a row, in order, up to ``limit``."""

    def replay_step(
        self, app: str, *, code: str | None, pace: Pace | None, after: int, limit: int
    ) -> ChangedStep:
        """Send an app's dead letters (of one code) behind a row again, in order, up to ``limit``."""

    def purge(self, app: str, status: Status, before: datetime, limit: int) -> int:
        """Remove finished messages for good; return how many, ``limit`` if there may be more."""

    def pause(self, app: str) -> None:
        """Let nothing more be claimed from a queue."""

    def resume(self, app: str) -> None:
        """Let a paused or parked queue be claimed from again."""

    def set_rules(self, app: str, rules: Mapping[str, Any]) -> None:
        """Put rules of a queue into force (``QueueRules``); None takes one away, what is not named stays."""


class PositionVerbs(Protocol):
    """What an inbound endpoint does in the transaction that stores what it received."""

    def put_position(self, app: str, key: str, value: str | None) -> None:
        """Note how far an app has come in something, as JSON; None forgets it."""


class Transaction(
    SendingVerbs,
    WorkingVerbs,
    ControlVerbs,
    ReloadVerbs,
    PositionVerbs,
    ScheduleVerbs,
    ArchiveVerbs,
    AppVerbs,
    KeyVerbs,
    AnswerVerbs,
    ExportingVerbs,
    SwitchVerbs,
    Protocol,
):
    """One open write transaction."""

    now: datetime
    """Aware UTC; one instant for the whole transaction."""
    who: str
    """Under whose name it acts; who changes it for a while sets it back."""


class Reading(
    ArchiveReading, AppReading, KeyReading, FollowingReading, ExportsReading, SwitchReading, Protocol
):
    """One consistent snapshot."""

    def find(self, message_id: str, app: str | None, source_app: str | None = None) -> Record:
        """Return the one record of a message; raises MessageNotFound."""

    def status(self, row_id: int) -> Status | None:
        """Return the status of a row, without anything else of it; None: it is in the archive, or gone."""

    def row(self, row_id: int) -> Record | None:
        """Return the record of a row, or None."""

    def list(  # noqa: PLR0913 - all but one by keyword
        self,
        app: str | None,
        *,
        status: Status | None,
        limit: int,
        after: int | None,
        newest_first: bool,
        fetch: Callable[[str], bytes | None] | None = None,
    ) -> builtins.list[Record]:
        """Return records in order of arrival; those in the archive only if their status is asked for.

        ``fetch`` returns a payload by its checksum (``payload``); it is called when somebody looks at such data.
        Without it that must be before the end of this snapshot.
        """

    def payload(self, checksum: str) -> bytes | None:
        """Return data that lies outside its row; None: it is not in the store."""

    def stats(self, app: str | None, now: datetime) -> dict[str, QueueStats]:
        """Return the figures of one queue, or of all."""

    def actions(self, app: str, limit: int) -> builtins.list[TimelineEntry]:
        """Return what operators did to a queue as a whole, the newest first; an empty name: to all of the store."""

    def timeline(self, record: Record) -> builtins.list[TimelineEntry]:
        """Return everything that happened to a message at one app, in order."""

    def has_work(self, app: str, now: datetime, *, suspects: bool = True) -> bool:
        """Tell whether a claim could find something; without ``suspects``, what was in no process that died."""

    def next_due(self, app: str) -> datetime | None:
        """Return when the app's next scheduled message becomes due."""

    def halted_until(self, app: str, now: datetime) -> datetime | None:
        """Return when the app's queue may be claimed from again that is parked, or has used up its rate."""

    def rules(self) -> dict[str, QueueRules]:
        """Return the rules of each queue of which anything was ever said."""

    def generation(self) -> int:
        """Return the generation of the configuration that is to be applied."""

    def processes(self) -> builtins.list[HubProcess]:
        """Return every process that works by a configuration, with the generation that it has applied."""

    def schedules(self) -> builtins.list[Schedule]:
        """Return every schedule, by name."""

    def schedule(self, name: str) -> Schedule:
        """Return one schedule; raises ScheduleNotFound."""

    def differing(self, specs: Sequence[ScheduleSpec]) -> builtins.list[ScheduleSpec]:
        """Return those of some declarations that are not as the store has them."""

    def next_slot(self) -> datetime | None:
        """Return when the next schedule is due; asked several times per second, so it must cost next to nothing."""

    def due_schedules(self, now: datetime, limit: int) -> Sequence[DueSchedule]:
        """Return schedules whose time has come, the longest due first."""

    def positions(self, app: str) -> dict[str, Any]:
        """Return how far an app has come in what it reads, by key."""

    def notes(self, row_ids: Sequence[int]) -> dict[int, Any]:
        """Return what is noted on messages, by row."""

    def owners(self) -> builtins.list[str]:
        """Return every process that holds a message."""

    def ending_owners(self, now: datetime) -> builtins.list[str]:
        """Return whose kept leases are about to end, where others cannot see for themselves that the owners live."""

    def overdue(self, now: datetime, limit: int) -> builtins.list[Overdue]:
        """Return claimed messages whose lease ran out."""

    def held(self, owner: str, limit: int) -> builtins.list[Overdue]:
        """Return the messages that a process holds."""


class Ear(Protocol):
    """Hears when an app's queue may have got something. Only a hint: whoever waits also looks now and then."""

    def listen(self) -> None:
        """Forget all that was heard and count as asleep; to be called before looking for messages, never after."""

    def rest(self) -> None:
        """Count as busy, so that others are woken instead."""

    def announce(self, within_s: float) -> None:
        """Count as sure to look within so many seconds, a quarter at most: until then nobody needs to be woken."""

    def wait(self, timeout_s: float) -> bool:
        """Wait until something is heard; False: nothing was."""

    async def wait_async(self, timeout_s: float) -> bool:
        """Do the same without blocking the event loop."""

    def tell(self) -> None:
        """Let who waits with it in this event loop hear something, so that it looks about."""

    def close(self) -> None:
        """Stop listening; safe to call twice."""


class Store(Protocol):
    """Durable messages."""

    adapters: dict[str, str]
    """By app, the kind of what hands it its messages in this process; events of its messages name it."""

    @property
    def in_memory(self) -> bool:
        """Whether the store is in this process alone."""

    @property
    def many_hosts(self) -> bool:
        """Whether other hosts use the store, too, whose files cannot be looked at from here."""

    @property
    def owner(self) -> str:
        """This process's name and boot id, as it stands in ``lease_owner``."""

    @property
    def closed(self) -> bool:
        """Whether the store was closed."""

    @property
    def peers(self) -> Peers | None:
        """The other processes of the store; None: there can be none."""

    @property
    def examinations(self) -> Examinations | None:
        """The examinations of the store's file; None: its pages are the care of a server, or of nobody."""

    def now(self) -> datetime:
        """Return the present, aware UTC."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Execute ``work`` in a durable transaction; return what it returned, after the commit."""

    async def write_async(self, work: Callable[[Transaction], T]) -> T:
        """Do the same without blocking the event loop."""

    def read(self, query: Callable[[Reading], T]) -> T:
        """Ask something of one consistent snapshot."""

    async def read_async(self, query: Callable[[Reading], T]) -> T:
        """Do the same without blocking the event loop."""

    def send_inside(self, connection: Any, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in the transaction of the caller's own connection, which decides whether it counts."""

    def transaction(
        self, settlement: Settlement, message_id: str, settled: Callable[[], None]
    ) -> AbstractContextManager[Any]:
        """Give a connection; what is written through it commits together with the settlement."""

    def keep(self) -> None:
        """Get ready to keep leases for as long as this process lives and runs, whatever user code does to it."""

    def renew(self, owners: Sequence[str], now: datetime) -> None:
        """Renew the kept leases of those owners that live and run, as far as they are about to end."""

    def tend(self) -> None:
        """Do what keeps the store quick whatever other programs do to it; cheap, to be called now and then."""

    def alone(self, what: str) -> AbstractContextManager[bool]:
        """Be the only one of the store's processes on this host that does ``what``; False: another is at it."""

    def shrink(self) -> bool:
        """Give back a bounded part of the space that is not used; False: there is not enough to be worth it."""

    def listen(self, app: str) -> Ear:
        """Return a new ear for one app."""

    def close(self) -> None:
        """Release everything; safe to call twice."""
