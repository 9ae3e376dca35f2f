# Made from async_queue.py by tools/generate_sync.py. Do not edit.
"""The queue."""

from __future__ import annotations

import builtins
import time
import weakref
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, Self

from crossdock.bootstrap import Parts
from crossdock.delivery import Delivery
from crossdock.domain.delivery import ClaimRequest
from crossdock.domain.errors import ConfigError, InvalidMessage, StoreUnavailable
from crossdock.domain.lifecycle import Status
from crossdock.domain.message import (
    DEFAULT_PRIORITY,
    DEFAULT_TYPE,
    AppId,
    ExtensionValue,
    SentMessage,
    check_app,
)
from crossdock.domain.record import QueueStats, Record, TimelineEntry
from crossdock.domain.retry import RetryPolicy
from crossdock.hub.consumption import Consumption
from crossdock.hub.ears import EarShelf
from crossdock.hub.editing import check_changes
from crossdock.hub.gateway import ANY_APP, Policies, check_accepted, split_decoded
from crossdock.hub.sent import SentBatch

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from crossdock.domain.delivery import Outcome
    from crossdock.ports.clock import Clock
    from crossdock.ports.store import Ear
    from crossdock.store.settings import StoreSettings

_LOOK_EVERY_S: Final = 0.25
"""Consumers look so often for what other programs inserted, which wakes nobody."""
_BULK: Final = 500
_UNSET: Final[Any] = object()


class Stop(Protocol):
    """Says when to stop: a ``threading.Event``, an ``asyncio.Event`` or anything like them."""

    def is_set(self) -> bool:
        """Tell whether to stop."""


class Queue:
    """A persistent queue for any number of apps, in one store.

    Any number of processes, threads and tasks may use one store, each with a queue object of its own or shared.

    Args:
        url: ``sqlite:///file.db`` (relative), ``sqlite:////path/file.db`` (absolute) or ``sqlite://`` (in memory).
            The file is made if it is not there.
        app: The name of this application: the sender of what it sends.
        lease: How long a claimed message is ours.
        retry: The policy for deliveries that fail; a mapping has one per app, ``"*"`` for all others.
        max_crashes: A message whose worker died so often is a dead letter.
        settings: How the store is opened.
        clock: Tells the time, for tests.

    Raises:
        ConfigError: A setting is wrong.
        SchemaOutOfDate: A newer version of Crossdock made the store.
        StoreError: The store cannot be opened.
    """

    def __init__(
        self,
        url: str | URL = "sqlite:///crossdock.db",
        *,
        app: str = "python",
        lease: timedelta = timedelta(seconds=30),
        retry: RetryPolicy | Mapping[str, RetryPolicy] | None = None,
        max_crashes: int = 3,
        settings: StoreSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        by_app = retry if isinstance(retry, Mapping) else {ANY_APP: retry or RetryPolicy()}
        policies = Policies(lease=lease, retry=by_app, max_crashes=max_crashes)
        parts = Parts(url, app=_app_setting(app), policies=policies, settings=settings, clock=clock)
        self._store = parts.store
        self._gateway = parts.gateway
        self._housekeeper = parts.housekeeper
        self._in_memory = parts.store.location.path is None
        self._ears = EarShelf(parts.store)
        self._shut_down = weakref.finalize(self, _shut_down, parts, self._ears)
        if not self._in_memory:
            self._housekeeper.start()

    @classmethod
    def testing(cls, clock: Clock | None = None, **options: Any) -> Self:
        """Return a queue in memory, for tests of applications.

        Args:
            clock: For example a ``crossdock.testing.FakeClock``; delays, retries and leases follow it.
            options: As for the queue itself.
        """
        return cls("sqlite://", clock=clock, **options)

    def __enter__(self) -> Self:
        """Return the queue."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the queue."""
        self.close()

    # --- send -------------------------------------------------------------------------------------------------

    def send(
        self,
        app: str,
        data: Any,
        *,
        message_id: str | None = None,
        source: str | None = None,
        source_app: str | None = None,
        type: str = DEFAULT_TYPE,
        subject: str | None = None,
        time: datetime | None = None,
        datacontenttype: str | None = None,
        dataschema: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        delay: timedelta | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        partition_key: str | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
        extensions: Mapping[str, ExtensionValue] | None = None,
        retry: RetryPolicy | None = None,
        connection: Any = None,
    ) -> SentMessage:
        """Put one message into an app's queue; returns when it is on the disk.

        Sending the same message (same id, same sender) to the same app again stores nothing and returns the
        message that the app already has, with ``duplicate`` true.

        Args:
            app: Whose queue.
            data: Any JSON value, or bytes; up to 64 MiB.
            message_id: Chosen by the sender, for example to send safely again; default: a new UUIDv7.
            source: CloudEvents source; default: the sending app.
            source_app: The sending app; default: this queue's ``app``.
            type: What kind of message it is.
            subject: What it is about.
            time: When it happened; aware.
            datacontenttype: Default: ``application/json``, or ``application/octet-stream`` for bytes.
            dataschema: URI of the schema of ``data``.
            priority: 0 to 9; 9 is claimed first.
            delay: Deliver after this long.
            available_at: Deliver from then on; aware.
            expires_at: Do not deliver later than this; aware.
            partition_key: Messages of one key are handled one after the other, in the order in which they were sent.
            correlation_id: Of the exchange that this belongs to.
            traceparent: W3C Trace Context.
            extensions: Further CloudEvents attributes.
            retry: A policy for this message alone.
            connection: A SQLAlchemy connection or session inside a transaction on this store: the message is sent
                if that transaction commits.

        Raises:
            InvalidMessage: Something about the message is wrong; all of it is listed.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written; ask ``get`` with the id, or send again with it.
        """
        options = {
            "source": source, "source_app": source_app, "type": type, "subject": subject, "time": time,
            "datacontenttype": datacontenttype, "dataschema": dataschema, "priority": priority, "delay": delay,
            "available_at": available_at, "expires_at": expires_at, "partition_key": partition_key,
            "correlation_id": correlation_id, "traceparent": traceparent, "extensions": extensions, "retry": retry,
        }  # fmt: skip
        envelope = self._gateway.envelope(app, options)
        draft = self._gateway.draft(data, message_id)
        if connection is not None:
            return self._store.send_inside(connection, lambda tx: tx.send(draft, envelope))
        return self._store.write(lambda tx: tx.send(draft, envelope))

    def send_many(
        self,
        app: str,
        items: Iterable[Any],
        *,
        source: str | None = None,
        source_app: str | None = None,
        type: str = DEFAULT_TYPE,
        subject: str | None = None,
        time: datetime | None = None,
        datacontenttype: str | None = None,
        dataschema: str | None = None,
        priority: int = DEFAULT_PRIORITY,
        delay: timedelta | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        partition_key: str | None = None,
        correlation_id: str | None = None,
        traceparent: str | None = None,
        extensions: Mapping[str, ExtensionValue] | None = None,
        retry: RetryPolicy | None = None,
        connection: Any = None,
    ) -> Sequence[SentMessage]:
        """Put many messages into an app's queue, all or none of them; returns when they are on the disk.

        Args:
            app: Whose queue.
            items: The data of each message. An item that is a ``Message`` keeps its id and envelope, and the options
                given here do not apply to it.
            source: This and all that follow: as in ``send``, for each message.

        Raises:
            InvalidMessage: A message is wrong; none was stored.
            StoreFull: The disk is nearly full; nothing was stored.
            StoreUnavailable: The store could not be written.
        """
        options = {
            "source": source, "source_app": source_app, "type": type, "subject": subject, "time": time,
            "datacontenttype": datacontenttype, "dataschema": dataschema, "priority": priority, "delay": delay,
            "available_at": available_at, "expires_at": expires_at, "partition_key": partition_key,
            "correlation_id": correlation_id, "traceparent": traceparent, "extensions": extensions, "retry": retry,
        }  # fmt: skip
        batch = SentBatch(self._gateway, self._gateway.envelope(app, options), items)
        if connection is not None:
            return self._store.send_inside(connection, batch.store)
        return self._store.write(batch.store)

    # --- work -------------------------------------------------------------------------------------------------

    def claim(
        self, app: str, *, limit: int = 1, lease: timedelta | None = None, wait: timedelta | None = None
    ) -> builtins.list[Delivery]:
        """Lease messages: highest priority first, then in order of arrival.

        Args:
            app: Whose queue.
            limit: At most so many.
            lease: How long they are ours unless extended; then they go back to the queue, an attempt spent.
            wait: Wait so long for the first one; default: do not wait.

        Returns:
            Deliveries to be settled one by one or with ``ack_many``; none, if the queue has nothing ready.
        """
        request = ClaimRequest(
            app=check_app(app), limit=_limit(limit), lease=lease or self._gateway.policies.lease
        )
        deliveries = self._claim_once(request)
        if deliveries or wait is None:
            return deliveries
        deadline = time.monotonic() + wait.total_seconds()
        ear = self._ears.borrow(app)
        try:
            while not deliveries and self._await_work(app, ear, deadline, None):
                deliveries = self._claim_once(request)
        finally:
            self._ears.give_back(app, ear)
        return deliveries

    def ack_many(self, deliveries: Iterable[Delivery], result: Any = None) -> int:
        """Complete many deliveries in one transaction; return how many.

        Raises:
            LeaseLost: Some are not ours any more; it names them, and the others are completed.
        """
        chosen = [delivery._claimed for delivery in deliveries]
        outcome = self._gateway.completed(result)
        settlements = [self._gateway.settlement(claimed, outcome) for claimed in chosen]
        accepted = self._store.write(lambda tx: tx.settle(settlements))
        check_accepted(chosen, accepted)
        return len(accepted)

    def consume(
        self,
        app: str,
        *,
        batch: int = 100,
        lease: timedelta | None = None,
        wait: timedelta | None = None,
        stop: Stop | None = None,
    ) -> Generator[Delivery]:
        """Give the app's messages one after the other, each acknowledged when the next is asked for.

        Results are written in batches, within ten milliseconds. A delivery that the loop's body settles itself is
        left alone. Leaving the loop in the middle of a delivery (break, return, an exception) nacks it; what was
        fetched ahead goes back with nothing spent. Leases are kept while this process lives and runs.

        Args:
            app: Whose queue.
            batch: Fetch at most so many at once.
            lease: How long a stopped process keeps its messages.
            wait: End after so long without a message; default: never.
            stop: End when it is set, at most a quarter of a second later, and after the delivery in hand.
        """
        consumption = self._start_consuming(app, batch=_limit(batch), lease=lease)
        ear = self._ears.borrow(app)
        try:
            while self._fetch(consumption, ear, wait, stop):
                claimed = consumption.take()
                while claimed is not None and not (stop and stop.is_set()):
                    delivery = Delivery(self._gateway, claimed)
                    finished = False
                    try:
                        yield delivery
                        finished = True
                    finally:
                        self._finish(consumption, delivery, finished=finished)
                    claimed = consumption.take()
                if claimed is not None:
                    consumption.put_back()
        finally:
            self._stop_consuming(consumption)
            self._ears.give_back(app, ear)

    @contextmanager
    def consume_one(
        self, app: str, *, lease: timedelta | None = None, wait: timedelta | None = None
    ) -> Generator[Delivery | None]:
        """Give one delivery, or None; acknowledge it at the end of the block.

        An exception in the block nacks it (a PermanentError or InvalidMessage makes it a dead letter) and is raised
        on. The lease is kept while this process lives and runs.

        Args:
            app: Whose queue.
            lease: How long a stopped process keeps the message.
            wait: Wait so long for a message; default: do not wait.
        """
        consumption = self._start_consuming(app, batch=1, lease=lease)
        ear = self._ears.borrow(app)
        try:
            self._fetch(consumption, ear, wait or timedelta(0), None)
            claimed = consumption.take()
            if claimed is None:
                yield None
                return
            delivery = Delivery(self._gateway, claimed)
            try:
                yield delivery
            except BaseException as error:
                if not delivery.settled:
                    consumption.finish(self._gateway.nacked(claimed, error, None))
                raise
            self._finish(consumption, delivery, finished=True)
        finally:
            self._stop_consuming(consumption)
            self._ears.give_back(app, ear)

    # --- look -------------------------------------------------------------------------------------------------

    def get(self, message_id: str, *, app: str | None = None) -> Record:
        """Return what the store knows of a message.

        Args:
            message_id: Its id.
            app: Whose queue; needed only if several apps have the message.

        Raises:
            MessageNotFound: No app has it, or several have and none is named.
        """
        return self._store.read(lambda reader: reader.find(message_id, app))

    def list(
        self,
        app: str | None = None,
        *,
        status: Status | str | None = None,
        limit: int = 100,
        after: int | None = None,
        newest_first: bool = False,
    ) -> builtins.list[Record]:
        """Return messages in the order in which they arrived.

        Args:
            app: Whose queue; default: all.
            status: Only these.
            limit: At most so many.
            after: Go on behind this ``row_id``.
            newest_first: Turn the order round.
        """
        wanted = None if status is None else _status(status)
        return self._store.read(
            lambda reader: reader.list(
                app, status=wanted, limit=_limit(limit), after=after, newest_first=newest_first
            )
        )

    def stats(self, app: str | None = None) -> dict[str, QueueStats]:
        """Return the figures of one app's queue, or of every queue, by app."""
        return self._store.read(lambda reader: reader.stats(app))

    def timeline(self, message_id: str, *, app: str | None = None) -> builtins.list[TimelineEntry]:
        """Return everything that happened to a message, in order.

        Raises:
            MessageNotFound: No app has it, or several have and none is named.
        """
        return self._store.read(lambda reader: reader.timeline(reader.find(message_id, app)))

    # --- control ----------------------------------------------------------------------------------------------

    def replay(self, message_id: str, *, app: str | None = None) -> Record:
        """Send a dead letter or a completed message again, its counters at zero, its history kept.

        Raises:
            IllegalMove: It is not finished.
            MessageNotFound: No app has it, or several have and none is named.
        """
        record = self.get(message_id, app=app)
        self._store.write(lambda tx: tx.replay(record))
        return self._again(record)

    def cancel(self, message_id: str, *, app: str | None = None) -> Record:
        """Withdraw a message; a worker that has it loses its lease.

        Raises:
            IllegalMove: It is finished.
            MessageNotFound: No app has it, or several have and none is named.
        """
        record = self.get(message_id, app=app)
        self._store.write(lambda tx: tx.cancel(record))
        return self._again(record)

    def edit(
        self,
        message_id: str,
        *,
        app: str | None = None,
        data: Any = _UNSET,
        priority: int | None = None,
        available_at: datetime | None = None,
        expires_at: datetime | None = None,
        max_attempts: int | None = None,
    ) -> Record:
        """Change a message that waits or failed; the old values stay in its timeline.

        Args:
            message_id: Its id.
            app: Whose queue; needed only if several apps have the message.
            data: New data.
            priority: New priority, 0 to 9.
            available_at: New time of delivery, aware; a time in the past is now.
            expires_at: New end of its use, aware.
            max_attempts: New number of attempts, 1 or more.

        Raises:
            IllegalMove: It is claimed or completed.
            InvalidMessage: A value is wrong, or none is given.
            MessageNotFound: No app has it, or several have and none is named.
        """
        values = {
            "priority": priority,
            "available_at": available_at,
            "expires_at": expires_at,
            "max_attempts": max_attempts,
        }
        given = {name: value for name, value in values.items() if value is not None}
        if data is not _UNSET:
            given["data"] = data
        check_changes(given)
        record = self.get(message_id, app=app)
        self._store.write(lambda tx: tx.edit(record, given))
        return self._again(record)

    def delete(self, message_id: str, *, app: str | None = None) -> None:
        """Hide a finished message; ``purge`` removes it for good.

        Raises:
            IllegalMove: It is not finished; cancel it first.
            MessageNotFound: No app has it, or several have and none is named.
        """
        record = self.get(message_id, app=app)
        self._store.write(lambda tx: tx.delete(record))

    def replay_many(
        self, app: str, *, code: str | None = None, limit: int | None = None, rate: float | None = None
    ) -> int:
        """Send the dead letters of an app again; return how many.

        Args:
            app: Whose queue.
            code: Only those that failed with this code.
            limit: At most so many, the oldest first.
            rate: So many per second, spread over time from now; default: all at once.
        """
        start = self._store.now()
        replayed = count()

        def one(tx: Any, record: Record) -> None:
            at = start + timedelta(seconds=next(replayed) / rate) if rate else None
            tx.replay(record, at)

        return self._change_many(app, (Status.FAILED,), one, code=code, limit=limit)

    def cancel_many(self, app: str, *, limit: int | None = None) -> int:
        """Withdraw the waiting messages of an app; return how many."""
        return self._change_many(app, (Status.PENDING,), lambda tx, record: tx.cancel(record), limit=limit)

    def purge(
        self,
        app: str,
        *,
        status: Status | str = Status.COMPLETED,
        older_than: timedelta = timedelta(0),
        limit: int | None = None,
    ) -> int:
        """Remove finished messages and their history for good; return how many.

        A removed message is forgotten: sent again under the same id, it is a new one.

        Args:
            app: Whose queue.
            status: ``completed`` or ``failed``.
            older_than: Only those that ended longer ago than this.
            limit: At most so many.
        """
        wanted = _status(status)
        if wanted not in {Status.COMPLETED, Status.FAILED}:
            raise InvalidMessage.of(
                "status", f"{wanted.value} messages cannot be purged, only completed and failed ones"
            )
        before = self._store.now() - older_than
        removed = 0
        while limit is None or removed < limit:
            step = _BULK if limit is None else min(_BULK, limit - removed)
            found = self._store.write(
                partial(_purge_step, app=check_app(app), status=wanted, before=before, limit=step)
            )
            removed += found
            if found < step:
                break
        return removed

    def pause(self, app: str) -> None:
        """Let nothing more be claimed from an app's queue; what is sent waits."""
        self._store.write(lambda tx: tx.pause(check_app(app)))

    def resume(self, app: str) -> None:
        """Let a paused queue be claimed from again."""
        self._store.write(lambda tx: tx.resume(check_app(app)))

    def set_on_dead(self, app: str, on_dead: Literal["release", "block"]) -> None:
        """Say what a dead letter does to later messages of its partition key.

        Args:
            app: Whose queue.
            on_dead: ``release``: they go on without it (the default). ``block``: they wait until it is replayed,
                cancelled or deleted.
        """
        if on_dead not in {"release", "block"}:
            raise ConfigError(f"on_dead is {on_dead!r}; it must be 'release' or 'block'")
        self._store.write(lambda tx: tx.set_on_dead(check_app(app), on_dead))

    def close(self) -> None:
        """Give back what is claimed and not settled, and release the store; safe to call twice."""
        self._shut_down()

    # --- within -----------------------------------------------------------------------------------------------

    def _claim_once(self, request: ClaimRequest) -> builtins.list[Delivery]:
        if self._in_memory:
            self._housekeeper.run_once()
        good, bad = split_decoded(self._store.write(lambda tx: tx.claim(request)))
        if bad:
            self._store.write(lambda tx: tx.settle(bad))
        return [Delivery(self._gateway, claimed) for claimed in good]

    def _fetch(self, consumption: Consumption, ear: Ear, wait: timedelta | None, stop: Stop | None) -> bool:
        """Fetch messages ahead; wait for them if need be. False: there is nothing more to come."""
        deadline = None if wait is None else time.monotonic() + wait.total_seconds()
        ear.drain()
        while not (stop and stop.is_set()):
            if self._in_memory:
                self._housekeeper.run_once()
            try:
                with consumption.writing() as write:
                    self._store.write(write.exchange)
            except StoreUnavailable as error:
                self._gateway.notice("consume.waiting", str(error))
                if not self._pause(ear, deadline):
                    return False
                continue
            if consumption.has_ahead:
                return True
            if write.found:
                continue  # all of it was set aside; there may be more behind it
            if not self._await_work(consumption.app, ear, deadline, stop):
                return False
        return False

    def _await_work(self, app: str, ear: Ear, deadline: float | None, stop: Stop | None) -> bool:
        """Wait until a claim may find something. False: the time is over, or we are to stop."""
        while not (stop and stop.is_set()):
            ear.drain()
            now = self._store.now()
            if self._store.read(partial(_has_work, app=app, now=now)):
                return True
            due = self._store.read(lambda reader: reader.next_due(app))
            patience = (
                _LOOK_EVERY_S if due is None else min(_LOOK_EVERY_S, max(0.0, (due - now).total_seconds()))
            )
            if deadline is not None:
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                patience = min(patience, left)
            ear.wait(patience)
            if self._in_memory:
                self._housekeeper.run_once()
        return False

    def _pause(self, ear: Ear, deadline: float | None) -> bool:
        ear.wait(_LOOK_EVERY_S)
        return deadline is None or time.monotonic() < deadline

    def _start_consuming(self, app: str, *, batch: int, lease: timedelta | None) -> Consumption:
        consumption = Consumption(
            check_app(app), batch=batch, lease=lease or self._gateway.policies.lease, lost=self._tell_lost
        )
        self._housekeeper.watch(consumption)
        return consumption

    def _finish(self, consumption: Consumption, delivery: Delivery, *, finished: bool) -> None:
        """Note how the body of the loop left a delivery."""
        if delivery.settled:
            outcome: Outcome | None = None
        elif finished:
            outcome = self._gateway.completed(delivery.result)
        else:
            outcome = self._gateway.nacked(
                delivery._claimed, "the consumer left before it was finished", None
            )
        if consumption.finish(outcome):
            self._housekeeper.call()

    def _stop_consuming(self, consumption: Consumption) -> None:
        self._housekeeper.unwatch(consumption)
        self._store.write(consumption.close)

    def _tell_lost(self, row_ids: Sequence[int]) -> None:
        self._gateway.notice(
            "delivery.lease_lost", f"results of rows {list(row_ids)} came too late and were dropped"
        )

    def _again(self, record: Record) -> Record:
        found = self._store.read(lambda reader: reader.row(record.row_id))
        return found or record

    def _change_many(
        self,
        app: str,
        statuses: Iterable[Status],
        change: Any,
        *,
        code: str | None = None,
        limit: int | None = None,
    ) -> int:
        """Apply a change to an app's messages, in bounded transactions."""
        changed, after = 0, 0
        for status in statuses:
            while limit is None or changed < limit:
                step = _BULK if limit is None else min(_BULK, limit - changed)
                bounds = {"code": code, "after": after, "limit": step}
                done, after = self._store.write(
                    partial(_change_step, app=check_app(app), status=status, change=change, **bounds)
                )
                changed += done
                if done < step:
                    break
        return changed


def _shut_down(parts: Parts, ears: EarShelf) -> None:
    """Give back what is claimed and not settled, then release everything; runs at exit, too."""
    parts.housekeeper.stop()
    ears.close()
    parts.gateway.hand_back_all()
    parts.store.close()


def _purge_step(tx: Any, **step: Any) -> int:
    removed: int = tx.purge(step["app"], step["status"], step["before"], step["limit"])
    return removed


def _change_step(tx: Any, **step: Any) -> tuple[int, int]:
    done: tuple[int, int] = tx.change_step(step.pop("app"), step.pop("status"), step.pop("change"), **step)
    return done


def _has_work(reader: Any, **what: Any) -> bool:
    found: bool = reader.has_work(what["app"], what["now"])
    return found


def _app_setting(name: str) -> AppId:
    try:
        return check_app(name)
    except InvalidMessage as error:
        raise ConfigError(str(error)) from error


def _limit(limit: int) -> int:
    if not isinstance(limit, int) or limit < 1:
        raise InvalidMessage.of("limit", f"{limit!r} is not a whole number of 1 or more")
    return limit


def _status(status: Status | str) -> Status:
    try:
        return Status(status)
    except ValueError as error:
        raise InvalidMessage.of(
            "status", f"{status!r} is none of {', '.join(s.value for s in Status)}"
        ) from error
