# Made from ../asynchronous/delivery.py by tools/generate_sync.py. Do not edit.
"""One attempt to hand one message to this process."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from crossdock.domain.delivery import Claimed, HandedBack
from crossdock.domain.message import AppId, Message
from crossdock.hub.gateway import Gateway, check_accepted

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crossdock.domain.delivery import Outcome


class Delivery:
    """A message leased to this process. Settle it once: ``ack``, ``nack``, ``fail`` or ``hand_back``.

    Attributes:
        result: What the automatic acknowledgement of ``consume`` and ``consume_one`` stores as the answer.
    """

    __slots__ = ("_claimed", "_gateway", "_lease_until", "_outcome", "result")

    def __init__(self, gateway: Gateway, claimed: Claimed) -> None:
        self._gateway = gateway
        self._claimed = claimed
        self._outcome: Outcome | None = None
        self._lease_until = claimed.lease_until
        self.result: Any = None

    def __repr__(self) -> str:
        """Name the message, its app and the attempt."""
        return f"<{type(self).__name__} {self.message.id} for {self.app}, attempt {self.attempt}>"

    @property
    def message(self) -> Message:
        """The message."""
        return self._claimed.message

    @property
    def app(self) -> AppId:
        """The app whose queue it comes from."""
        return self._claimed.app

    @property
    def attempt(self) -> int:
        """Which attempt this is, from 1."""
        return self._claimed.attempt

    @property
    def crashes(self) -> int:
        """How many earlier deliveries ended with the death of their process."""
        return self._claimed.crashes

    @property
    def row_id(self) -> int:
        """The row in the store."""
        return self._claimed.row_id

    @property
    def lease_token(self) -> str:
        """New at every claim; hand it to systems that can refuse the writes of a late worker."""
        return self._claimed.lease_token

    @property
    def lease_until(self) -> datetime:
        """When the lease ends unless it is extended (or kept, in ``consume``); aware UTC."""
        return self._lease_until

    @property
    def settled(self) -> bool:
        """Whether this object has settled it."""
        return self._outcome is not None

    def ack(self, result: Any = None) -> None:
        """Complete the message; returns after the commit.

        Args:
            result: The answer, any JSON value of up to 64 KiB.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
            InvalidMessage: ``result`` is no JSON value, or too large.
        """
        self._settle(self._gateway.completed(result))

    def nack(self, error: str | BaseException, *, retry_in: timedelta | None = None) -> None:
        """Give the message back for another attempt, or make it a dead letter if that was its last.

        Args:
            error: Why: words, or the exception. A PermanentError or InvalidMessage fails it at once, a
                RateLimited spends no attempt.
            retry_in: When to try again, instead of the policy's backoff.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
        """
        self._settle(self._gateway.nacked(self._claimed, error, retry_in))

    def fail(self, error: str | BaseException) -> None:
        """Make the message a dead letter at once.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
        """
        self._settle(self._gateway.failed(error))

    def hand_back(self) -> None:
        """Give the message back unfinished; it is ready again at once and nothing is spent.

        Raises:
            LeaseLost: It is not ours any more; nothing was changed.
        """
        self._settle(HandedBack())

    def extend(self, lease: timedelta) -> None:
        """Let the lease end ``lease`` from now.

        Raises:
            LeaseLost: It is not ours any more.
        """
        until = self._gateway.lease_until(lease)
        claimed = self._claimed
        held = self._gateway.store.write(lambda tx: tx.extend([claimed.row_id], claimed.lease_token, until))
        check_accepted([claimed], held)
        self._lease_until = until

    def transaction(self, result: Any = None) -> AbstractContextManager[Connection]:
        """Give a connection on the store; what is written through it commits together with the acknowledgement.

        The body must be short: on SQLite it keeps all other writers waiting. It is told at 1 s and ended at 5 s.

        Raises:
            LeaseLost: At the end, if the delivery is not ours any more; nothing was written.
            StoreUnavailable: It took longer than 5 s; nothing was written.
        """
        outcome = self._gateway.completed(result)
        settlement = self._gateway.settlement(self._claimed, outcome)
        settled = partial(self._settled_as, outcome)
        return self._gateway.store.transaction(settlement, self.message.id, settled)

    def _settle(self, outcome: Outcome) -> None:
        settlement = self._gateway.settlement(self._claimed, outcome)
        accepted = self._gateway.store.write(lambda tx: tx.settle([settlement]))
        self._settled_as(outcome)
        check_accepted([self._claimed], accepted)

    def _settled_as(self, outcome: Outcome) -> None:
        self._outcome = outcome
