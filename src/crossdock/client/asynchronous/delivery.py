"""One attempt to hand one message to this process, over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crossdock.client.asynchronous.link import Call, Link, queue_path
from crossdock.domain.cloudevent import told_message
from crossdock.domain.errors import CrossdockError, InvalidMessage, LeaseLost, PermanentError, RateLimited
from crossdock.domain.json_reading import instant_of
from crossdock.domain.message import AppId, Message

_MOST: Final = 1000
_LONGEST_ERROR: Final = 4000


class Hand:
    """What this process holds of the server's messages; safe for many threads."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self._lock = threading.Lock()
        self._held: dict[str, tuple[AppId, float]] = {}

    def take(self, app: AppId, handles: Iterable[str], until: float) -> None:
        """Note what was claimed; what lapsed long ago is forgotten.

        Args:
            until: When the lease ends, of the monotonic clock.
        """
        now = time.monotonic()
        with self._lock:
            self._held = {one: held for one, held in self._held.items() if held[1] > now}
            self._held.update(dict.fromkeys(handles, (app, until)))

    def drop(self, handles: Iterable[str]) -> None:
        """Forget what is settled."""
        with self._lock:
            for handle in handles:
                self._held.pop(handle, None)

    async def hand_back_all(self) -> None:
        """Give back what is held; if the server does not answer, the leases decide."""
        with self._lock:
            held, self._held = self._held, {}
        by_app: dict[AppId, list[str]] = {}
        for handle, (app, _) in held.items():
            by_app.setdefault(app, []).append(handle)
        for app, handles in by_app.items():
            for start in range(0, len(handles), _MOST):
                given = [{"delivery": one, "kind": "hand_back"} for one in handles[start : start + _MOST]]
                with suppress(CrossdockError):
                    await self.link.ask(
                        Call("POST", queue_path(app, "nack"), body={"deliveries": given}, is_last=True)
                    )


class AsyncClientDelivery:
    """A message leased to this process. Settle it once: ``ack``, ``nack``, ``fail`` or ``hand_back``.

    Attributes:
        app: The app whose queue it comes from.
        message: The message.
        attempt: Which attempt this is, from 1.
        crashes: How many earlier deliveries ended with the death of their process.
        lease_until: When the lease ends unless it is extended (or kept, in ``consume``); aware UTC.
        settled: Whether this object has settled it.
        result: What the automatic acknowledgement of ``consume`` and ``consume_one`` stores as the answer.
    """

    __slots__ = (
        "_hand",
        "_handle",
        "app",
        "attempt",
        "crashes",
        "lease_until",
        "message",
        "result",
        "settled",
    )

    def __init__(self, hand: Hand, document: Mapping[str, Any]) -> None:
        self._hand = hand
        self._handle: str = document["delivery"]
        self.lease_until = instant_of(document["lease_until"])
        self.app = AppId(document["app"])
        self.attempt: int = document["attempt"]
        self.crashes: int = document["crashes"]
        self.message: Message = told_message(document["message"], instant_of(document["sent_at"]))
        self.settled = False
        self.result: Any = None

    def __repr__(self) -> str:
        """Name the message, its app and the attempt."""
        return f"<{type(self).__name__} {self.message.id} for {self.app}, attempt {self.attempt}>"

    @property
    def row_id(self) -> int:
        """The row in the store."""
        return int(self._handle.partition(".")[0])

    @property
    def lease_token(self) -> str:
        """New at every claim; hand it to systems that can refuse the writes of a late worker."""
        return self._handle.partition(".")[2]

    async def ack(self, result: Any = None) -> None:
        """Complete the message; returns after the commit.

        Args:
            result: The answer, any JSON value of up to 64 KiB.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
            InvalidMessage: ``result`` is no JSON value, or too large.
        """
        await settle([self], "ack", {"result": result})

    async def nack(self, error: str | BaseException, *, retry_in: timedelta | None = None) -> None:
        """Give the message back for another attempt, or make it a dead letter if that was its last.

        Args:
            error: Why: words, or the exception. A PermanentError or InvalidMessage fails it at once, a
                RateLimited spends no attempt.
            retry_in: When to try again, instead of the policy's backoff.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
        """
        kind = "transient"
        match error:
            case PermanentError() | InvalidMessage():
                kind = "permanent"
            case RateLimited():
                kind = "rate_limited"
                retry_in = error.retry_after if retry_in is None else retry_in
            case _:
                pass
        wish = {"error": _words(error), "kind": kind}
        if retry_in is not None:
            wish["retry_in_s"] = retry_in.total_seconds()  # type: ignore[assignment]
        await settle([self], "nack", wish)

    async def fail(self, error: str | BaseException) -> None:
        """Make the message a dead letter at once.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
        """
        await settle([self], "nack", {"error": _words(error), "kind": "permanent"})

    async def hand_back(self) -> None:
        """Give the message back unfinished; it is ready again at once and nothing is spent.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
        """
        await settle([self], "nack", {"kind": "hand_back"})

    async def extend(self, lease: timedelta) -> None:
        """Let the lease end ``lease`` from now.

        Raises:
            LeaseLost: It is not ours any more.
        """
        await extend([self], lease)


async def extend(deliveries: list[AsyncClientDelivery], lease: timedelta) -> None:
    """Let the leases of deliveries of one app end later.

    Raises:
        LeaseLost: Some are not ours any more; it names them.
    """
    first, lease_s = deliveries[0], lease.total_seconds()
    handles = [one._handle for one in deliveries]
    until = time.monotonic() + lease_s
    body = {"deliveries": handles, "lease_s": lease_s}
    lost = await _lost(first, Call("POST", queue_path(first.app, "extend"), body=body), deliveries)
    kept = [one for one in deliveries if one not in lost]
    first._hand.take(first.app, [one._handle for one in kept], until)
    for one in kept:
        one.lease_until = datetime.now(UTC) + lease
    _raise_lost(lost)


async def settle(deliveries: list[AsyncClientDelivery], verb: str, wish: Mapping[str, Any]) -> int:
    """End deliveries of one app in one transaction; return how many.

    Raises:
        LeaseLost: Some are not ours any more; it names them, and the others are settled.
    """
    first = deliveries[0]
    given = [{"delivery": one._handle, **wish} for one in deliveries]
    lost = await _lost(
        first, Call("POST", queue_path(first.app, verb), body={"deliveries": given}), deliveries
    )
    first._hand.drop(one._handle for one in deliveries)
    for one in deliveries:
        one.settled = True
    _raise_lost(lost)
    return len(deliveries)


async def _lost(
    first: AsyncClientDelivery, call: Call, deliveries: list[AsyncClientDelivery]
) -> list[AsyncClientDelivery]:
    """Make a call, and return for which deliveries it came too late."""
    try:
        _, document = await first._hand.link.ask(call)
    except LeaseLost:
        return deliveries
    names = set(document["lost"])
    return [one for one in deliveries if one._handle in names]


def _raise_lost(lost: list[AsyncClientDelivery]) -> None:
    if lost:
        names = ", ".join(one.message.id for one in lost[:5]) + (", …" if len(lost) > 5 else "")  # noqa: PLR2004
        raise LeaseLost(
            f"{len(lost)} deliveries are no longer ours, nothing was changed for them: {names}. Their lease ran out, "
            f"or they were settled before, perhaps by a try of this call whose answer never came",
            [one.message.id for one in lost],
        )


def _words(error: str | BaseException) -> str:
    if isinstance(error, (str, CrossdockError)):
        return str(error)[:_LONGEST_ERROR]
    return f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
