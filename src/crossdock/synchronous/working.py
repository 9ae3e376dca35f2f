# Made from ../asynchronous/working.py by tools/generate_sync.py. Do not edit.
"""Claiming and consuming."""

from __future__ import annotations

import builtins
import random
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from crossdock.domain.delivery import ClaimRequest
from crossdock.domain.errors import InvalidMessage, StoreUnavailable
from crossdock.domain.events import ConsumeWaiting, LeaseLost, QueueHeldUp
from crossdock.domain.message import check_app
from crossdock.hub.consumption import Consumption
from crossdock.hub.gateway import check_accepted, split_decoded
from crossdock.queue_core import QueueCore, Stop, check_limit
from crossdock.synchronous.delivery import Delivery

if TYPE_CHECKING:
    from crossdock.domain.delivery import Claimed
    from crossdock.hub.consumption import Write
    from crossdock.ports.store import Ear, Reading, Transaction

_LOOK_EVERY_S: Final = 0.25
"""Consumers look so often for what other programs inserted, which wakes nobody."""
_LONGEST_PAUSE_S: Final = 2.0
"""Between two tries while the store is away."""
_TURN_S: Final = 0.1
"""When many write, the turn to do so comes within this time."""


class Working(QueueCore):
    """The part of a queue that works on messages."""

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
        request = ClaimRequest(app=check_app(app), limit=check_limit(limit), lease=self._gateway.lease(lease))
        return self._claim_patiently(request, wait)

    def _claim_patiently(
        self, request: ClaimRequest, wait: timedelta | None, stop: Stop | None = None
    ) -> builtins.list[Delivery]:
        """Claim; wait so long for the first message, or until told to stop."""
        deliveries = self._claim_once(request)
        if deliveries or wait is None:
            return deliveries
        deadline = time.monotonic() + wait.total_seconds()
        ear = self._ears.borrow(request.app)
        try:
            while not deliveries and self._await_work(request.app, ear, deadline, stop):
                deliveries = self._claim_once(request)
        finally:
            self._ears.give_back(request.app, ear)
        return deliveries

    def ack_many(self, deliveries: Iterable[Delivery], result: Any = None) -> int:
        """Complete many deliveries in one transaction; return how many.

        Raises:
            LeaseLost: Some are not ours any more; it names them, and the others are completed.
        """
        settled = list(deliveries)
        chosen = [delivery._claimed for delivery in settled]
        outcome = self._gateway.completed(result)
        settlements = [self._gateway.settlement(claimed, outcome) for claimed in chosen]
        accepted = self._store.write(lambda tx: tx.settle(settlements))
        for delivery in settled:
            delivery._settled_as(outcome)
        check_accepted(chosen, accepted)
        return len(accepted)

    def consume(
        self,
        app: str,
        *,
        batch: int = 250,
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
        consumption = self._start_consuming(app, batch=check_limit(batch), lease=lease)
        ear = self._ears.borrow(app)
        try:
            while self._fetch(consumption, ear, wait, stop):
                claimed = self._take(consumption)
                while claimed is not None and not (stop and stop.is_set()):
                    delivery = Delivery(self._gateway, claimed)
                    finished = False
                    try:
                        yield delivery
                        finished = True
                    finally:
                        self._finish(consumption, delivery, finished=finished)
                    claimed = self._take(consumption)
                if claimed is not None:
                    consumption.put_back(claimed)
        finally:
            self._ears.give_back(app, ear)
            self._stop_consuming(consumption)

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
                    consumption.finish(claimed, self._gateway.nacked(claimed, error, None))
                raise
            self._finish(consumption, delivery, finished=True)
        finally:
            self._ears.give_back(app, ear)
            self._stop_consuming(consumption)

    def _claim_once(self, request: ClaimRequest) -> builtins.list[Delivery]:
        if self._in_memory:
            self._housekeeper.run_once()
        good, bad = split_decoded(self._store.write(lambda tx: tx.claim(request)))
        if bad:
            self._store.write(lambda tx: tx.settle(bad))
        return [Delivery(self._gateway, claimed) for claimed in good]

    def _take(self, consumption: Consumption) -> Claimed | None:
        """Return the next message; what was fetched longer ago than its lease must still be ours."""
        if consumption.is_doubtful:
            try:
                self._store.write(consumption.confirm)
            except StoreUnavailable as error:
                self._gateway.tell(ConsumeWaiting(reason=str(error)))
                return None  # the next fetch sits it out
        return consumption.take()

    def _fetch(self, consumption: Consumption, ear: Ear, wait: timedelta | None, stop: Stop | None) -> bool:
        """Fetch messages ahead; wait for them if need be. False: there is nothing more to come."""
        deadline = None if wait is None else time.monotonic() + wait.total_seconds()
        failures = 0
        while not (stop and stop.is_set()):
            try:
                found = self._fetch_once(consumption, ear, deadline, stop)
            except StoreUnavailable as error:
                failures += 1
                self._gateway.tell(ConsumeWaiting(reason=str(error)))
                self._sit_out(ear, failures, stop)
                if deadline is not None and time.monotonic() >= deadline:
                    return False
            else:
                if found is not None:
                    return found
                failures = 0
        return False

    def _fetch_once(
        self, consumption: Consumption, ear: Ear, deadline: float | None, stop: Stop | None
    ) -> bool | None:
        """Fetch, and wait for messages if there are none; None: there may be some now."""
        if self._in_memory:
            self._housekeeper.run_once()
        breath_s = consumption.breath_s()
        if breath_s:
            ear.announce(breath_s + _TURN_S)
            time.sleep(breath_s)
        with consumption.writing() as write:
            self._store.write(partial(_exchange, write=write, ear=ear))
        if consumption.can_take or consumption.is_closed:
            return True
        if write.found:
            return None  # all of it was set aside; there may be more behind it
        return None if self._await_more(consumption, ear, deadline, stop) else False

    def _await_more(
        self, consumption: Consumption, ear: Ear, deadline: float | None, stop: Stop | None
    ) -> bool:
        """Wait until a fetch may find something. False: the time is over, or we are to stop."""
        if consumption.held_up_by is None:
            return self._await_work(consumption.app, ear, deadline, stop, consumption.suspects.may_be_fetched)
        self._gateway.tell(
            QueueHeldUp(
                app=consumption.app,
                reason=f"{consumption.app!r} waits, since the queue of {consumption.held_up_by!r}, which receives what "
                f"it sends, is as deep as its max_depth allows",
            )
        )
        time.sleep(_LOOK_EVERY_S)  # its ear hears of messages, and not of room
        return deadline is None or time.monotonic() < deadline

    def _await_work(
        self,
        app: str,
        ear: Ear,
        deadline: float | None,
        stop: Stop | None,
        may_have_suspects: Callable[[], bool] | None = None,
    ) -> bool:
        """Wait until a claim may find something. False: the time is over, or we are to stop."""
        try:
            while not (stop and stop.is_set()):
                ear.listen()
                patience_s = self._patience_s(app, suspects=may_have_suspects is None or may_have_suspects())
                if patience_s is None:
                    return True
                if deadline is not None:
                    left = deadline - time.monotonic()
                    if left <= 0:
                        return False
                    patience_s = min(patience_s, left)
                if ear.wait(patience_s) and self._store.many_hosts:
                    return True  # on a server a look takes as long as a claim, which looks, too
                if self._in_memory:
                    self._housekeeper.run_once()
            return False
        finally:
            ear.rest()

    def _patience_s(self, app: str, *, suspects: bool) -> float | None:
        """Return how long to sleep before the next look, in seconds; None: there is something to claim."""
        now = self._store.now()
        work, due = self._store.read(partial(_outlook, app=app, now=now, suspects=suspects))
        if work:
            return None
        if due is None or due <= now:  # due, and nothing to claim: the queue is paused
            return _LOOK_EVERY_S
        until_due_s: float = (due - now).total_seconds()
        return min(_LOOK_EVERY_S, until_due_s)

    def _sit_out(self, ear: Ear, failures: int, stop: Stop | None) -> None:
        """Wait before the next try, longer each time and by chance, so that not all consumers come back at once."""
        pause_s = min(_LONGEST_PAUSE_S, _LOOK_EVERY_S * failures) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        end = time.monotonic() + pause_s
        while not (stop and stop.is_set()) and (left := end - time.monotonic()) > 0:
            ear.wait(min(left, _LOOK_EVERY_S))

    def _start_consuming(
        self, app: str, *, batch: int, lease: timedelta | None, **options: Any
    ) -> Consumption:
        """Return what a consumer needs; ``options`` are the further ones of a ``Consumption``."""
        options["lost"] = partial(self._tell_lost, app)
        consumption = Consumption(check_app(app), batch=batch, lease=self._gateway.lease(lease), **options)
        self._store.keep()
        self._housekeeper.watch(consumption)
        return consumption

    def _finish(self, consumption: Consumption, delivery: Delivery, *, finished: bool) -> None:
        """Note how the body of the loop left a delivery."""
        settled = delivery._outcome
        if settled is not None:
            outcome = settled
        elif finished:
            try:
                outcome = self._gateway.completed(delivery.result)
            except InvalidMessage as error:
                consumption.finish(delivery._claimed, self._gateway.nacked(delivery._claimed, error, None))
                raise
        else:
            outcome = self._gateway.nacked(
                delivery._claimed, "the consumer left before it was finished", None
            )
        begins = consumption.finish(delivery._claimed, outcome, written=settled is not None)
        if begins or consumption.is_hurried:
            self._housekeeper.call(hurry=consumption.is_hurried)

    def _stop_consuming(self, consumption: Consumption) -> None:
        self._housekeeper.unwatch(consumption)
        if not self._store.closed:  # closing gave everything back already
            while consumption.give_back():
                with consumption.writing() as write:
                    self._store.write(write.flush)

    def _tell_lost(self, app: str, row_ids: Sequence[int]) -> None:
        adapter = self._store.adapters.get(app)
        reason = f"results of rows {list(row_ids)} came too late and were dropped"
        self._gateway.notice(LeaseLost(app=app, adapter=adapter, reason=reason))


def _exchange(tx: Transaction, *, write: Write, ear: Ear) -> None:
    """Write and fetch. From here on others must be woken: what is sent after this transaction is not seen by it."""
    ear.rest()
    write.exchange(tx)


def _outlook(reader: Reading, **what: Any) -> tuple[bool, datetime | None]:
    """Tell whether a claim could find something now, and else when the next message becomes due."""
    if reader.has_work(what["app"], what["now"], suspects=what["suspects"]):
        return True, None
    return False, reader.halted_until(what["app"], what["now"]) or reader.next_due(what["app"])
