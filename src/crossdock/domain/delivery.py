"""One attempt to hand one message to one app, and the ways in which it can end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from crossdock.domain.message import REPLY_WANTED, AppId, Draft, Envelope, Message
from crossdock.domain.retry import Dead, Failure, RetryAt, RetryPolicy

DeliveryKey: TypeAlias = tuple[int, str]
"""Names one delivery of one row: (row id, lease token). A row has another token at each claim."""


class Claimed(NamedTuple):
    """A message that was just leased to us. Instants are aware UTC.

    Attributes:
        attempt: Counts from 1 and includes this delivery.
        crashes: Earlier deliveries during which the worker's process died.
        retry: The policy that its sender gave it, if any.
        sent_at: When it was stored, or last replayed; a policy's time budget is measured from it.
        size: Bytes of its data, as it is stored.
    """

    row_id: int
    app: AppId
    message: Message
    attempt: int
    crashes: int
    lease_token: str
    lease_until: datetime
    max_attempts: int | None
    retry: RetryPolicy | None
    sent_at: datetime
    size: int = 0

    @property
    def key(self) -> DeliveryKey:
        """Which delivery of which row it is."""
        return self.row_id, self.lease_token

    @property
    def wants_reply(self) -> bool:
        """Whether its sender waits for what comes of it."""
        return bool(self.message.extensions.get(REPLY_WANTED))


class Undecodable(NamedTuple):
    """A row that was leased to us and cannot be read as a message."""

    row_id: int
    message_id: str
    attempt: int
    lease_token: str
    failure: Failure


class Carried(NamedTuple):
    """What of a message its answers carry on."""

    id: str
    correlationid: str | None
    traceparent: str | None


class Overdue(NamedTuple):
    """A claimed message whose lease ran out, or that is still held by somebody elsewhere.

    Attributes:
        message: What its answers carry on.
        wants_reply: Whether its sender waits for what comes of it.
        keep_s: The lease is to be renewed by so many seconds while its owner lives and runs; None: never.
    """

    row_id: int
    app: AppId
    owner: str
    lease_token: str
    keep_s: float | None
    attempt: int
    max_attempts: int | None
    retry: RetryPolicy | None
    sent_at: datetime
    message: Carried
    wants_reply: bool


class Late(NamedTuple):
    """What another process works on though the time for it is over.

    Attributes:
        row_ids: Those messages.
        is_stuck: Its event loop is blocked, so nothing of what it holds goes on.
    """

    row_ids: frozenset[int]
    is_stuck: bool


class Completed(NamedTuple):
    """Done.

    Attributes:
        result: What is kept with the message, as JSON text.
        answers: Messages that are sent in the transaction that completes it, and only if it does.
    """

    result: str | None = None
    answers: tuple[tuple[Draft, Envelope], ...] = ()


DONE: Final = Completed()
"""Done, and nothing to tell: how most deliveries end. The hot path compares with it by ``is``."""


class HandedBack(NamedTuple):
    """Given back unfinished, nothing spent.

    Attributes:
        owner: Who had it, if another process gives it back.
    """

    reason: str = "the worker gave it back"
    owner: str | None = None


class Crashed(NamedTuple):
    """The process that ran the handler died; a crash is counted, no attempt spent.

    Attributes:
        failure: Why it is a dead letter now; None: it runs again, alone.
    """

    failure: Failure | None = None


Outcome: TypeAlias = Completed | RetryAt | Dead | HandedBack | Crashed


class Settlement(NamedTuple):
    """How one delivery ended. It takes effect only while ``lease_token`` still holds the row."""

    row_id: int
    lease_token: str
    outcome: Outcome

    @property
    def key(self) -> DeliveryKey:
        """Which delivery of which row it ends."""
        return self.row_id, self.lease_token


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRequest:
    """What a worker asks for.

    Attributes:
        limit: At most so many messages, at least 1.
        kept: True: the lease lasts as long as the worker's process lives and runs. False: it runs out.
        free: From a queue with limits (``max_processing``, ``rate``) at most so many; None: ``limit`` holds there, too.
        runs: True: take messages that wait behind a claimed one of their partition key, too; the worker
            promises to handle them in the order given.
        owner: Who has them then; None: this process. What another has ends with its lease, and not with any process.
        max_bytes: Of data in all, but at least one message; None: no bound.
        takes_suspect: Asked, where a message is next that was in a process that died, whether it is to be given, alone;
            if not, it is passed over. None: it is given.
    """

    app: AppId
    limit: int
    lease: timedelta
    kept: bool = False
    runs: bool = False
    free: int | None = None
    owner: str | None = None
    max_bytes: int | None = None
    takes_suspect: Callable[[], bool] | None = None
