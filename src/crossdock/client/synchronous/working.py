# Made from ../asynchronous/working.py by tools/generate_sync.py. Do not edit.
"""Claiming and consuming over HTTP."""

from __future__ import annotations

import builtins
import random
import threading
import time
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any, Final, Self

from crossdock.client.synchronous.delivery import ClientDelivery, Hand, extend, settle
from crossdock.client.synchronous.link import Call, Link, queue_path
from crossdock.client.threads import Repeating
from crossdock.domain.errors import CrossdockError, InvalidMessage, LeaseLost, RateLimited, StoreUnavailable
from crossdock.domain.message import check_app
from crossdock.queue_core import Stop

_LONGEST_POLL_S: Final = 20.0
_LONGEST_PAUSE_S: Final = 2.0
_POLL_WITH_STOP_S: Final = 0.5


class Working:
    """The part of a client that works on messages."""

    _link: Link
    _hand: Hand
    _lease: timedelta

    def claim(
        self, app: str, *, limit: int = 1, lease: timedelta | None = None, wait: timedelta | None = None
    ) -> builtins.list[ClientDelivery]:
        """Lease messages: highest priority first, then in order of arrival.

        Args:
            app: Whose queue.
            limit: At most so many, up to 1,000.
            lease: How long they are ours unless extended; default: the client's.
            wait: Wait so long for the first one; default: do not wait.

        Returns:
            Deliveries to be settled one by one or with ``ack_many``; none, if the queue has nothing ready.

        Raises:
            StoreUnavailable: The server did not answer. What it may have claimed goes back when the lease ends.
        """
        lease_s = (lease or self._lease).total_seconds()
        end = time.monotonic() + (wait or timedelta(0)).total_seconds()
        while True:
            poll_s = min(_LONGEST_POLL_S, max(0.0, end - time.monotonic()))
            asked = time.monotonic()
            wish = {"limit": limit, "wait_s": poll_s, "lease_s": lease_s}
            call = Call(
                "POST", queue_path(check_app(app), "claim"), body=wish, repeatable=False, wait_s=poll_s
            )
            _, found = self._link.ask(call)
            deliveries = [ClientDelivery(self._hand, one) for one in found["deliveries"]]
            if deliveries:
                handles = [one["delivery"] for one in found["deliveries"]]
                self._hand.take(check_app(app), handles, asked + poll_s + lease_s)
                return deliveries
            if time.monotonic() >= end:
                return []

    def ack_many(self, deliveries: Iterable[ClientDelivery], result: Any = None) -> int:
        """Complete many deliveries of one app, up to 1,000, in one transaction; return how many.

        Raises:
            LeaseLost: Some are not ours any more; it names them, and the others are completed.
            InvalidMessage: They are of several apps.
        """
        chosen = list(deliveries)
        if len({one.app for one in chosen}) > 1:
            raise InvalidMessage.of("deliveries", "are of several apps; ack those of each together")
        return settle(chosen, "ack", {"result": result}) if chosen else 0

    def consume(
        self,
        app: str,
        *,
        batch: int = 10,
        lease: timedelta | None = None,
        wait: timedelta | None = None,
        stop: Stop | None = None,
    ) -> Generator[ClientDelivery]:
        """Give the app's messages one after the other, each acknowledged when the next is asked for.

        A delivery that the loop's body settles itself is left alone. Leaving the loop in the middle of a delivery
        (break, return, an exception) nacks it; what was fetched ahead goes back with nothing spent. Leases are kept
        while this process lives and reaches the server. While it does not, the loop waits.

        Args:
            app: Whose queue.
            batch: Fetch at most so many at once.
            lease: How long a stopped process keeps its messages.
            wait: End after so long without a message; default: never.
            stop: End when it is set, at most half a second later, and after the delivery in hand.
        """
        held = lease or self._lease
        with _Keeper(held) as keeper:
            while deliveries := self._fetch(app, batch=batch, lease=held, wait=wait, stop=stop):
                keeper.keep(deliveries)
                for delivery in deliveries:
                    if stop is not None and stop.is_set():
                        return
                    finished = False
                    try:
                        yield delivery
                        finished = True
                    finally:
                        keeper.release(delivery)
                        self._finish(delivery, finished=finished)

    @contextmanager
    def consume_one(
        self, app: str, *, lease: timedelta | None = None, wait: timedelta | None = None
    ) -> Generator[ClientDelivery | None]:
        """Give one delivery, or None; acknowledge it at the end of the block.

        An exception in the block nacks it (a PermanentError or InvalidMessage makes it a dead letter) and is raised
        on. The lease is kept while this process lives and reaches the server.

        Args:
            app: Whose queue.
            lease: How long a stopped process keeps the message.
            wait: Wait so long for a message; default: do not wait.
        """
        held = lease or self._lease
        found = self.claim(app, lease=held, wait=wait)
        if not found:
            yield None
            return
        (delivery,) = found
        with _Keeper(held) as keeper:
            keeper.keep(found)
            try:
                yield delivery
            except BaseException as error:
                keeper.release(delivery)
                if not delivery.settled:
                    # If it fails, the lease ends by itself; what the block raised says more.
                    with suppress(CrossdockError):
                        delivery.nack(error)
                raise
            keeper.release(delivery)
            if not delivery.settled:
                delivery.ack(delivery.result)

    def _fetch(
        self, app: str, *, batch: int, lease: timedelta, wait: timedelta | None, stop: Stop | None
    ) -> builtins.list[ClientDelivery]:
        """Wait for messages; none: there is nothing more to come."""
        end = None if wait is None else time.monotonic() + wait.total_seconds()
        longest_s = _LONGEST_POLL_S if stop is None else _POLL_WITH_STOP_S
        while not (stop is not None and stop.is_set()):
            left_s = longest_s if end is None else min(longest_s, max(0.0, end - time.monotonic()))
            try:
                found = self.claim(app, limit=batch, lease=lease, wait=timedelta(seconds=left_s))
            except (StoreUnavailable, RateLimited):
                found = []
                time.sleep(random.uniform(0, min(_LONGEST_PAUSE_S, longest_s)))  # noqa: S311 - no secret
            if found or (end is not None and time.monotonic() >= end):
                return found
        return []

    @staticmethod
    def _finish(delivery: ClientDelivery, *, finished: bool) -> None:
        """Settle a delivery as the body of the loop left it; if it is lost, another worker has it."""
        if delivery.settled or (not finished and delivery._hand.link.is_closed):
            return  # closing gave everything back already
        with suppress(LeaseLost):
            if not finished:
                delivery.nack("the consumer left before it was finished")
                return
            try:
                delivery.ack(delivery.result)
            except InvalidMessage as error:
                delivery.nack(error)
                raise


class _Keeper:
    """Extends the leases of what is being worked on, beside it."""

    def __init__(self, lease: timedelta) -> None:
        self._lease = lease
        self._lock = threading.Lock()
        self._kept: dict[int, ClientDelivery] = {}
        self._repeating = Repeating(self._extend, every=lease / 3)

    def __enter__(self) -> Self:
        """Begin."""
        self._repeating.start()
        return self

    def __exit__(self, *exc: object) -> None:
        """End, and give back what is still held."""
        self._repeating.end()
        left = list(self._kept.values())
        if left:
            with suppress(CrossdockError):  # the leases end by themselves
                settle(left, "nack", {"kind": "hand_back"})

    def keep(self, deliveries: Iterable[ClientDelivery]) -> None:
        """Extend these from now on."""
        with self._lock:
            self._kept.update((id(one), one) for one in deliveries)

    def release(self, delivery: ClientDelivery) -> None:
        """Extend this one no more."""
        with self._lock:
            self._kept.pop(id(delivery), None)

    def _extend(self) -> None:
        with self._lock:
            kept = [one for one in self._kept.values() if not one.settled]
        if kept:
            with suppress(CrossdockError):  # settling will tell
                extend(kept, self._lease)
